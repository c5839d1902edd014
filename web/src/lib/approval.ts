/**
 * What an approval must state. The server decides; this only spares the officer a refusal: each violation
 * needs a remedy with its reason, each silent company needs the officer to say why its silence is accepted.
 */
import type { CaseView, Condition, Finding } from "./types";
import { refOf } from "./findings";

export const REMEDIES = ["protective-measures", "relocate-first", "override-violation"] as const;
export type Remedy = (typeof REMEDIES)[number];
export const ACCEPT_SILENCE = "accept-silence";
export const OTHER = "other";
/** The server adds these to every permit that needs them. */
const AUTOMATIC = new Set(["trial-pit", "ask-owner"]);

export interface Answer { remedy: Remedy | ""; note: string }
export interface ViolationAnswer extends Answer { ref: string; finding: Finding }
export interface SilenceAnswer { agency: string; note: string }
/** Conditions of one kind that the conflict check proposes; the officer takes them or not. */
export interface Suggestion { code: string; conditions: Condition[]; isTaken: boolean }
export interface Approval {
  /** One remedy for all violations; null when each has its own. */
  common: Answer | null;
  violations: ViolationAnswer[];
  silences: SilenceAnswer[];
  suggestions: Suggestion[];
  extra: string;
}

/** Empty answers for everything the case has open. */
export function blankApproval(view: CaseView): Approval {
  const violations = new Map<string, ViolationAnswer>();
  for (const finding of view.findings) {
    if (finding.verdict !== "violates" || violations.has(refOf(finding))) continue;
    violations.set(refOf(finding), { ref: refOf(finding), finding, remedy: "", note: "" });
  }
  const silences = view.consultations.filter((one) => one.status === "lapsed").map((one) => ({ agency: one.agency, note: "" }));
  const suggestions = new Map<string, Suggestion>();
  for (const condition of view.dossier?.suggested_conditions ?? []) {
    if (AUTOMATIC.has(condition.code)) continue;
    const group = suggestions.get(condition.code) ?? { code: condition.code, conditions: [], isTaken: true };
    group.conditions.push(condition);
    suggestions.set(condition.code, group);
  }
  return {
    common: { remedy: "", note: "" }, violations: [...violations.values()], silences, suggestions: [...suggestions.values()], extra: "",
  };
}

const isAnswered = (one: Answer): boolean => one.remedy !== "" && one.note.trim() !== "";

export function isComplete(approval: Approval): boolean {
  const { common, violations, silences } = approval;
  const isRemedied = violations.length === 0 || (common ? isAnswered(common) : violations.every(isAnswered));
  return isRemedied && silences.every((one) => one.note.trim() !== "");
}

/** The request's conditions; one line of the free text is one condition. */
export function conditionsOf(approval: Approval): Condition[] {
  const { common, violations, silences, suggestions, extra } = approval;
  const remedies: Condition[] = common
    ? [{ code: common.remedy, params: { findings: violations.map((one) => one.ref) }, note: common.note.trim() }]
    : violations.map((one) => ({ code: one.remedy, params: { findings: [one.ref] }, note: one.note.trim() }));
  return [
    ...(violations.length ? remedies : []),
    ...silences.map((one): Condition => ({ code: ACCEPT_SILENCE, params: { agency: one.agency }, note: one.note.trim() })),
    ...suggestions.filter((one) => one.isTaken).flatMap((one) => one.conditions),
    ...extra.split("\n").map((line) => line.trim()).filter((line) => line !== "")
      .map((line): Condition => ({ code: OTHER, params: {}, note: line })),
  ];
}
