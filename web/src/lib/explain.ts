/** The sentence of a finding: its explanation key with the figures set in, in the reader's own digits. */
import type { FluentVariable } from "@fluent/bundle";
import { bounded } from "../format/format";
import { i18n, t } from "../i18n/i18n.svelte";
import { headingsOf, type Heading } from "./layers";
import type { Finding } from "./types";

export function explanationOf(finding: Finding): string {
  const key = finding.explanation ?? `finding-${finding.verdict.replaceAll("_", "-")}`;
  const id = key.startsWith("finding-") ? key : `finding-${key}`;
  if (!i18n.catalogue.has(id)) return t("ui-finding-plain", { verdict: finding.verdict });
  const args: Record<string, FluentVariable> = {};
  for (const [name, value] of Object.entries(finding.params ?? {})) {
    args[name] = value;
    args[name.replaceAll("_", "-")] = value;
  }
  return i18n.catalogue.text(id, args);
}

/** "37 %"; near the ends "more than 99 %" and "less than 1 %". */
export function probabilityText(share: number): string {
  const { bound, share: shown } = bounded(share);
  const value = i18n.format.percent(shown);
  if (bound === "above") return t("ui-more-than", { value });
  return bound === "below" ? t("ui-less-than", { value }) : value;
}

const HEADING: Record<Heading, (distance: string) => string> = {
  east: (distance) => t("ui-shift-east", { distance }), west: (distance) => t("ui-shift-west", { distance }),
  north: (distance) => t("ui-shift-north", { distance }), south: (distance) => t("ui-shift-south", { distance }),
};

/** "0.62 m to the east and 0.35 m to the south": signs are for machines. */
export function shiftText(shift: readonly [number, number]): string {
  const parts = headingsOf(shift).map((part) => HEADING[part.heading](i18n.format.metres(part.metres, part.metres < 10 ? 2 : 1)));
  return parts.length ? parts.join(t("ui-and")) : i18n.format.metres(0, 0);
}
