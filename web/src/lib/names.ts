/** Names of agencies and the written form of capacities. */
import { i18n, localized, t, word } from "../i18n/i18n.svelte";
import type { City } from "./types";

export function agencyName(city: City, id: string): string {
  if (id === "applicant") return t("ui-applicant");
  return localized(city.agencies.find((agency) => agency.id === id)?.name) || word("agency", id);
}

/** A layer's name; where a city has no such layer at all, the id is the utility that ought to have one. */
export function layerName(city: City, id: string): string {
  return localized(city.layers.find((layer) => layer.id === id)?.name) || word("utility", id);
}

/** "3 × 32 A", "120 m³/month": each number with the words of its unit. */
export function capacityText(capacity: Record<string, unknown> | null | undefined): string {
  return Object.entries(capacity ?? {})
    .filter((pair): pair is [string, number] => typeof pair[1] === "number")
    .map(([unit, value]) => `${i18n.format.number(value, value % 1 ? 1 : 0)} ${word("capacity", unit)}`)
    .join(" · ");
}

/** Several things in a row, parted by the language's own comma. */
export const listed = (parts: readonly string[]): string => parts.join(i18n.language === "fa" ? "، " : ", ");
