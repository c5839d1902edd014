/** The city's control list: who gets no new excavation permit for a time, and the form of an entry. Pure. */
import type { Tone } from "./tones";

export const BAR_STATES = ["active", "ahead", "over", "lifted"] as const;
export type BarState = (typeof BAR_STATES)[number];
export const BAR_PARTIES = ["contractor", "agency"] as const;
export type BarParty = (typeof BAR_PARTIES)[number];

export interface Bar {
  bar_id: string; party: BarParty; agency: string | null; name: string; licence_no: string | null; reason: string; state: BarState;
  from_on: string; until_on: string | null; entered_by: string; entered_at: string; lifted_by: string | null; lifted_at: string | null; lifted_why: string | null;
}

const TONE: Record<BarState, Tone> = { active: "bad", ahead: "warn", over: "calm", lifted: "good" };
export const barTone = (state: BarState): Tone => TONE[state];
/** What has ended cannot be lifted. */
export const isLiftable = (bar: Pick<Bar, "state">): boolean => bar.state === "active" || bar.state === "ahead";

export interface BarDraft { party: BarParty; agency: string; name: string; licence: string; reason: string; fromOn: string | null; untilOn: string | null }
export type BarField = "agency" | "name" | "reason" | "until";

export const blankBar = (): BarDraft => ({ party: "contractor", agency: "", name: "", licence: "", reason: "", fromOn: null, untilOn: null });

/** What is missing or cannot be, by field; `today` in the city. */
export function problemsOfBar(draft: BarDraft, today: string): Partial<Record<BarField, string>> {
  const problems: Partial<Record<BarField, string>> = {};
  if (draft.party === "agency" && draft.agency === "") problems.agency = "ui-problem-required";
  if (draft.party === "contractor" && draft.name.trim() === "") problems.name = "ui-problem-required";
  if (draft.reason.trim() === "") problems.reason = "ui-problem-required";
  const from = draft.fromOn ?? today;
  if (draft.untilOn !== null && draft.untilOn < (from > today ? from : today)) problems.until = "ui-problem-dates-order";
  return problems;
}

export function barBody(draft: BarDraft): Record<string, unknown> {
  const licence = draft.licence.trim();
  const who = draft.party === "agency" ? { agency: draft.agency } : { name: draft.name.trim(), ...(licence ? { licence_no: licence } : {}) };
  return {
    party: draft.party, ...who, reason: draft.reason.trim(),
    ...(draft.fromOn ? { from_on: draft.fromOn } : {}), ...(draft.untilOn ? { until_on: draft.untilOn } : {}),
  };
}
