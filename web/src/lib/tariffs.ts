/** The return to the permanent tariff: who goes back to which class, from when, and whether the company has receipted it. Pure. */
import { latest } from "./phases";
import type { CaseView } from "./types";

export interface TariffReturn { agency: string; to: string; at: string | null; isReceipted: boolean; isPast: boolean }

export function tariffReturns(view: CaseView, now: Date): TariffReturn[] {
  const exchange = latest(view, "permanent");
  if (!exchange || exchange.state === "cancelled" || exchange.state === "cancelling") return [];
  const at = exchange.effective_at;
  return exchange.agencies.flatMap((one): TariffReturn[] =>
    one.tariff_to === null ? [] : [{
      agency: one.agency, to: one.tariff_to, at, isReceipted: one.confirm === "done",
      isPast: at !== null && new Date(at) <= now && one.confirm === "done",
    }]);
}
