/** Excavations as the page reads them: shapes of the API's JSON, and what follows from them alone. Pure. */
import type { Feature, FeatureCollection, Geometry, Point, Polygon } from "geojson";
import { positions } from "../map/bounds";
import type { IconName } from "../ui/Icon.svelte";
import type { Sign } from "./crisis";
import { isDay, meets, type Stretch } from "./days";
import type { Tone } from "./tones";
import type { Condition, Finding, LngLat, Me, Verdict } from "./types";

export const DIG_KINDS = ["connection", "development", "incident"] as const;
export type DigKind = (typeof DIG_KINDS)[number];
export const PAVEMENTS = ["asphalt", "concrete", "paving_stone", "gravel", "soil"] as const;
export const DIG_STATUSES = [
  "draft", "emergency", "requested", "visited", "inquiring", "inquired", "costed", "paid", "permitted", "working", "expired",
  "handover_requested", "defects", "testing", "guarantee", "closed", "refused", "withdrawn", "revoked",
] as const;
export type DigStatus = (typeof DIG_STATUSES)[number];

export interface DigInquiry {
  agency: string; round: number; status: "pending" | "answered" | "silent" | "revoked"; asked_at: string; due_at: string;
  handler: string | null; answered_at: string | null; answered_by: string | null; answer: string | null; conditions: Condition[];
  note: string | null; valid_until: string | null; liable: boolean;
}
export interface DigRecord { record_id: string; kind: string; agency: string | null; at: string; by: string; body: Record<string, unknown>; closed_at: string | null }
export type JoinState = "offered" | "half_accepted" | "agreed" | "declined";
export interface Overlapped {
  state: JoinState; distance_m: number; gap_days: number; relation: "along" | "crossing"; shared_m: number; joint_width_m: number;
  saved_m: number; saved_m2: number; shares: Record<string, number>;
}
export interface Overlap extends Overlapped {
  with_ref: string; with_id: string; with_kind: "dig" | "plan"; title: string; agency: string | null; status: string;
  starts_on: string; ends_on: string; mine: string | null; theirs: string | null;
}
export interface CostItem { code: string; amount: number; inputs: Record<string, string | number> }
export interface DigWorks {
  pavement: string | null; length_m: number | null; width_m: number | null; surplus_length_m?: number | null; surplus_width_m?: number | null;
  asphalt_thickness_cm?: number | null; asphalt_age_years?: number | null; quality_coefficient?: number | null; section?: string | null;
  traffic_approval_no?: string | null; safety_approval_no?: string | null;
}
export interface Party { name: string; licence_no?: string | null; phone?: string | null }

export interface Moratorium {
  paving_id: string; title: string; paved_on: string; until: string; source: string; lifted_by?: string | null; authority?: string; lifted_why?: string;
}

export interface DigView {
  dig_id: string; dig_no: string; city: string; kind: DigKind; status: DigStatus; version: number; title: string; agency: string | null;
  case_id: string | null; parcel_id: string | null; applicant: { name: string }; handler: string | null; works: DigWorks;
  contractor: Party | null; supervisor: Party | null;
  excavation: { geometry: Polygon; depth_m: number; area_m2: number; method: string } | null;
  starts_on: string | null; ends_on: string | null; allowed_delay_days: number; renewals: number;
  verdict: Verdict | null; findings: Finding[]; missing_information: { layer_id: string; state: string }[]; suggested_conditions: Condition[];
  inquiries: DigInquiry[];
  moratorium: Moratorium | null;
  earlier_digs: number; repeat_coefficient: number;
  costs: { currency: string; total: number; calculated_at: string; items: CostItem[]; unconfirmed: string[]; fine?: { days_late: number; amount: number } } | null;
  payment: { amount: number; receipts: { receipt_no: string; amount: number; paid_on: string }[] } | null;
  permit: { permit_no: string; issued_at: string; issued_by: string; last_day: string; conditions: (Condition & { agency?: string })[]; liable: string[] } | null;
  reason: string | null; started_on: string | null; restored_on: string | null; regularise_by: string | null; valid_until: string | null;
  guarantee_until: string | null; answers_due_at: string | null; submitted_at: string | null; created_at: string;
  records: DigRecord[]; warnings: DigRecord[]; overlaps: Overlap[]; trench: { trench_id: string; members: string[] } | null;
  actions: string[]; blocked: Record<string, string[]>;
  listed?: { bar_id: string; party: string; name: string; reason: string; from_on: string; until_on: string | null }[];
}

export interface DigSummary {
  dig_id: string; dig_no: string; kind: DigKind; status: DigStatus; title: string; agency: string | null; case_id: string | null;
  parcel_id: string | null; applicant: string; starts_on: string | null; ends_on: string | null; verdict: Verdict | null;
  due_at: string | null; open_warnings: number; open_overlaps: number;
}
export interface PlanView {
  plan_id: string; agency: string; agency_ref: string; title: string; status: string; version: number;
  works: { length_m: number | null; width_m: number | null; depth_m: number | null; pavement: string | null };
  geometry: Geometry; starts_on: string; ends_on: string; overlaps: Overlap[]; moratorium: Moratorium | null;
}
/** A street that was paved anew, and the works that would open it before its moratorium is over. */
export interface PavingView {
  paving_id: string; title: string; pavement: string; paved_on: string; until: string; source: string; geometry: Geometry; works: BarredWork[];
  entered_by: string; entered_at: string; taken_back: { by: string; at: string; reason: string } | null;
}
export interface BarredWork {
  ref: string; kind: "dig" | "plan"; dig_kind: DigKind | null; number: string; title: string; agency: string | null; status: string;
  starts_on: string; ends_on: string;
}
/** One trench for any number of works: what each digs alone and with others, and what of it each bears, to the currency's smallest step. */
export interface Split {
  formula: string; currency: string; saved_m: number; saved_m2: number; total: number; truncated: boolean; unconfirmed: string[];
  works: SplitWork[]; stretches: SplitStretch[];
}
export interface SplitWork {
  ref: string; title: string; agency: string | null; status: string; width_m: number; alone_m: number; shared_m: number; cost_alone: number; cost_shared: number;
}
export interface SplitStretch {
  works: string[]; length_m: number; joint_width_m: number; area_m2: number; saved_m: number; saved_m2: number;
  shares: Record<string, number>; cost: number; costs: Record<string, number>;
}
export interface Around { overlaps: Overlap[]; trench: { trench_id: string; members: string[] } | null; split: Split | null; agreed_split: Split | null }
export interface WorkProperties {
  kind: "dig" | "plan"; dig_kind: DigKind | null; number: string; title: string; agency: string | null; status: string;
  starts_on: string; ends_on: string; length_m: number | null; width_m: number | null; pavement: string | null;
}
/** Two works near each other in place and time; `a` and `b` are names of works. */
export interface Pair extends Overlapped { a: string; b: string; a_accepted: boolean; b_accepted: boolean }
export interface Calendar extends FeatureCollection<Geometry, WorkProperties> { truncated: boolean; from: string; to: string; overlaps: Pair[] }
export type Work = WorkProperties & { ref: string; geometry: Geometry };

export const FAULTS = ["not_where_shown", "not_shown", "other_depth", "damaged"] as const;
export type Fault = (typeof FAULTS)[number];
export interface TrenchReport {
  report_id: string; report_no: string; kind: Fault; status: "open" | "accepted" | "rejected"; dig_id: string | null; case_id: string | null;
  agency: string | null; utility: string | null; layer_id: string | null; feature_id: string | null; depth_m: number | null; note: string | null;
  geometry: Point; photo: { taken_at?: string | null; width?: number; height?: number } | null; damage: Record<string, unknown> | null;
  reported_by: string; reported_at: string; answer: { reason?: string | null; correction_by?: string | null } | null;
  answered_by: string | null; answered_at: string | null; may_answer: boolean;
}

// --- what a value means to the eye; each has its word too

const STATUS: Partial<Record<string, Tone>> = {
  emergency: "bad", requested: "info", visited: "info", inquiring: "info", inquired: "warn", costed: "warn", paid: "warn", permitted: "good",
  working: "good", expired: "bad", handover_requested: "warn", defects: "bad", testing: "info", guarantee: "good", planned: "info",
};
export const digTone = (status: string): Tone => STATUS[status] ?? "calm";
const KIND_ICON: Record<string, IconName> = { connection: "plug", development: "dig", incident: "alert", plan: "calendar" };
export const kindIcon = (kind: string): IconName => KIND_ICON[kind] ?? "dig";
const FAULT_ICON: Record<Fault, IconName> = { not_where_shown: "moved", not_shown: "unsure", other_depth: "depth", damaged: "alert" };
export const faultIcon = (kind: string): IconName => FAULT_ICON[kind as Fault] ?? "unsure";
export const joinTone = (state: JoinState): Tone => ({ offered: "info", half_accepted: "warn", agreed: "good", declined: "calm" } as const)[state];
export const answerTone = (one: Pick<DigInquiry, "status" | "answer">): Tone =>
  one.status === "pending" ? "info" : one.status === "silent" ? "warn" : one.answer === "no_objection" ? "good" : one.answer ? "bad" : "calm";

// --- the calendar

export function worksOf(calendar: Calendar): Work[] {
  return calendar.features.map((one) => ({ ...one.properties, ref: String(one.id), geometry: one.geometry }));
}

export const worksIn = (works: readonly Work[], stretch: Stretch): Work[] => works.filter((one) => meets(one, stretch));

const OPEN_FIRST: Record<JoinState, number> = { half_accepted: 0, offered: 1, agreed: 2, declined: 3 };
export interface ShownPair { pair: Pair; a: Work; b: Work }
/** Pairs of which a work is shown; what waits for an answer first, then what saves most. A crossing saves nothing and comes last. */
export function pairsIn(pairs: readonly Pair[], all: readonly Work[], shown: readonly Work[]): ShownPair[] {
  const known = new Map(all.map((one) => [one.ref, one]));
  const refs = new Set(shown.map((one) => one.ref));
  return pairs
    .filter((pair) => refs.has(pair.a) || refs.has(pair.b))
    .flatMap((pair) => {
      const [a, b] = [known.get(pair.a), known.get(pair.b)];
      return a && b ? [{ pair, a, b }] : [];
    })
    .sort((x, y) => rank(x.pair) - rank(y.pair) || y.pair.saved_m - x.pair.saved_m);
}
const rank = (pair: Pair): number => OPEN_FIRST[pair.state] + (pair.shared_m > 0 ? 0 : 10);

/** Who may speak for a work: its own agency, and the counter for whoever stands there. The server decides in the end. */
export function speaksFor(me: Me | null, work: { agency: string | null }): boolean {
  if (!me) return false;
  if (me.role === "officer" || me.role === "front_office") return true;
  return me.role === "agency" && !!work.agency && me.agency === work.agency;
}

/** What would be saved if the best offers were taken: works that share a trench already save nothing by another pair among them. */
export function savedOf(pairs: readonly ShownPair[]): number {
  const leader = new Map<string, string>();
  const find = (ref: string): string => {
    const up = leader.get(ref);
    return up === undefined ? ref : find(up);
  };
  let saved = 0;
  for (const { pair } of [...pairs].sort((x, y) => y.pair.saved_m - x.pair.saved_m)) {
    const [a, b] = [find(pair.a), find(pair.b)];
    if (pair.state === "declined" || a === b) continue;
    leader.set(a, b);
    saved += pair.saved_m;
  }
  return saved;
}

export const lookOf = (work: Pick<Work, "kind" | "dig_kind">): string => (work.kind === "plan" ? "plan" : work.dig_kind ?? "connection");

const GOLDEN = 0.381966;
/** A place on a work's outline for its number: another for each, so that works in one street do not hide each other's. */
export function signAt(geometry: Geometry, index: number): LngLat {
  const all = positions(geometry);
  const along = all.length > 1 ? all.slice(0, -1) : all;
  const [lon = 0, lat = 0] = along[Math.floor(((index * GOLDEN) % 1) * along.length)] ?? [];
  return [lon, lat];
}

const MOST_SIGNS = 120;
export function signsOf(works: readonly Work[], number: (value: number) => string, label: (work: Work) => string, lit: ReadonlySet<string>): Sign[] {
  return works.slice(0, MOST_SIGNS).map((work, index) => ({
    id: work.ref, at: signAt(work.geometry, index), text: number(index + 1), label: label(work), look: `dig-sign dig-${lookOf(work)}${lit.has(work.ref) ? " chosen" : ""}`,
  }));
}

export function shapesOf(works: readonly Work[], lit: ReadonlySet<string>, streets: readonly PavingView[] = []): FeatureCollection {
  return {
    type: "FeatureCollection",
    features: [
      ...streets.map((street): Feature => ({ type: "Feature", properties: { kind: "paving" }, geometry: street.geometry })),
      ...works.map((work): Feature => ({ type: "Feature", properties: { kind: "work", look: lookOf(work), lit: lit.has(work.ref) }, geometry: work.geometry })),
    ],
  };
}

// --- the life of a dig

export type PhaseState = "done" | "current" | "upcoming" | "stopped";
export const DIG_PHASES = ["filed", "regularise", "visit", "inquiry", "costs", "payment", "permit", "works", "handover", "tests", "guarantee", "closed"] as const;
export type DigPhase = (typeof DIG_PHASES)[number];
/** What silence means until then: slugs of words. */
export type Silence = "deemed" | "overdue-incident" | "answers-run-out" | "permit-expires" | "permit-over" | "delay-fine" | "guarantee-ends" | null;
export interface Waiting { who: string; since: string | null; until: string | null; isDay: boolean; overdue: boolean; silence: Silence }
export interface PhaseLine { key: DigPhase; state: PhaseState; at: string | null; waiting: Waiting[] }

const PHASE_OF: Record<DigStatus, DigPhase> = {
  draft: "filed", emergency: "regularise", requested: "visit", visited: "inquiry", inquiring: "inquiry", inquired: "costs", costed: "payment",
  paid: "permit", permitted: "works", working: "works", expired: "works", handover_requested: "handover", defects: "handover",
  testing: "tests", guarantee: "guarantee", closed: "closed", refused: "permit", withdrawn: "permit", revoked: "permit",
};
const STOPPED = new Set<DigStatus>(["refused", "withdrawn", "revoked"]);

/** An incident's works begin before its permit: its life has the same parts, and the regularisation in front. */
export function phasesOfDig(view: DigView, now: Date): PhaseLine[] {
  const keys = DIG_PHASES.filter((key) => key !== "regularise" || view.kind === "incident");
  const current = STOPPED.has(view.status) ? stoppedAt(view) : PHASE_OF[view.status];
  const here = keys.indexOf(current);
  return keys.map((key, index) => ({
    key,
    state: view.status === "closed" || index < here ? "done" : index > here ? "upcoming" : STOPPED.has(view.status) ? "stopped" : "current",
    at: index <= here ? whenDone(view, key) : null,
    waiting: index === here && !STOPPED.has(view.status) ? waitingFor(view, now) : [],
  }));
}

/** How far it had come when it was ended. */
function stoppedAt(view: DigView): DigPhase {
  if (view.permit) return "works";
  if (view.payment) return "permit";
  if (view.costs) return "payment";
  if (view.inquiries.length) return "inquiry";
  return view.submitted_at ? "visit" : "filed";
}

function whenDone(view: DigView, key: DigPhase): string | null {
  const last = (kind: string): string | null => view.records.filter((one) => one.kind === kind).at(-1)?.at ?? null;
  switch (key) {
    case "filed": return view.submitted_at ?? view.created_at;
    case "visit": return last("visit");
    case "inquiry": return view.inquiries.map((one) => one.answered_at ?? one.due_at).sort().at(-1) ?? null;
    case "costs": return view.costs?.calculated_at ?? null;
    case "payment": return view.payment?.receipts.at(-1)?.paid_on ?? null;
    case "permit": return view.permit?.issued_at ?? null;
    case "works": return view.restored_on;
    case "tests": return last("test");
    case "guarantee": return view.guarantee_until;
    default: return null;
  }
}

export function waitingFor(view: DigView, now: Date): Waiting[] {
  const asker = view.kind !== "connection" && view.agency ? view.agency : "applicant";
  const one = (who: string, until: string | null = null, silence: Silence = null, since: string | null = null): Waiting => {
    const day = isDay(until);
    return { who, since, until, isDay: day, silence, overdue: until !== null && new Date(day ? `${until}T23:59:59Z` : until) < now };
  };
  // the first answer to run out holds everybody up
  const answersHold = view.inquiries.flatMap((each) => (each.valid_until ? [each.valid_until] : [])).sort()[0] ?? null;
  switch (view.status) {
    case "draft": return [one("applicant")];
    case "emergency": return [one(asker, view.regularise_by, "overdue-incident")];
    case "inquiring": return view.inquiries.filter((each) => each.status === "pending").map((each) => one(each.agency, each.due_at, "deemed", each.asked_at));
    case "inquired": return [one("officer", answersHold, "answers-run-out")];
    case "costed": return [one(asker, answersHold, "answers-run-out")];
    case "paid": return [one("officer", answersHold, "answers-run-out")];
    case "permitted": return [one(asker, view.permit?.last_day ?? null, "permit-expires")];
    case "working": return [one(asker, view.permit?.last_day ?? view.ends_on, "delay-fine")];
    case "expired": return [one("officer", null, "permit-over")];
    case "defects": return [one(asker)];
    case "guarantee": return [one("officer", view.guarantee_until, "guarantee-ends")];
    case "closed": return [];
    default: return [one("officer")];
  }
}

/** A middle of a shape's corners: where the dig is, said without a tap. */
export function middleOf(geometry: Geometry): LngLat | null {
  const all = positions(geometry);
  if (!all.length) return null;
  const ring = all.length > 1 ? all.slice(0, -1) : all;
  const mean = (axis: 0 | 1): number => ring.reduce((sum, one) => sum + (one[axis] ?? 0), 0) / ring.length;
  return [mean(0), mean(1)];
}
