/** What is entered into the common calendar by hand: a planned work of an agency, a street that was paved anew. Pure. */
import { crossesItself, type Corners } from "../map/polygon";
import type { Geometry, Position } from "geojson";
import type { PavingView, PlanView } from "./digs";
import { shapeOfDig } from "./dig_forms";
import type { LngLat } from "./types";

export type WorkKind = "plan" | "paving";
export interface WorkDraft {
  kind: WorkKind; title: string; agency: string; ref: string; isArea: boolean; corners: Corners; width_m: number | null; depth_m: number | null;
  pavement: string; startsOn: string | null; endsOn: string | null; pavedOn: string | null; source: string; years: number | null;
}
export type WorkField = "title" | "agency" | "corners" | "width_m" | "depth_m" | "dates" | "pavedOn" | "source" | "years";

const TRENCH_M = 0.8;
const STREET_M = 6;

export function blankWork(kind: WorkKind): WorkDraft {
  return {
    kind, title: "", agency: "", ref: "", isArea: false, corners: [], width_m: kind === "plan" ? TRENCH_M : STREET_M, depth_m: null,
    pavement: "asphalt", startsOn: null, endsOn: null, pavedOn: null, source: "", years: null,
  };
}

/** A plan that is changed is sent again under its number; its outline is what was widened from the line. */
export function draftOfPlan(plan: PlanView): WorkDraft {
  return {
    ...blankWork("plan"), title: plan.title, agency: plan.agency, ref: plan.agency_ref, isArea: true, corners: outlineOf(plan.geometry),
    width_m: plan.works.width_m, depth_m: plan.works.depth_m, pavement: plan.works.pavement ?? "asphalt", startsOn: plan.starts_on, endsOn: plan.ends_on,
  };
}

function outlineOf(geometry: Geometry): LngLat[] {
  const ring: Position[] = geometry.type === "Polygon" ? geometry.coordinates[0] ?? [] : [];
  return ring.slice(0, -1).map(([lon = 0, lat = 0]): LngLat => [lon, lat]);
}

const WIDEST_M = 50;
const DEEPEST_M = 60;
const MOST_YEARS = 50;
const inside = (value: number | null, most: number): boolean => value !== null && value > 0 && value <= most;

export function problemsOfWork(draft: WorkDraft): Partial<Record<WorkField, string>> {
  const problems: Partial<Record<WorkField, string>> = {};
  if (draft.title.trim() === "") problems.title = "ui-problem-required";
  if (!shapeOfWork(draft)) problems.corners = draft.isArea ? "ui-problem-corners" : "ui-problem-line";
  else if (draft.isArea && crossesItself(draft.corners)) problems.corners = "ui-problem-crossing";
  if (!draft.isArea && !inside(draft.width_m, WIDEST_M)) problems.width_m = "ui-problem-width";
  if (draft.kind === "plan") return { ...problems, ...problemsOfPlan(draft) };
  if (!draft.pavedOn) problems.pavedOn = "ui-problem-day";
  if (draft.source.trim() === "") problems.source = "ui-problem-required";
  if (draft.years !== null && !(Number.isInteger(draft.years) && draft.years >= 0 && draft.years <= MOST_YEARS)) problems.years = "ui-problem-years";
  return problems;
}

function problemsOfPlan(draft: WorkDraft): Partial<Record<WorkField, string>> {
  const problems: Partial<Record<WorkField, string>> = {};
  if (draft.agency === "") problems.agency = "ui-problem-agency";
  if (draft.depth_m !== null && !inside(draft.depth_m, DEEPEST_M)) problems.depth_m = "ui-problem-depth";
  if (!draft.startsOn || !draft.endsOn) problems.dates = "ui-problem-dates";
  else if (draft.endsOn < draft.startsOn) problems.dates = "ui-problem-dates-order";
  return problems;
}

/** A line needs two places: nobody plans or paves a point. */
export function shapeOfWork({ corners, isArea }: Pick<WorkDraft, "corners" | "isArea">): Geometry | null {
  return !isArea && corners.length < 2 ? null : shapeOfDig(corners, isArea);
}

/** `number` stands in where the agency has none of its own. */
export function planBody(draft: WorkDraft, number: string): Record<string, unknown> {
  return {
    agency: draft.agency, agency_ref: draft.ref.trim() || number, title: draft.title.trim(), geometry: shapeOfWork(draft), crs: "EPSG:4326",
    starts_on: draft.startsOn, ends_on: draft.endsOn, pavement: draft.pavement,
    ...(draft.isArea ? {} : { width_m: draft.width_m }), ...(draft.depth_m === null ? {} : { depth_m: draft.depth_m }),
  };
}

export function pavingBody(draft: WorkDraft): Record<string, unknown> {
  return {
    title: draft.title.trim(), pavement: draft.pavement, paved_on: draft.pavedOn, source: draft.source.trim(), geometry: shapeOfWork(draft), crs: "EPSG:4326",
    ...(draft.isArea ? {} : { width_m: draft.width_m }), ...(draft.years === null ? {} : { years: draft.years }),
  };
}

const isMeant = (from: string, to: string) => (one: PavingView): boolean => one.paved_on <= to && one.until > from;
/** Streets that may not be opened in some part of a time. */
export const closedIn = (pavings: readonly PavingView[], from: string, to: string): PavingView[] =>
  pavings.filter((one) => !one.taken_back).filter(isMeant(from, to));
/** Those that were said to be closed then, by mistake. */
export const takenBackIn = (pavings: readonly PavingView[], from: string, to: string): PavingView[] =>
  pavings.filter((one) => one.taken_back).filter(isMeant(from, to));
