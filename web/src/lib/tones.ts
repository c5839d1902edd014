/** What a value means to the eye: which of five tones, which icon. Never colour alone: each has its word too. */
import type { IconName } from "../ui/Icon.svelte";
import type { AgreementVerdict, DeliveryState, Severity } from "./delivery_types";
import type { FreshnessState, Verdict } from "./types";

export type Tone = "calm" | "info" | "good" | "warn" | "bad";

const STATUS: Record<string, Tone> = {
  consulting: "info", awaiting_decision: "warn", exchanging: "info", active: "good", needs_decision: "bad",
  completing: "info", completed: "good", refused: "calm", withdrawn: "calm", revoked: "calm",
};
const STEP: Record<string, Tone> = {
  pending: "calm", sending: "info", done: "good", refused: "bad", unknown: "warn", parked: "warn", superseded: "calm",
};
const VERDICT: Record<Verdict, { tone: Tone; icon: IconName }> = {
  violates: { tone: "bad", icon: "bad" },
  undecidable: { tone: "warn", icon: "unsure" },
  no_information: { tone: "calm", icon: "none" },
  clear: { tone: "good", icon: "good" },
};

export const statusTone = (status: string): Tone => STATUS[status] ?? "calm";
export const stepTone = (state: string): Tone => STEP[state] ?? "calm";
export const verdictTone = (verdict: Verdict): Tone => VERDICT[verdict]?.tone ?? "calm";
export const verdictIcon = (verdict: Verdict): IconName => VERDICT[verdict]?.icon ?? "none";

const DELIVERY: Record<DeliveryState, Tone> = {
  received: "info", reading: "info", checking: "info", staged: "info", published: "good", unchanged: "calm", held: "warn",
  refused: "bad", previewed: "calm", rolled_back: "good", corrected: "calm", interrupted: "bad", failed: "bad",
};
const SEVERITY: Record<Severity, Tone> = { error: "bad", warning: "warn", notice: "info", fact: "calm" };
const FRESHNESS: Record<FreshnessState, Tone> = { fresh: "good", stale: "warn", missing: "bad" };
const AGREEMENT: Record<AgreementVerdict, { tone: Tone; icon: IconName }> = {
  agrees: { tone: "good", icon: "good" }, off: { tone: "bad", icon: "bad" }, "no-match": { tone: "calm", icon: "none" },
};

export const deliveryTone = (state: string): Tone => DELIVERY[state as DeliveryState] ?? "calm";
export const severityTone = (severity: string): Tone => SEVERITY[severity as Severity] ?? "calm";
export const freshnessTone = (state: FreshnessState): Tone => FRESHNESS[state] ?? "calm";
export const agreementTone = (verdict: AgreementVerdict): Tone => AGREEMENT[verdict]?.tone ?? "calm";
export const agreementIcon = (verdict: AgreementVerdict): IconName => AGREEMENT[verdict]?.icon ?? "none";

/** Worst first: what an officer must look at stands on top. */
export const VERDICT_ORDER: readonly Verdict[] = ["violates", "undecidable", "no_information", "clear"];
