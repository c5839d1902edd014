/** Findings in the order and form they are shown. Pure. */
import type { CaseMap, Finding, LngLat, Verdict } from "./types";
import type { Geometry } from "geojson";
import { nearestPosition, positions } from "../map/bounds";
import { VERDICT_ORDER } from "./tones";

/** How a finding is named in a condition and on the map: layer and feature. */
export function refOf(finding: { layer_id?: string | null; feature_id?: string | null }): string {
  return `${finding.layer_id ?? ""}/${finding.feature_id ?? ""}`;
}

/** Where a line lies in plan: apart from the dig, through it (over a length, where that is known), or a thing inside it. */
export type Lying = { how: "apart" | "inside"; metres: number } | { how: "through"; metres: number | null };

/** A negative distance is the shift that would take the line out: for a line that crosses it says nothing to a reader. */
export function lyingOf(finding: Finding): Lying | null {
  const apart = finding.separation_h_m;
  if (apart === null) return null;
  if (apart >= 0) return { how: "apart", metres: apart };
  const length = finding.params?.["through"];
  if (typeof length === "number") return { how: "through", metres: length };
  return finding.relation ? { how: "through", metres: null } : { how: "inside", metres: -apart };
}

/** On which side of the trench's middle, seen from the plot towards the main: to the centimetre. */
export function sideOf(offset_m: number): "left" | "middle" | "right" {
  if (Math.abs(offset_m) < 0.005) return "middle";
  return offset_m < 0 ? "left" : "right";
}

/** Worst verdict first, then the most probable violation, then the nearest. */
export function sorted(findings: readonly Finding[]): Finding[] {
  const rank = (verdict: Verdict): number => VERDICT_ORDER.indexOf(verdict);
  return [...findings].sort(
    (a, b) =>
      rank(a.verdict) - rank(b.verdict) ||
      (b.p_violation ?? 0) - (a.p_violation ?? 0) ||
      (a.separation_h_m ?? Infinity) - (b.separation_h_m ?? Infinity),
  );
}

/** One feature may break several rules; on the map it has one band and one pin, with its worst verdict. */
export interface Pin {
  ref: string;
  at: LngLat;
  finding: Finding;
  index: number;
  /** How many pins stand at the same place already: the map sets this one beside them. */
  crowd: number;
}
const SAME_PLACE_DEG = 2e-5; // about 2 m

export function pinsOf(findings: readonly Finding[], map: CaseMap): Pin[] {
  const shapes = new Map<string, Geometry>();
  let dig: Geometry | null = null;
  for (const { geometry, properties } of map.features) {
    if (properties.kind === "excavation") dig = geometry;
    if (properties.kind === "finding") shapes.set(refOf(properties), geometry);
  }
  const centre = dig ? middle(dig) : null;
  const pins = new Map<string, Pin>();
  findings.forEach((finding, index) => {
    const ref = refOf(finding);
    const shape = shapes.get(ref);
    if (!shape || pins.has(ref) || finding.verdict === "clear") return;
    const at = centre ? nearestPosition(shape, centre) : positions(shape)[0];
    if (!at) return;
    const place: LngLat = [at[0] ?? 0, at[1] ?? 0];
    const crowd = [...pins.values()].filter((pin) => isSame(pin.at, place)).length;
    pins.set(ref, { ref, at: place, finding, index, crowd });
  });
  return [...pins.values()];
}

function isSame(a: LngLat, b: LngLat): boolean {
  return Math.abs(a[0] - b[0]) < SAME_PLACE_DEG && Math.abs(a[1] - b[1]) < SAME_PLACE_DEG;
}

function middle(geometry: Geometry): LngLat {
  const all = positions(geometry);
  const sum = all.reduce<LngLat>(([x, y], [lon = 0, lat = 0]) => [x + lon, y + lat], [0, 0]);
  return [sum[0] / all.length, sum[1] / all.length];
}
