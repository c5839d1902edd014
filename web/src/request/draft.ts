/** The request form's values and their checks before anything is sent. The server checks again, and decides. Pure. */
import { closed, crossesItself, type Corners } from "../map/polygon";
import type { NewCase, Wish } from "../lib/types";

export const WORKS = ["new_building", "extension", "demolish_rebuild", "repair", "excavation_only"] as const;
export const METHODS = ["machine", "hand", "vacuum", "boring", "hand_boring"] as const;
export type Method = (typeof METHODS)[number];
/** A bore has an upper side below the surface: what lies above it is not disturbed. */
export const isBore = (method: string): boolean => method === "boring" || method === "hand_boring";
export const WISHES = ["now", "later", "not_needed"] as const;
export const UNIT_KINDS = ["residential", "commercial", "other"] as const;

/** What each utility's form asks for, in the classes that are sold. Empty means: the company proposes. */
export interface CapacityField { key: string; choices?: readonly number[] }
export const CAPACITY: Record<string, readonly CapacityField[]> = {
  water: [
    { key: "m3_month" },
    { key: "diameter_inch", choices: [0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4, 6] },
  ],
  electricity: [
    { key: "ampere", choices: [15, 25, 32, 50, 63, 80, 100, 125, 160, 250, 400] },
    { key: "phases", choices: [1, 3] },
  ],
  gas: [{ key: "m3_hour", choices: [6, 10, 16, 25, 40, 65, 100, 160] }],
};

export interface WishDraft { wish: Wish["wish"]; capacity: Record<string, number | null> }
export interface Draft {
  parcelId: string;
  works: string;
  storeys: number | null;
  units: Record<string, number | null>;
  corners: Corners;
  depth_m: number | null;
  method: Method;
  /** Of a bore: from the surface to its upper side. */
  top_m: number | null;
  wishes: Record<string, WishDraft>;
  name: string;
  nationalId: string;
  phone: string;
}

export function blankDraft(agencies: readonly string[]): Draft {
  return {
    parcelId: "", works: "new_building", storeys: 2, units: { residential: 1, commercial: 0, other: 0 }, corners: [],
    depth_m: 2, method: "machine", top_m: null, name: "", nationalId: "", phone: "",
    wishes: Object.fromEntries(agencies.map((id) => [id, { wish: "now", capacity: {} } satisfies WishDraft])),
  };
}

export type Field = "parcelId" | "storeys" | "units" | "corners" | "depth_m" | "top_m" | "name";
/** Field to the id of what is wrong with it. */
export type Problems = Partial<Record<Field, string>>;
const DEEPEST_M = 60;
const HIGHEST = 200;

export function problemsOf(draft: Draft): Problems {
  const problems: Problems = {};
  if (draft.parcelId.trim() === "") problems.parcelId = "ui-problem-parcel";
  if (!isCount(draft.storeys, HIGHEST)) problems.storeys = "ui-problem-storeys";
  if (!Object.values(draft.units).every((count) => isCount(count, 10_000))) problems.units = "ui-problem-units";
  if (!closed(draft.corners)) problems.corners = "ui-problem-corners";
  else if (crossesItself(draft.corners)) problems.corners = "ui-problem-crossing";
  if (draft.depth_m === null || !(draft.depth_m > 0 && draft.depth_m <= DEEPEST_M)) problems.depth_m = "ui-problem-depth";
  if (isBore(draft.method) && !isTop(draft.top_m, draft.depth_m)) problems.top_m = "ui-problem-top";
  if (draft.name.trim() === "") problems.name = "ui-problem-required";
  return problems;
}

/** The upper side of a bore lies below the surface and above its floor. */
export const isTop = (top_m: number | null, depth_m: number | null): boolean =>
  top_m !== null && top_m >= 0 && depth_m !== null && top_m < depth_m;

function isCount(value: number | null, most: number): boolean {
  return value !== null && Number.isInteger(value) && value >= 0 && value <= most;
}

/** The request's body; call only when `problemsOf` is empty. Drawn on the map, so its CRS is WGS 84. */
export function bodyOf(draft: Draft): NewCase {
  const geometry = closed(draft.corners);
  if (!geometry) throw new Error("the excavation is not drawn");
  const optional = (text: string): string | undefined => (text.trim() === "" ? undefined : text.trim());
  const national_id = optional(draft.nationalId);
  const phone = optional(draft.phone);
  return {
    parcel_id: draft.parcelId.trim(),
    works: draft.works,
    storeys: draft.storeys ?? 0,
    units: Object.fromEntries(Object.entries(draft.units).map(([kind, count]) => [kind, count ?? 0])),
    excavation: { geometry, crs: "EPSG:4326", depth_m: draft.depth_m ?? 0, method: draft.method, ...(isBore(draft.method) ? { top_m: draft.top_m ?? 0 } : {}) },
    wishes: Object.fromEntries(Object.entries(draft.wishes).map(([id, one]) => [id, wishOf(one)])),
    applicant: { name: draft.name.trim(), ...(national_id ? { national_id } : {}), ...(phone ? { phone } : {}) },
  };
}

function wishOf({ wish, capacity }: WishDraft): Wish {
  if (wish !== "now") return { wish };
  const stated = Object.entries(capacity).filter((pair): pair is [string, number] => pair[1] !== null && pair[1] > 0);
  return stated.length ? { wish, capacity: Object.fromEntries(stated) } : { wish };
}
