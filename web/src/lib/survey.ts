/** Where to survey first: pairs of existing lines that the records place closer than the rules ask. No list of offences. Pure. */
import type { Feature, FeatureCollection, LineString, Point } from "geojson";
import { middleOf } from "./digs";
import type { LngLat, Verdict, Words } from "./types";

export interface SurveyPair {
  rank: number; a_id: string; b_id: string; a_layer: string; b_layer: string; a_owner: string; b_owner: string; a_utility: string; b_utility: string;
  a_class: string | null; b_class: string | null; crosses: boolean; verdict: Verdict; severity: number; p_violation: number | null;
  separation_h_m: number | null; separation_v_m: number | null; required_h_m: number | null; required_v_m: number | null;
  rule_id: string; rule_status: string; source: Words | string | null; clause: string | null;
}
export interface SurveyList extends FeatureCollection<LineString | Point, SurveyPair> {
  note: Words; made_at: string; standing: Standing; rule_pack: string; counts: { lines: number; pairs: number; unconfirmed: number }; unruled: string[];
}
/** How the kept list stands to what is published, and what becomes of it. */
export interface Standing {
  state: "current" | "behind" | "none"; renewal: "not-due" | "waiting" | "making" | "failed" | "off";
  newer: ("deliveries" | "rules")[]; made_at: string | null; newer_since: string | null; again_at: string | null;
}
export interface ListedPair extends SurveyPair { at: LngLat }

export function pairsOf(list: SurveyList): ListedPair[] {
  return list.features.flatMap((one) => {
    const at = one.geometry.type === "Point" ? (one.geometry.coordinates as LngLat) : middleOf({ type: "MultiPoint", coordinates: [...one.geometry.coordinates, one.geometry.coordinates[0] ?? []] });
    return at ? [{ ...one.properties, at }] : [];
  });
}

const SOON_MS = 8_000;
const SELDOM_MS = 60_000;

/** When to ask again how the list stands: soon while it is being made, seldom otherwise. */
export const askAgainMs = (standing: Standing | null): number => (standing?.renewal === "waiting" || standing?.renewal === "making" ? SOON_MS : SELDOM_MS);

/** The utilities that the pairs speak of, in the order of how often. */
export function utilitiesOf(pairs: readonly SurveyPair[]): string[] {
  const counts = new Map<string, number>();
  for (const { a_utility, b_utility } of pairs) for (const one of new Set([a_utility, b_utility])) counts.set(one, (counts.get(one) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a).map(([one]) => one);
}

export const isOf = (pair: SurveyPair, utility: string): boolean => utility === "" || pair.a_utility === utility || pair.b_utility === utility;

/** The distance across: lines that the records let overlap have less than none. */
export const isOverlapping = (pair: SurveyPair): boolean => (pair.separation_h_m ?? 0) < 0;

export function surveyShapes(list: SurveyList, shown: ReadonlySet<number>, chosen: number | null): FeatureCollection {
  return {
    type: "FeatureCollection",
    features: list.features.flatMap((one): Feature[] => {
      const { rank, verdict, severity } = one.properties;
      if (!shown.has(rank)) return [];
      const properties = { id: `survey:${rank}`, rank, verdict, severity, chosen: rank === chosen };
      const at = one.geometry.type === "LineString" ? one.geometry.coordinates[0] ?? [] : one.geometry.coordinates;
      return [
        ...(one.geometry.type === "LineString" ? [{ type: "Feature" as const, properties, geometry: one.geometry }] : []),
        { type: "Feature", properties, geometry: { type: "Point", coordinates: at } },
      ];
    }),
  };
}
