/** What a person may do to a delivery, with the words of its button and of its question. */
import { t } from "../i18n/i18n.svelte";
import type { DecisionChoice } from "../lib/delivery_types";

export type DeliveryAct = DecisionChoice | "rollback";

export const DELIVERY_BUTTONS: Record<DeliveryAct, { style: string; label: () => string; explained: () => string }> = {
  correct: { style: "primary", label: () => t("ui-do-correct"), explained: () => t("ui-ask-correct") },
  accept: { style: "", label: () => t("ui-do-accept"), explained: () => t("ui-ask-accept") },
  refuse: { style: "danger", label: () => t("ui-do-refuse-delivery"), explained: () => t("ui-ask-refuse-delivery") },
  rollback: { style: "danger", label: () => t("ui-do-rollback"), explained: () => t("ui-ask-rollback") },
};
