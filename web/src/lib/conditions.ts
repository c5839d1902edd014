/**
 * A permit's condition in full: its sentence and what its values say. The server's printed sheet words them alike
 * (`api/condition_words.py`), from the same messages. Pure: how to say things comes from outside.
 */
import type { MessageArguments } from "../i18n/catalogue";
import type { Condition } from "./types";

export interface Sayings {
  t(id: string, args?: MessageArguments): string;
  word(group: string, value: string): string;
  number(value: number): string;
  agency(id: string): string;
  layer(id: string): string;
  language: string;
}
/** The lines of one layer that a condition answers. */
export interface LinesOf { layer: string; ids: string[] }

const DAYS = 7;
/** Conditions that hold everywhere, or whose ground is told in another way: a width would say nothing. */
const WITHOUT_WIDTH = new Set(["ask-owner", "safe-corridor", "locate-first"]);

const TEXTS = new Set(["utility", "owner", "agency"]);

/** The code's sentence; "other" has only its note. */
export const headOf = (condition: Condition, say: Sayings): string => (condition.code === "other" ? "" : say.word("condition", condition.code));

/** Who, how wide, when, how many: everything that the values hold but the lines, in a fixed order. */
export function detailsOf({ code, params }: Condition, say: Sayings): string[] {
  const { t } = say;
  const parts: Record<string, (value: unknown) => string> = {
    utility: (value) => say.word("utility", String(value)),
    owner: (value) => say.agency(String(value)),
    agency: (value) => say.agency(String(value)),
    cover_m: (value) => t("condition-told-cover", { cover: say.number(Number(value)) }),
    within: (value) => width(code, Number(value), say),
    pits: (value) => (value ? t("condition-told-pits", { count: Number(value) }) : ""),
    weekdays: (value) => t("condition-told-hours", { days: daysText(value as number[], say), from: clock(params?.["from"], say), to: clock(params?.["to"], say) }),
    notice_hours: (value) => t("condition-told-notice", { hours: say.number(Number(value)) }),
    area_m2: (value) => (value
      ? t("condition-told-machine", { area: say.number(Math.round(Number(value) * 10) / 10), percent: say.number(isUsable("share", params?.["share"]) ? Math.round(Number(params?.["share"]) * 100) : 0) })
      : t("condition-told-machine-none")),
    layers: (value) => joined((value as string[]).map((one) => say.layer(one)), say),
  };
  return Object.entries(parts)
    .map(([name, words]) => (isUsable(name, params?.[name]) ? words(params?.[name]) : ""))
    .filter((said) => said !== "");
}

/** Values may come from anyone who writes to the API: what is not of the right kind is not worded. */
function isUsable(name: string, value: unknown): boolean {
  if (TEXTS.has(name)) return typeof value === "string";
  if (name === "weekdays") return Array.isArray(value) && value.length > 0 && value.every((day) => Number.isInteger(day) && day >= 1 && day <= DAYS);
  if (name === "layers") return Array.isArray(value) && value.every((one) => typeof one === "string");
  return typeof value === "number" && Number.isFinite(value);
}

/** Head and values as one sentence. */
export function conditionText(condition: Condition, say: Sayings): string {
  const head = headOf(condition, say);
  const told = detailsOf(condition, say).join(say.t("list-semicolon"));
  return head && told ? `${head}: ${told}` : head || told;
}

/** The lines by layer, at most `most` of them, and how many more there are; `*` stands for all. */
export function linesOf({ params }: Condition, say: Sayings, most: number): { lines: LinesOf[]; more: number; all: boolean } {
  const told = (Array.isArray(params?.["findings"]) ? (params["findings"] as unknown[]) : []).filter((ref) => typeof ref === "string");
  const refs = told.filter((ref) => ref !== "*");
  const lines = new Map<string, LinesOf>();
  for (const ref of refs.slice(0, most)) {
    const slash = ref.indexOf("/");
    const layer = slash < 0 ? ref : ref.slice(0, slash);
    const one = lines.get(layer) ?? { layer: say.layer(layer), ids: [] };
    if (slash >= 0) one.ids.push(ref.slice(slash + 1));
    lines.set(layer, one);
  }
  return { lines: [...lines.values()], more: Math.max(0, refs.length - most), all: refs.length < told.length };
}

function width(code: string, within: number, { t, number }: Sayings): string {
  if (WITHOUT_WIDTH.has(code) || !within) return "";
  return code === "protect-tree" ? t("condition-told-around", { within: number(within) }) : t("condition-told-beside", { within: number(within) });
}

/** Days that follow one another as "from to", across the week's end as well; others one by one. */
function daysText(days: readonly number[], say: Sayings): string {
  const names = days.map((day) => say.word("weekday", String(day)));
  if (new Set(days).size === DAYS) return say.t("condition-told-days-all");
  const follows = days.slice(1).every((day, index) => day === ((days[index] ?? 0) % DAYS) + 1);
  const [first, last] = [names[0] ?? "", names[names.length - 1] ?? ""];
  return names.length > 2 && follows ? say.t("condition-told-days-run", { first, last }) : joined(names, say);
}

/** "08:00" in the reader's digits. */
function clock(text: unknown, { language }: Sayings): string {
  const said = typeof text === "string" ? text : "";
  return language === "fa" ? said.replace(/\d/g, (digit) => String.fromCharCode(0x06f0 + Number(digit))) : said;
}

const joined = (parts: readonly string[], { t }: Sayings): string => parts.join(t("list-comma"));
