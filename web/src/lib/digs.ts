/** Excavations as the page reads them: shapes of the API's JSON, and what follows from them alone. Pure. */
import type { FeatureCollection, Geometry, LineString, Point, Polygon, Position } from "geojson";
import { closed, crossesItself, type Corners } from "../map/polygon";
import { positions } from "../map/bounds";
import type { IconName } from "../ui/Icon.svelte";
import { isBore, isTop } from "../request/draft";
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

export interface DigView {
  dig_id: string; dig_no: string; city: string; kind: DigKind; status: DigStatus; version: number; title: string; agency: string | null;
  case_id: string | null; parcel_id: string | null; applicant: { name: string }; handler: string | null; works: DigWorks;
  contractor: Party | null; supervisor: Party | null;
  excavation: { geometry: Polygon; depth_m: number; area_m2: number; method: string } | null;
  starts_on: string | null; ends_on: string | null; allowed_delay_days: number; renewals: number;
  verdict: Verdict | null; findings: Finding[]; missing_information: { layer_id: string; state: string }[]; suggested_conditions: Condition[];
  inquiries: DigInquiry[];
  moratorium: { title: string; paved_on: string; until: string; source: string; lifted_by?: string | null; authority?: string; lifted_why?: string } | null;
  earlier_digs: number; repeat_coefficient: number;
  costs: { currency: string; total: number; calculated_at: string; items: CostItem[]; unconfirmed: string[]; fine?: { days_late: number; amount: number } } | null;
  payment: { amount: number; receipts: { receipt_no: string; amount: number; paid_on: string }[] } | null;
  permit: { permit_no: string; issued_at: string; issued_by: string; last_day: string; conditions: (Condition & { agency?: string })[]; liable: string[] } | null;
  reason: string | null; started_on: string | null; restored_on: string | null; regularise_by: string | null; valid_until: string | null;
  guarantee_until: string | null; answers_due_at: string | null; submitted_at: string | null; created_at: string;
  records: DigRecord[]; warnings: DigRecord[]; overlaps: Overlap[]; trench: { trench_id: string; members: string[] } | null;
  actions: string[]; blocked: Record<string, string[]>;
}

export interface DigSummary {
  dig_id: string; dig_no: string; kind: DigKind; status: DigStatus; title: string; agency: string | null; case_id: string | null;
  parcel_id: string | null; applicant: string; starts_on: string | null; ends_on: string | null; verdict: Verdict | null;
  due_at: string | null; open_warnings: number; open_overlaps: number;
}
export interface PlanView {
  plan_id: string; agency: string; agency_ref: string; title: string; status: string; version: number;
  works: { length_m: number | null; width_m: number | null; depth_m: number | null; pavement: string | null };
  geometry: Geometry; starts_on: string; ends_on: string; overlaps: Overlap[];
}
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

export function shapesOf(works: readonly Work[], lit: ReadonlySet<string>): FeatureCollection {
  return {
    type: "FeatureCollection",
    features: works.map((work) => ({ type: "Feature", properties: { kind: "work", look: lookOf(work), lit: lit.has(work.ref) }, geometry: work.geometry })),
  };
}

// --- the life of a dig

export type PhaseState = "done" | "current" | "upcoming" | "stopped";
export const DIG_PHASES = ["filed", "regularise", "visit", "inquiry", "costs", "payment", "permit", "works", "handover", "tests", "guarantee", "closed"] as const;
export type DigPhase = (typeof DIG_PHASES)[number];
/** What silence means until then: slugs of words. */
export type Silence = "deemed" | "overdue-incident" | "answers-run-out" | "permit-expires" | "delay-fine" | "guarantee-ends" | null;
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
    case "defects": return [one(asker)];
    case "guarantee": return [one("officer", view.guarantee_until, "guarantee-ends")];
    case "closed": return [];
    default: return [one("officer")];
  }
}

// --- acts and their small forms

export type FieldKind = "text" | "long" | "number" | "day" | "agency" | "pavement" | "answer" | "stage" | "passed" | "lines";
export interface ActField { name: string; kind: FieldKind; required?: boolean }
const REASON: ActField = { name: "reason", kind: "long", required: true };
const NOTE: ActField = { name: "note", kind: "long" };
const MINUTES: ActField = { name: "minutes_no", kind: "text", required: true };

/** In the order of their buttons. `change` and `regularise` are written in the form of a new one, so they have no fields here. */
export const DIG_ACTS: Record<string, readonly ActField[]> = {
  submit: [],
  regularise: [],
  visit: [
    { name: "pavement", kind: "pavement" }, { name: "asphalt_age_years", kind: "number" }, { name: "asphalt_thickness_cm", kind: "number" },
    { name: "quality_coefficient", kind: "number" }, { name: "traffic_approval_no", kind: "text" }, { name: "safety_approval_no", kind: "text" }, NOTE,
  ],
  inquire: [],
  answer: [{ name: "agency", kind: "agency", required: true }, { name: "answer", kind: "answer", required: true }, NOTE],
  reinquire: [],
  calculate: [],
  pay: [{ name: "receipt_no", kind: "text", required: true }, { name: "amount", kind: "number", required: true }, { name: "paid_on", kind: "day" }],
  permit: [],
  start: [{ name: "on", kind: "day" }],
  supervise: [{ name: "score", kind: "number", required: true }, NOTE],
  request_handover: [{ name: "restored_on", kind: "day" }, NOTE],
  pass_inspection: [NOTE],
  fix_defects: [NOTE],
  record_test: [{ name: "stage", kind: "stage", required: true }, { name: "passed", kind: "passed", required: true }, { name: "laboratory", kind: "text" }, { name: "result", kind: "long" }],
  accept_provisionally: [MINUTES],
  accept_finally: [MINUTES],
  change: [],
  renew: [{ name: "ends_on", kind: "day", required: true }, REASON],
  override_moratorium: [{ name: "authority", kind: "text", required: true }, REASON],
  report_defects: [{ name: "defects", kind: "lines", required: true }],
  revoke_silence: [{ name: "agency", kind: "agency", required: true }, REASON],
  refuse: [REASON],
  withdraw: [{ name: "reason", kind: "long" }],
  revoke: [REASON],
};
const ALARMING = new Set(["refuse", "withdraw", "revoke", "report_defects", "revoke_silence"]);
const ONWARD = new Set([
  "submit", "regularise", "visit", "inquire", "calculate", "pay", "permit", "start", "request_handover", "pass_inspection", "fix_defects",
  "record_test", "accept_provisionally", "accept_finally",
]);
/** An act on something that is not there is no button: a moratorium, a silence, a question that is open. */
function hasObject({ moratorium, inquiries }: Pick<DigView, "moratorium" | "inquiries">, name: string): boolean {
  if (name === "override_moratorium") return moratorium !== null && !moratorium.lifted_by;
  if (name === "revoke_silence") return inquiries.some((one) => one.status === "silent");
  return name !== "answer" || inquiries.some((one) => one.status === "pending");
}
/** What may be done now: the way on first, the farthest of it in full colour, what ends it last and in red. */
export function buttonsOf(view: Pick<DigView, "actions" | "moratorium" | "inquiries">): { name: string; style: string }[] {
  const names = Object.keys(DIG_ACTS).filter((name) => view.actions.includes(name) && hasObject(view, name));
  // the farthest on: where costs may be calculated again and paid, paying is the way
  const first = names.filter((name) => ONWARD.has(name)).at(-1);
  return [...names].sort((x, y) => Number(y === first) - Number(x === first))
    .map((name) => ({ name, style: name === first ? "primary" : ALARMING.has(name) && name !== "withdraw" ? "danger" : "" }));
}

export type Said = Record<string, string | number | null | undefined>;
export function isActReady(fields: readonly ActField[], said: Said): boolean {
  return fields.every(({ name, kind, required }) => {
    const value = said[name];
    const isThere = kind === "number" ? typeof value === "number" : typeof value === "string" && value.trim() !== "";
    if (kind === "number" && value !== null && value !== undefined && !Number.isFinite(value)) return false;
    return isThere || !required;
  });
}

export function actBody(fields: readonly ActField[], said: Said): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const { name, kind } of fields) {
    const value = said[name];
    if (value === null || value === undefined || value === "") continue;
    if (kind === "stage") body[name] = Number(value);
    else if (kind === "passed") body[name] = value === "yes";
    else if (kind === "lines") body[name] = String(value).split("\n").map((line) => line.trim()).filter((line) => line !== "");
    else body[name] = typeof value === "string" ? value.trim() : value;
  }
  return body;
}

/** The address an action is posted to: a company's answer is one of several. */
export const pathOfAct = (name: string): string => (name === "answer" ? "answers" : name);

// --- the request

export interface DigDraft {
  kind: DigKind; title: string; agency: string; parcelId: string; isArea: boolean; corners: Corners; depth_m: number | null; width_m: number | null;
  method: string; top_m: number | null; pavement: string; asphaltAge: number | null; startsOn: string | null; endsOn: string | null;
  applicant: string; phone: string; contractor: string; contractorPhone: string; supervisor: string; supervisorPhone: string;
}
export type DigField = "title" | "agency" | "corners" | "depth_m" | "width_m" | "top_m" | "dates" | "applicant";
export type DigProblems = Partial<Record<DigField, string>>;

export function blankDig(kind: DigKind = "connection"): DigDraft {
  return {
    kind, title: "", agency: "", parcelId: "", isArea: false, corners: [], depth_m: 1.2, width_m: 0.8, method: "machine", top_m: null, pavement: "asphalt",
    asphaltAge: null, startsOn: null, endsOn: null, applicant: "", phone: "", contractor: "", contractorPhone: "", supervisor: "", supervisorPhone: "",
  };
}

/** A draft or an incident is opened with what it already says. */
export function draftOf(view: DigView): DigDraft {
  const ring = view.excavation?.geometry.coordinates[0] ?? [];
  return {
    ...blankDig(view.kind), title: view.title, agency: view.agency ?? "", parcelId: view.parcel_id ?? "", isArea: ring.length > 0,
    corners: ring.slice(0, -1).map(([lon = 0, lat = 0]): LngLat => [lon, lat]), depth_m: view.excavation?.depth_m ?? 1.2,
    width_m: view.works.width_m ?? 0.8, method: view.excavation?.method ?? "machine", pavement: view.works.pavement ?? "asphalt",
    asphaltAge: view.works.asphalt_age_years ?? null, startsOn: view.starts_on, endsOn: view.ends_on, applicant: view.applicant.name,
    contractor: view.contractor?.name ?? "", contractorPhone: view.contractor?.phone ?? "",
    supervisor: view.supervisor?.name ?? "", supervisorPhone: view.supervisor?.phone ?? "",
  };
}

/** One click is a pit, several are a trench's axis; an area needs three. */
export function shapeOfDig(corners: Corners, isArea: boolean): Polygon | LineString | Point | null {
  const first = corners[0];
  if (!first) return null;
  if (isArea) return closed(corners);
  return corners.length === 1 ? { type: "Point", coordinates: [...first] } : { type: "LineString", coordinates: corners.map((one) => [...one] as Position) };
}

const DEEPEST_M = 60;
const WIDEST_M = 50;
export function problemsOfDig(draft: DigDraft, needsName: boolean): DigProblems {
  const problems: DigProblems = {};
  if (draft.title.trim() === "") problems.title = "ui-problem-required";
  if (draft.agency === "") problems.agency = "ui-problem-agency";
  if (!shapeOfDig(draft.corners, draft.isArea)) problems.corners = draft.isArea ? "ui-problem-corners" : "ui-problem-trench";
  else if (draft.isArea && crossesItself(draft.corners)) problems.corners = "ui-problem-crossing";
  if (draft.depth_m === null || !(draft.depth_m > 0 && draft.depth_m <= DEEPEST_M)) problems.depth_m = "ui-problem-depth";
  if (draft.width_m === null || !(draft.width_m > 0 && draft.width_m <= WIDEST_M)) problems.width_m = "ui-problem-width";
  if (isBore(draft.method) && !isTop(draft.top_m, draft.depth_m)) problems.top_m = "ui-problem-top";
  // an incident is dug first: its dates are said when it is regularised
  const isDated = draft.startsOn !== null && draft.endsOn !== null;
  if (!isDated && draft.kind !== "incident") problems.dates = "ui-problem-dates";
  else if (isDated && (draft.endsOn ?? "") < (draft.startsOn ?? "")) problems.dates = "ui-problem-dates-order";
  if (needsName && draft.applicant.trim() === "") problems.applicant = "ui-problem-required";
  return problems;
}

const party = (name: string, phone: string): Party | undefined =>
  name.trim() === "" ? undefined : { name: name.trim(), ...(phone.trim() ? { phone: phone.trim() } : {}) };

/** What a change may say: a draft's kind, agency and applicant stay as they were filed. */
export function changeOf(draft: DigDraft): Record<string, unknown> {
  const geometry = shapeOfDig(draft.corners, draft.isArea);
  if (!geometry) throw new Error("the trench is not drawn");
  const [contractor, supervisor] = [party(draft.contractor, draft.contractorPhone), party(draft.supervisor, draft.supervisorPhone)];
  return {
    title: draft.title.trim(),
    excavation: { geometry, crs: "EPSG:4326", depth_m: draft.depth_m, method: draft.method, ...(isBore(draft.method) ? { top_m: draft.top_m ?? 0 } : {}) },
    works: { pavement: draft.pavement, width_m: draft.width_m, ...(draft.asphaltAge === null ? {} : { asphalt_age_years: draft.asphaltAge }) },
    ...(draft.startsOn && draft.endsOn ? { starts_on: draft.startsOn, ends_on: draft.endsOn } : {}),
    ...(contractor ? { contractor } : {}),
    ...(supervisor ? { supervisor } : {}),
  };
}

export function filingOf(draft: DigDraft): Record<string, unknown> {
  const name = draft.applicant.trim();
  return {
    kind: draft.kind, agency: draft.agency, ...changeOf(draft),
    ...(draft.parcelId.trim() ? { parcel_id: draft.parcelId.trim() } : {}),
    ...(name ? { applicant: { name, ...(draft.phone.trim() ? { phone: draft.phone.trim() } : {}) } } : {}),
  };
}

// --- reports from the trench

export interface ReportDraft { kind: Fault | null; at: LngLat | null; digId: string | null; utility: string; depth_m: number | null; note: string }

export function reportForm(draft: ReportDraft, photo: File | null): FormData {
  const form = new FormData();
  const said: Record<string, string | null | undefined> = {
    kind: draft.kind, lon: draft.at?.[0].toFixed(7), lat: draft.at?.[1].toFixed(7), dig_id: draft.digId, utility: draft.utility,
    depth_m: draft.depth_m === null ? null : String(draft.depth_m), note: draft.note.trim(),
  };
  for (const [name, value] of Object.entries(said)) if (value) form.append(name, value);
  if (photo) form.append("photo", photo);
  return form;
}

/** A middle of a shape's corners: where the dig is, said without a tap. */
export function middleOf(geometry: Geometry): LngLat | null {
  const all = positions(geometry);
  if (!all.length) return null;
  const ring = all.length > 1 ? all.slice(0, -1) : all;
  const mean = (axis: 0 | 1): number => ring.reduce((sum, one) => sum + (one[axis] ?? 0), 0) / ring.length;
  return [mean(0), mean(1)];
}
