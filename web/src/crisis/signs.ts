/** The signs of an answer on the map: numbered valves, lettered squeeze points, sources, and who is looked after first. */
import { t, word } from "../i18n/i18n.svelte";
import { letterOf, needsSqueeze, sideBySide, type Shown, type Sign, type ValveLine } from "../lib/crisis";
import { i18n } from "../i18n/i18n.svelte";
import type { Language } from "../i18n/language";

const MOST = 80;

export function priorityWord(kind: string): string {
  const said = word("priority", kind);
  return said === kind ? word("network-kind", kind) : said;
}

/** "Crisis desk crisis-1": who wrote an entry, by role and name. */
export function actorWord(actor: string): string {
  const [role, ...name] = actor.split(":");
  return name.length ? `${word("role", role ?? "")} ${name.join(":")}` : actor;
}

export function valveWord(line: ValveLine): string {
  const { device, state } = line;
  if (state === "stuck") return t("ui-crisis-valve-stuck");
  if (state === "done") return device.state === "open" ? t("ui-crisis-valve-opened") : t("ui-crisis-valve-closed");
  return device.turn_to === "open" ? t("ui-crisis-valve-to-open") : t("ui-crisis-valve-to-close");
}

const MARK = { done: "✓", stuck: "✕", todo: "" } as const;

export function signsOf(shown: Shown, valves: readonly ValveLine[], language: Language): Sign[] {
  const { shut, danger, part, here } = shown;
  if (part === "incident" && !shut) return [];
  const signs: Sign[] = [];
  const start = (part === "danger" ? danger?.start : shut?.start) ?? null;
  const point = start?.point ?? null;
  if (part === "here") {
    for (const [index, trench] of (here?.open_trenches ?? []).entries()) {
      const at = trench.geometry?.type === "Polygon" ? trench.geometry.coordinates[0]?.[0] : null;
      if (at) signs.push({ id: `trench-${index}`, at: [at[0] ?? 0, at[1] ?? 0], text: "⛏", label: `${t("ui-crisis-trench")} ${trench.number}`, look: "sign-trench" });
    }
  }
  if (shut && part !== "danger") {
    for (const line of valves) {
      if (!line.device.point) continue;
      signs.push({
        id: line.id, at: line.device.point, text: `${i18n.format.number(line.number)}${MARK[line.state]}`,
        label: `${i18n.format.number(line.number)} · ${valveWord(line)} · ${line.id}`, look: `sign-valve ${line.state}`,
      });
    }
    for (const [index, one] of shut.squeeze_points.entries()) {
      const letter = letterOf(index, language);
      if (one.point) signs.push({ id: `squeeze-${index}`, at: one.point, text: letter, label: `${t("ui-crisis-squeeze-point")} ${letter}`, look: "sign-squeeze" });
    }
    for (const [index, one] of (needsSqueeze(shut) ? [] : shut.sources).entries()) {
      if (one.point) signs.push({ id: `source-${index}`, at: one.point, text: "◆", label: `${t("ui-crisis-source")} · ${word("network-kind", one.kind)}`, look: "sign-source" });
    }
  }
  const first = part === "danger" ? danger?.lost.priority : shut?.lost.priority;
  for (const [index, one] of (first ?? []).entries()) {
    if (one.point) signs.push({ id: `first-${index}`, at: one.point, text: "!", label: `${priorityWord(one.kind)}${one.name ? ` · ${one.name}` : ""}`, look: "sign-first" });
  }
  const shownSigns = sideBySide(signs.slice(0, MOST));
  // the place that broke comes last: it lies over everything
  if (point) shownSigns.push({ id: "start", at: point, text: "✕", label: t("ui-crisis-broken-here"), look: "sign-start" });
  else if (shown.place?.type === "Point") {
    const [lon = 0, lat = 0] = shown.place.coordinates;
    shownSigns.push({ id: "place", at: [lon, lat], text: "", label: t("ui-crisis-place"), look: "sign-place" });
  }
  return shownSigns;
}
