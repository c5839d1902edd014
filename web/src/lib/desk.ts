/** A company's desk as the page reads it: what waits, what is asked, and what a person's answer becomes. Pure. */
import type { IconName } from "../ui/Icon.svelte";
import { isDay } from "./days";
import type { DigSummary } from "./digs";
import type { Tone } from "./tones";
import type { Agency, City, Me, Offer } from "./types";

/** Can you serve it? Hold the order. Carry it out. Release it. */
export type DeskOp = "inquire" | "try" | "confirm" | "cancel";
export const DESK_REASONS = ["no-capacity", "too-far-from-main", "no-suitable-main", "capacity-out-of-range", "documents-missing", "other"] as const;
export const DESK_REFUSALS = ["no-capacity", "tariff-change-refused", "debt", "unknown-parcel", "already-confirmed", "other"] as const;

export interface DeskTask {
  task_id: string; op: DeskOp; state: string; is_open: boolean; is_late: boolean; version: number; agency: string; at_desk: boolean;
  case_id: string; case_no: string; case_status: string; city: string; parcel_id: string; works: string; our_ref: string;
  asked_at: string; due_at: string | null; purpose: "construction" | "permanent" | null; utility: string | null; wish: string | null;
}

export interface Proposal {
  main_id: string; length_m: number | null; cover_m: number | null; size: { name: string } | null; demand: { amount: number; unit: string } | null;
  estimate: (Offer & { formula_id?: string; status?: string }) | null;
  shared_trench: { with: string[]; saved_m: number; width_m: number } | null;
}

/** The form that a company's system would be sent; of an inquiry or of an order. */
export interface DeskForm {
  capacity?: Record<string, number>;
  excavation?: { depth_m: number };
  proposal?: Proposal | null;
  permit_no?: string;
  connection?: { utility: string; capacity: Record<string, number>; offer_ref: string | null } | null;
  tariff_change?: { from: string; to: string };
  effective_at?: string;
  hold_until?: string;
}

export interface DeskView {
  task: DeskTask;
  form: DeskForm;
  held: { order_number?: string; note?: string } | null;
  answer: { serviceable: boolean; reason_code: string | null; offer: Offer | null } | null;
  result: { order_number?: string; tariff_receipt?: string; note?: string } | null;
  units: Record<string, number>;
  storeys: number;
  ended_at: string | null;
}

/** What is being written; it outlives the page, so a change of language loses nothing. */
export interface AnswerDraft {
  serviceable: "" | "yes" | "no"; reason: string; note: string; conditions: string; amount: number | null; until: string | null; offerRef: string;
  capacity: Record<string, number | null | undefined>;
}
export interface OrderDraft { isRefusal: boolean; reason: string; number: string; note: string }

export const blankAnswer = (): AnswerDraft =>
  ({ serviceable: "", reason: "", note: "", conditions: "", amount: null, until: null, offerRef: "", capacity: {} });
export const blankOrder = (): OrderDraft => ({ isRefusal: false, reason: "", number: "", note: "" });

const isAmount = (value: number | null): boolean => value === null || (Number.isFinite(value) && value >= 0);

export function isAnswerReady(draft: AnswerDraft): boolean {
  if (draft.serviceable === "no") return draft.reason !== "";
  return draft.serviceable === "yes" && isAmount(draft.amount) && Object.values(draft.capacity).every((one) => one === null || one === undefined || one > 0);
}

export function answerBody(draft: AnswerDraft, version: number): Record<string, unknown> {
  const said: Record<string, unknown> = { expected_version: version, serviceable: draft.serviceable === "yes" };
  if (draft.note.trim()) said["note"] = draft.note.trim();
  const conditions = draft.conditions.split("\n").map((one) => one.trim()).filter(Boolean);
  if (conditions.length) said["conditions"] = conditions;
  if (draft.serviceable === "no") return { ...said, reason_code: draft.reason };
  if (draft.amount !== null) {
    said["offer"] = {
      amount: draft.amount, ...(isDay(draft.until) ? { valid_until: draft.until } : {}), ...(draft.offerRef.trim() ? { offer_ref: draft.offerRef.trim() } : {}),
    };
  }
  const capacity = Object.entries(draft.capacity).filter((pair): pair is [string, number] => typeof pair[1] === "number");
  if (capacity.length) said["proposed_capacity"] = Object.fromEntries(capacity);
  return said;
}

/** Releasing an order needs no number of its own. */
export const needsNumber = (op: DeskOp): boolean => op === "try" || op === "confirm";

export function isOrderReady(draft: OrderDraft, op: DeskOp): boolean {
  return draft.isRefusal ? draft.reason !== "" : !needsNumber(op) || draft.number.trim() !== "";
}

export function orderBody(draft: OrderDraft, version: number): { path: "done" | "refuse"; body: Record<string, unknown> } {
  const said = { expected_version: version, ...(draft.note.trim() ? { note: draft.note.trim() } : {}) };
  if (draft.isRefusal) return { path: "refuse", body: { ...said, reason_code: draft.reason } };
  return { path: "done", body: { ...said, ...(draft.number.trim() ? { number: draft.number.trim() } : {}) } };
}

/** One line of the desk: a task of a building permit, or an excavation whose question is still open. */
export type DeskLine = { kind: "task"; due: string | null; task: DeskTask } | { kind: "dig"; due: string | null; dig: DigSummary };

/** Everything that waits, what is due first on top; what has no date comes last. */
export function deskLines(tasks: readonly DeskTask[], digs: readonly DigSummary[]): DeskLine[] {
  const lines: DeskLine[] = [
    ...tasks.map((task) => ({ kind: "task" as const, due: task.due_at, task })),
    ...digs.map((dig) => ({ kind: "dig" as const, due: dig.due_at, dig })),
  ];
  return lines.sort((a, b) => (a.due ?? "9").localeCompare(b.due ?? "9"));
}

const DAY_MS = 86_400_000;
export function dueTone(due: string | null, now: Date): Tone {
  if (!due) return "calm";
  const left = new Date(due).getTime() - now.getTime();
  return left < 0 ? "bad" : left < 2 * DAY_MS ? "warn" : "calm";
}

const OP_ICON: Record<DeskOp, IconName> = { inquire: "unsure", try: "lock", confirm: "check", cancel: "undo" };
export const opIcon = (op: DeskOp): IconName => OP_ICON[op] ?? "file";

export const isAtDesk = (agency: Agency): boolean => agency.consulted && !["L3", "L2", "L1"].includes(agency.capability ?? "");
/** Who looks at every company's desk and at how long their tariffs take (api/security.py, READ_TARIFF_LAG). */
export const seesTariffLag = (me: Me | null): boolean => ["officer", "auditor"].includes(me?.role ?? "");
/** Who is told of orders that only a company knows (api/security.py, READ_UNEXPLAINED). */
export const seesUnexplained = (me: Me | null): boolean => ["officer", "auditor"].includes(me?.role ?? "");
export const ownAgency = (me: Me | null, city: City): Agency | null =>
  me?.role === "agency" ? city.agencies.find((one) => one.id === me.agency) ?? null : null;

export interface AgencyLag {
  agency: string; open: number; late: number; confirmed: number; median_hours: number | null; longest_hours: number | null; longest_open_hours: number | null;
}
export interface TariffLag {
  case_id: string; case_no: string; case_status: string; permit_no: string | null; parcel_id: string; agency: string; purpose: string; tariff_from: string;
  tariff_to: string; state: string; attempts: number; asked_at: string; effective_at: string; confirmed_at: string | null; receipt: string | null;
  lag_hours: number; days_late: number;
}
export interface LagReport { as_of: string; agencies: AgencyLag[]; rows: TariffLag[]; truncated: boolean }
