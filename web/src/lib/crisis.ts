/** The crisis desk's questions and answers as the page reads them, and the pure logic on them. */
import type { Feature, FeatureCollection, Geometry, LineString, Point, Polygon } from "geojson";
import { boundsOf } from "../map/bounds";
import type { Bounds, LngLat, Words } from "./types";

export type StartAt = { lon: number; lat: number } | { feature_id: string; layer_id?: string };

export interface CrisisContact { agency: string; kind: string; name: Words; phone: string | null; email: string | null; desk: Words | null }

export interface NetworkProps {
  layer_id: string; feature_id: string; owner: string; utility: string | null; target?: string; kind?: string | null; role?: string;
  class_code?: string | null; pressure_bar?: number | null; voltage_kv?: number | null; diameter_mm?: number | null; material?: string | null;
  cover_m?: number | null; quality_level?: string | null; distance_m?: number; surveyed_on?: string | null; length_m?: number; status?: string | null;
}
export type NetworkFeature = Feature<Geometry, NetworkProps>;
export type Counted<T> = T & { numberMatched: number; numberReturned: number };

export interface HereLayer {
  layer_id: string; name: Words; target: string; utility: string | null; owner: string; state: "fresh" | "stale" | "missing" | "withheld";
  as_of: string | null; delivered_at: string | null; surveyed_from: string | null; surveyed_to: string | null; age_days: number | null;
  count: number | null; nearest_m: number | null;
}
export interface Person { name?: string | null; phone?: string | null }
export interface Trench {
  kind: "dig" | "case"; ref: string; number: string; dig_kind: string | null; title: string | null; parcel_id: string | null; status: string;
  agency: string | null; distance_m: number; geometry: Geometry | null;
  contact: { applicant: Person | null; contractor: Person | null; supervisor: Person | null; agency: { id: string; name: Words; phone: string | null } | null };
}
export interface Here {
  area: { geometry: Geometry; area_m2: number; radius_m: number; center: LngLat };
  layers: HereLayer[];
  features: Counted<FeatureCollection<Geometry, NetworkProps>>;
  contacts: CrisisContact[];
  parcels: { parcel_id: string; land_use: string | null; distance_m: number }[];
  open_trenches: Trench[];
  limits: { truncated: boolean; matched: number };
  took_ms: number;
}

export interface Device {
  layer_id?: string | null; feature_id?: string | null; kind: string; owner: string; point?: LngLat | null;
  state: "open" | "closed"; turn_to: "open" | "closed"; operable: boolean; if_stuck?: { more_connections: number } | null;
}
export interface Priority {
  rank: number; kind: string; use: string | null; name: string | null; building_id: string | null; parcel_id: string | null; point: LngLat | null;
  owner?: string; utility?: string; feature_id?: string | null;
}
export interface Lost {
  connections: number; cut: number; without_supply: number; parcels: number; buildings: number; units: number; units_assumed: number;
  priority: Priority[]; parcels_list: string[];
}
export interface Trust {
  level: "low" | "medium" | "high"; explanations: string[]; snaps: number; network_snaps: number; supplied_share: number | null; unplaced: number;
  snap_points: { point: LngLat | null; distance_m: number; kind: string }[];
  oldest_survey: string | null; lowest_quality: string | null; missing_layers: string[]; stale_layers: string[];
}
export interface Start {
  kind: "line" | "device" | "source" | "node"; layer_id: string; feature_id: string; point: LngLat | null; distance_m: number; feature: NetworkFeature | null;
}
export interface Source { layer_id: string; feature_id: string | null; kind: string; owner: string; point: LngLat | null }
export type Lines = Counted<FeatureCollection<LineString, NetworkProps>>;
export interface Isolation {
  utility: string; network_version: string; start: Start;
  valves: Device[]; already_closed: Device[]; stuck: Device[]; restorable_by: Device[]; sources: Source[];
  segment: Lines; unintended: Lines;
  valves_are_sparse: boolean;
  squeeze_points: { feature_id: string; from_node: string; offset_m: number; point: LngLat | null; diameter_mm: number | null }[];
  squeeze: { valves_to_close: string[]; mains: number; connections_lost: number; room_m: number; source: { en: string; fa: string } } | null;
  section: { mains: number; services: number; mains_m: number };
  lost: Lost; confidence: Trust; contacts: CrisisContact[]; took_ms: number;
}
export type Direction = "upstream" | "downstream";
export type Trace = Lines & {
  utility: string; direction: Direction; start: Start; sources: Source[]; lost: Lost | null; length_m: number; confidence: Trust; took_ms: number;
};
export interface Cascade {
  utility: string; start: Start; hazard: Geometry;
  hazard_rule: { hazard_m: number; source: string; clause: string; status: string; note: string; fa: { source: string; clause: string; note: string } };
  in_danger: NetworkFeature[];
  in_danger_by_owner: { owner: string; count: number; nearest_m: number; utilities: string[] }[];
  buildings: { count: number; priority: NetworkFeature[] };
  withheld: { layer_id: string; owner: string }[];
  depends: { layer_id: string; feature_id: string | null; kind: string; name: string | null; owner: string; utility: string; distance_m: number; point: LngLat | null }[];
  lost: Lost; contacts: CrisisContact[]; confidence: Trust; took_ms: number;
}

/** A feature that was found by its number. */
export interface FoundFeature {
  utility: string; kind: "device" | "source" | "line" | "node"; network_kind: string | null; layer_id: string | null; feature_id: string; owner: string | null;
  point: LngLat | null;
}
/** Where a question about it starts. */
export const startAtFeature = (one: FoundFeature): StartAt => ({ feature_id: one.feature_id, ...(one.layer_id ? { layer_id: one.layer_id } : {}) });

export const INCIDENT_KINDS = [
  "gas_leak", "water_burst", "power_outage", "cable_cut", "sewer_collapse", "excavation_damage", "fire", "flood", "earthquake", "other",
] as const;
/** What a person writes down by hand; valves are written down where they are ticked off. */
export const LOG_KINDS = ["note", "called", "arrived", "evacuated", "squeezed", "supply_cut", "supply_restored"] as const;
export type LogKind = (typeof LOG_KINDS)[number] | "valve_closed" | "valve_opened" | "valve_stuck" | "valve_freed";

export interface LogEntry {
  n: number; at: string; actor: string; on_behalf_of: string | null; event: string; text: string;
  device: { layer_id: string; feature_id: string } | null; agency: string | null;
}
export interface Incident {
  incident_id: string; incident_no: string; city: string; kind: string; utility: string | null; title: string; status: "open" | "closed"; version: number;
  geometry: Geometry; start: StartAt | null; opened_by: string; opened_at: string; closed_by: string | null; closed_at: string | null;
  outcome: string | null; entries: number; log: LogEntry[];
}
export interface NewIncident { kind: string; title: string; geometry: Geometry; utility?: string; at?: StartAt; note?: string }
export interface NewEntry { kind: LogKind; text?: string; device?: { layer_id: string; feature_id: string }; agency?: string }

/** Whose valves or switches shut off a break; in a drain one follows the stream instead. */
const CLOSABLE = new Set(["water", "gas", "electricity", "heating"]);
export const isClosable = (utility: string): boolean => CLOSABLE.has(utility);

const KIND_OF: Record<string, string> = {
  gas: "gas_leak", water: "water_burst", electricity: "power_outage", telecom: "cable_cut", sewer: "sewer_collapse", stormwater: "sewer_collapse",
};
export const likelyKind = (utility: string | null | undefined): string => KIND_OF[utility ?? ""] ?? "other";

/** One utility of one owner near the place: how many lines, how near, how fresh. */
export interface Near { utility: string; owner: string; lines: number; devices: number; nearest: NetworkFeature; nearest_m: number; layers: HereLayer[] }
export interface OwnerHere { owner: string; nearest_m: number; near: Near[] }

/** What lies there by owner, the nearest owner first, and of each the nearest utility first. */
export function byOwner(here: Here): OwnerHere[] {
  const near = new Map<string, Near>();
  for (const one of here.features.features) {
    const { utility, owner, distance_m = 0, target } = one.properties;
    if (!utility) continue;
    const key = `${owner} ${utility}`;
    const isLine = target === "network_line";
    const found = near.get(key);
    if (!found) {
      const layers = here.layers.filter((layer) => layer.owner === owner && layer.utility === utility && (layer.count ?? 0) > 0);
      near.set(key, { utility, owner, lines: isLine ? 1 : 0, devices: isLine ? 0 : 1, nearest: one, nearest_m: distance_m, layers });
      continue;
    }
    if (isLine) found.lines += 1;
    else found.devices += 1;
    // a line is what one shuts off; a device stands for it only until a line is met
    if (isLine && found.nearest.properties.target !== "network_line") found.nearest = one;
  }
  const owners = new Map<string, OwnerHere>();
  for (const one of near.values()) {
    const entry = owners.get(one.owner) ?? { owner: one.owner, nearest_m: one.nearest_m, near: [] };
    entry.near.push(one);
    entry.nearest_m = Math.min(entry.nearest_m, one.nearest_m);
    owners.set(one.owner, entry);
  }
  for (const entry of owners.values()) entry.near.sort((a, b) => a.nearest_m - b.nearest_m);
  return [...owners.values()].sort((a, b) => a.nearest_m - b.nearest_m);
}

const FRESH_RANK = { missing: 0, withheld: 1, stale: 2, fresh: 3 } as const;
/** Of several layers the one that is trusted least. */
export const leastFresh = (layers: readonly HereLayer[]): HereLayer | null =>
  [...layers].sort((a, b) => FRESH_RANK[a.state] - FRESH_RANK[b.state] || (b.age_days ?? 0) - (a.age_days ?? 0))[0] ?? null;

export type ValveState = "todo" | "done" | "stuck";
export interface ValveLine { id: string; number: number; state: ValveState; device: Device }

/**
 * The valves of a question with numbers that stay: a valve that is closed moves in the answer from `valves` to `already_closed`,
 * and a crew that was sent to number 3 must still find number 3. `numbers` are those given before.
 */
export function valveLines(answer: Pick<Isolation, "valves" | "already_closed" | "stuck">, numbers: ReadonlyMap<string, number>): ValveLine[] {
  const states: [Device[], ValveState][] = [[answer.valves, "todo"], [answer.already_closed, "done"], [answer.stuck, "stuck"]];
  const lines = states.flatMap(([devices, state]) => devices.map((device, index) => ({ id: deviceId(device, index, state), state, device })));
  let next = Math.max(0, ...numbers.values());
  return lines
    .map((line) => ({ ...line, number: numbers.get(line.id) ?? ++next }))
    .sort((a, b) => a.number - b.number);
}

/** A device that the asker may not see has no id: its place in the answer stands for it. */
function deviceId(device: Device, index: number, state: string): string {
  return device.feature_id ?? `${state}-${index + 1}`;
}

const LETTERS = { en: [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"], fa: ["الف", ..."بپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"] } as const;
/** Squeeze-off points have letters, so that nobody takes one for a valve. */
export const letterOf = (index: number, language: "en" | "fa"): string => LETTERS[language][index % LETTERS[language].length] ?? "";

export const telOf = (phone: string): string => `tel:${phone.replaceAll(/[^\d+]/g, "")}`;

/** The valves' log events: a switch is opened where a valve is closed. */
export const turned = (device: Pick<Device, "turn_to">): LogKind => (device.turn_to === "open" ? "valve_opened" : "valve_closed");

/** Taking a tick back: the opposite of what had been done. */
export const turnedBack = (device: Pick<Device, "state">): LogKind => (device.state === "closed" ? "valve_opened" : "valve_closed");

const PACK_MARGIN_M = 150;
const PACK_MOST_M2 = 3_800_000;
const DEGREE_M = 111_195;

/** The box that is taken along: all that is shown with a margin; where that is too much, as much of its middle as may be. */
export function packArea(shapes: readonly Geometry[]): Polygon | null {
  const box = boundsOf(shapes);
  if (!box) return null;
  const lat = (box[1] + box[3]) / 2;
  const shrink = Math.cos((lat * Math.PI) / 180);
  const half = (low: number, high: number, scale: number): number => ((high - low) * DEGREE_M * scale) / 2 + PACK_MARGIN_M;
  const [wide, high] = [half(box[0], box[2], shrink), half(box[1], box[3], 1)];
  const fit = Math.min(1, Math.sqrt(PACK_MOST_M2 / (4 * wide * high)));
  const [dx, dy] = [(wide * fit) / DEGREE_M / shrink, (high * fit) / DEGREE_M];
  return boxPolygon([(box[0] + box[2]) / 2 - dx, lat - dy, (box[0] + box[2]) / 2 + dx, lat + dy]);
}

function boxPolygon([west, south, east, north]: Bounds): Polygon {
  return { type: "Polygon", coordinates: [[[west, south], [east, south], [east, north], [west, north], [west, south]]] };
}

/** A place as it stands in the address: `lon,lat`. */
export const placeText = ([lon, lat]: LngLat): string => `${lon.toFixed(6)},${lat.toFixed(6)}`;

export function placeIn(text: string | null): LngLat | null {
  const [lon, lat, more] = (text ?? "").split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));
  if (more !== undefined || lon === undefined || lat === undefined) return null;
  return Number.isFinite(lon) && Number.isFinite(lat) && Math.abs(lon) <= 180 && Math.abs(lat) <= 90 ? [lon, lat] : null;
}

export const pointOf = ([lon, lat]: LngLat): Point => ({ type: "Point", coordinates: [lon, lat] });

// --- what the map shows

export type Part = "here" | "shut" | "danger" | "incident";
export interface Sign { id: string; at: LngLat; text: string; label: string; look: string; shift_px?: number }

const SIGN_PX = 34;
/** Devices of one chamber stand at one place: their signs stand side by side, so that each can be read and touched. */
export function sideBySide(signs: readonly Sign[]): Sign[] {
  const crowd = new Map<string, number>();
  return signs.map((sign) => {
    const place = sign.at.map((degree) => degree.toFixed(5)).join();
    const before = crowd.get(place) ?? 0;
    crowd.set(place, before + 1);
    return before ? { ...sign, shift_px: before * SIGN_PX } : sign;
  });
}

export interface Shown { here: Here | null; shut: Isolation | null; danger: Cascade | null; flow: Trace | null; incident: Incident | null; part: Part; place: Geometry | null }

/** The shapes of the answers, each with its `kind`; which are shown depends on the part that is open. */
export function crisisShapes({ here, shut, danger, flow, incident, part, place }: Shown): FeatureCollection {
  const features: Feature[] = [];
  const add = (kind: string, geometry: Geometry | null | undefined): void => {
    if (geometry) features.push({ type: "Feature", properties: { kind }, geometry });
  };
  if (part === "here") add("area", here?.area.geometry ?? (place?.type === "Point" ? null : place));
  if (part === "here" || part === "danger") for (const trench of here?.open_trenches ?? []) add("trench", trench.geometry);
  if (part === "danger" && danger) {
    add("hazard", danger.hazard);
    for (const one of danger.in_danger) add("in_danger", one.geometry);
  }
  if (incident?.geometry.type !== "Point") add("incident", incident?.geometry);
  // without valves the section is the whole network: painted, it would hide the two places where one squeezes
  const bands = shut && !needsSqueeze(shut) ? shut : null;
  for (const one of bands?.unintended.features ?? []) add("unintended", one.geometry);
  for (const one of bands?.segment.features ?? []) add("segment", one.geometry);
  if (part === "shut") for (const one of flow?.features ?? []) add("flow", one.geometry);
  const start = shut?.start ?? danger?.start ?? flow?.start;
  if (start?.feature) add("start", start.feature.geometry);
  return { type: "FeatureCollection", features };
}

/** No valve could shut this off, so pipes are squeezed. */
export const needsSqueeze = (shut: Isolation): boolean => !!shut.squeeze && shut.valves.length + shut.already_closed.length === 0;

/** What is framed when an answer comes: the section and its valves, not the whole city that may hang on it. */
export function framed(shown: Shown): Geometry[] {
  const { shut, danger, here, part, place, incident } = shown;
  if (part === "incident" && incident && incident.geometry.type !== "Point") return [incident.geometry];
  if (part === "danger" && danger) return [danger.hazard];
  if (part === "shut" && shut) {
    const points = [...shut.valves, ...shut.stuck, ...shut.already_closed].flatMap((one) => (one.point ? [pointOf(one.point)] : []));
    const squeezes = shut.squeeze_points.flatMap((one) => (one.point ? [pointOf(one.point)] : []));
    const at = shut.start.point ? [pointOf(shut.start.point)] : [];
    // where there are no valves the section is the whole network: the pinching points are what one goes to
    if (needsSqueeze(shut)) return [...squeezes, ...at];
    return [...shut.segment.features.map((one) => one.geometry), ...points, ...at];
  }
  if (here) return [here.area.geometry];
  return place ? [place] : [];
}
