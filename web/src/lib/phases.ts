/**
 * "Why am I waiting": the phases of a case, who holds it in each, since when and until when.
 * Pure; the words are added where it is drawn.
 */
import type { CaseView, Exchange } from "./types";

export type PhaseState = "done" | "current" | "upcoming" | "stopped";
export type PhaseKey = "submitted" | "consultation" | "decision" | "construction" | "building" | "permanent" | "completed";

export interface Waiting { who: string; since: string | null; until: string | null; overdue: boolean }
export interface Phase { key: PhaseKey; state: PhaseState; since: string | null; until: string | null; waiting: Waiting[] }

const ENDED = new Set(["refused", "withdrawn", "revoked"]);
/** The phase in which each status stands. */
const AT: Record<string, PhaseKey> = {
  consulting: "consultation",
  awaiting_decision: "decision",
  refused: "decision",
  withdrawn: "decision",
  exchanging: "construction",
  needs_decision: "construction",
  revoked: "construction",
  active: "building",
  completing: "permanent",
  completed: "completed",
};
const ORDER: readonly PhaseKey[] = [
  "submitted", "consultation", "decision", "construction", "building", "permanent", "completed",
];
export const MUNICIPALITY = "municipality";

export function phasesOf(view: CaseView, now: Date): Phase[] {
  let current = AT[view.status] ?? "submitted";
  if (view.status === "needs_decision" && latest(view, "permanent")) current = "permanent";
  const here = ORDER.indexOf(current);
  return ORDER.map((key, index) => {
    const state = stateAt(index, here, view.status);
    const [since, until] = span(key, view);
    return { key, state, since, until, waiting: state === "current" ? waiting(key, view, now) : [] };
  });
}

function stateAt(index: number, here: number, status: string): PhaseState {
  if (index < here || status === "completed") return "done";
  if (index > here) return "upcoming";
  return ENDED.has(status) ? "stopped" : "current";
}

export function latest(view: CaseView, purpose: Exchange["purpose"]): Exchange | null {
  const all = view.exchanges.filter((exchange) => exchange.purpose === purpose);
  return all.reduce<Exchange | null>((best, next) => (!best || next.revision >= best.revision ? next : best), null);
}

function lastAnswer(view: CaseView): string | null {
  const instants = view.consultations.map((one) => one.answered_at).filter((one) => one !== null);
  return instants.length ? instants.reduce((a, b) => (a > b ? a : b)) : null;
}

function span(key: PhaseKey, view: CaseView): [string | null, string | null] {
  switch (key) {
    case "submitted":
      return [view.submitted_at, view.submitted_at];
    case "consultation":
      return [earliest(view.consultations.map((one) => one.asked_at)), lastAnswer(view)];
    case "decision":
      return [lastAnswer(view), view.decision?.at ?? null];
    case "construction":
      return [view.decision?.at ?? null, latest(view, "construction")?.effective_at ?? null];
    case "building":
      // while it lasts: until the permit runs out; afterwards: until the permanent tariff took over
      return [latest(view, "construction")?.effective_at ?? null, latest(view, "permanent")?.effective_at ?? view.permit?.valid_until ?? null];
    case "permanent":
      return [null, latest(view, "permanent")?.effective_at ?? null];
    case "completed":
      return [latest(view, "permanent")?.effective_at ?? null, null];
  }
}

function earliest(instants: (string | null)[]): string | null {
  const known = instants.filter((one) => one !== null);
  return known.length ? known.reduce((a, b) => (a < b ? a : b)) : null;
}

function waiting(key: PhaseKey, view: CaseView, now: Date): Waiting[] {
  const one = (who: string, since: string | null, until: string | null): Waiting => ({
    who, since, until, overdue: until !== null && new Date(until) < now,
  });
  if (key === "consultation") {
    return view.consultations
      .filter((asked) => asked.status === "pending")
      .map((asked) => one(asked.agency, asked.asked_at, asked.due_at));
  }
  if (view.status === "needs_decision") {
    return [one(MUNICIPALITY, view.tasks[0]?.opened_at ?? null, null)];
  }
  if (key === "construction" || key === "permanent") return exchangeWaiting(latest(view, key), view, one);
  if (key === "decision") return [one(MUNICIPALITY, lastAnswer(view), null)];
  if (key === "building") return [one("applicant", span("building", view)[0], view.permit?.valid_until ?? null)];
  return [];
}

function exchangeWaiting(
  exchange: Exchange | null, view: CaseView, one: (who: string, since: string | null, until: string | null) => Waiting,
): Waiting[] {
  if (!exchange) return [];
  const until = exchange.state === "trying" ? exchange.decide_by : exchange.hold_until;
  const since = exchange.purpose === "construction" ? view.decision?.at ?? null : null;
  return exchange.agencies
    .filter((agency) => !settled(exchange, agency))
    .map((agency) => one(agency.agency, since, until));
}

function settled(exchange: Exchange, agency: Exchange["agencies"][number]): boolean {
  if (exchange.state === "trying") return agency.try === "done";
  if (exchange.state === "confirming") return agency.confirm === "done";
  if (exchange.state === "cancelling") return agency.cancel === "done" || agency.try === "refused" || agency.try === "superseded";
  return true;
}
