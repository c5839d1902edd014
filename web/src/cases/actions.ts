/** The actions a person can take, in the order of their buttons. Others are the system's and agencies' own. */
import { t } from "../i18n/i18n.svelte";

export type ActionName = "approve" | "complete" | "retry" | "defer" | "refuse" | "withdraw" | "revoke";
export interface Button { name: ActionName; style: string; label: () => string }

export const BUTTONS: readonly Button[] = [
  { name: "approve", style: "primary", label: () => t("ui-do-approve") },
  { name: "complete", style: "primary", label: () => t("ui-do-complete") },
  { name: "retry", style: "primary", label: () => t("ui-do-retry") },
  { name: "defer", style: "", label: () => t("ui-do-defer") },
  { name: "refuse", style: "danger", label: () => t("ui-do-refuse") },
  { name: "withdraw", style: "", label: () => t("ui-do-withdraw") },
  { name: "revoke", style: "danger", label: () => t("ui-do-revoke") },
];

export const EXPLAINED: Record<ActionName, () => string> = {
  approve: () => t("ui-ask-approve"),
  complete: () => t("ui-ask-complete"),
  retry: () => t("ui-ask-retry"),
  defer: () => t("ui-ask-defer"),
  refuse: () => t("ui-ask-refuse"),
  withdraw: () => t("ui-ask-withdraw"),
  revoke: () => t("ui-ask-revoke"),
};
