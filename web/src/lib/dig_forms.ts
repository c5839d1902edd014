/** What is written about an excavation: the small forms of its acts, its request, a report from its trench. Pure. */
import type { LineString, Point, Polygon, Position } from "geojson";
import { closed, crossesItself, type Corners } from "../map/polygon";
import { isBore, isTop } from "../request/draft";
import type { DigKind, DigView, Fault, Party } from "./digs";
import type { LngLat } from "./types";

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
type Acted = Pick<DigView, "moratorium" | "inquiries" | "records" | "blocked">;
const ANSWERS = ["consent", "inquiries_valid"];
/** An act on something that is not there is no button: a moratorium, a silence, a question or a defect that is open, an answer to ask for anew. */
function hasObject({ moratorium, inquiries, records, blocked }: Acted, name: string): boolean {
  if (name === "reinquire") return Object.values(blocked).some((needs) => needs.some((need) => ANSWERS.includes(need)));
  if (name === "fix_defects") return records.some((one) => one.kind === "defect" && !one.closed_at);
  if (name === "override_moratorium") return moratorium !== null && !moratorium.lifted_by;
  if (name === "revoke_silence") return inquiries.some((one) => one.status === "silent");
  return name !== "answer" || inquiries.some((one) => one.status === "pending");
}
/** What may be done now: the way on first, the farthest of it in full colour, what ends it last and in red. */
export function buttonsOf(view: Acted & Pick<DigView, "actions">): { name: string; style: string }[] {
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
  applicant: string; phone: string; contractor: string; contractorPhone: string; licence: string; supervisor: string; supervisorPhone: string;
}
export type DigField = "title" | "agency" | "corners" | "depth_m" | "width_m" | "top_m" | "dates" | "applicant";
export type DigProblems = Partial<Record<DigField, string>>;

export function blankDig(kind: DigKind = "connection"): DigDraft {
  return {
    kind, title: "", agency: "", parcelId: "", isArea: false, corners: [], depth_m: 1.2, width_m: 0.8, method: "machine", top_m: null, pavement: "asphalt",
    asphaltAge: null, startsOn: null, endsOn: null, applicant: "", phone: "", contractor: "", contractorPhone: "", licence: "", supervisor: "", supervisorPhone: "",
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
    contractor: view.contractor?.name ?? "", contractorPhone: view.contractor?.phone ?? "", licence: view.contractor?.licence_no ?? "",
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

const party = (name: string, phone: string, licence = ""): Party | undefined =>
  name.trim() === "" ? undefined : { name: name.trim(), ...(phone.trim() ? { phone: phone.trim() } : {}), ...(licence.trim() ? { licence_no: licence.trim() } : {}) };

/** What a change may say: a draft's kind, agency and applicant stay as they were filed. */
export function changeOf(draft: DigDraft): Record<string, unknown> {
  const geometry = shapeOfDig(draft.corners, draft.isArea);
  if (!geometry) throw new Error("the trench is not drawn");
  const [contractor, supervisor] = [party(draft.contractor, draft.contractorPhone, draft.licence), party(draft.supervisor, draft.supervisorPhone)];
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

export const blankReport = (digId: string | null): ReportDraft => ({ kind: null, at: null, digId, utility: "", depth_m: null, note: "" });

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
