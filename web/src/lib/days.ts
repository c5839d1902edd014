/**
 * Days without a time of day ("2026-12-22"), and the months and quarters of the calendar that is shown: Jalali in Persian,
 * Gregorian in English. The arithmetic asks the browser's own Intl, so that a day picked is the day that is shown. Pure.
 */
import type { Language } from "../i18n/language";

export interface Parts { year: number; month: number; day: number }
export type Span = "month" | "quarter";
/** Both ends belong to it. */
export interface Stretch { from: string; to: string }

const DAY_MS = 86_400_000;
const PERSIAN = new Intl.DateTimeFormat("en-US-u-ca-persian-nu-latn", { timeZone: "UTC", year: "numeric", month: "numeric", day: "numeric" });
const GREGORIAN_OFFSET = 621;
const MONTHS = 12;
const PER_QUARTER = 3;
const LONG_MONTHS = 6;

const isoOf = (time: number): string => new Date(time).toISOString().slice(0, 10);
const timeOf = (iso: string): number => Date.parse(`${iso}T00:00:00Z`);
export const isDay = (text: string | null | undefined): text is string => !!text && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(timeOf(text));

export const plusDays = (iso: string, days: number): string => isoOf(timeOf(iso) + days * DAY_MS);
export const daysBetween = (from: string, to: string): number => Math.round((timeOf(to) - timeOf(from)) / DAY_MS);

/** The day it is now in a city. */
export function todayIn(timeZone: string, now: Date): string {
  return new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeZone }).format(now);
}

function persianParts(time: number): Parts {
  const found: Record<string, number> = {};
  for (const { type, value } of PERSIAN.formatToParts(time)) found[type] = Number.parseInt(value, 10);
  return { year: found["year"] ?? 0, month: found["month"] ?? 0, day: found["day"] ?? 0 };
}

const firsts = new Map<number, number>();
/** The first day of a Jalali year: one of four days of March. */
function nowruz(year: number): number {
  const known = firsts.get(year);
  if (known !== undefined) return known;
  for (let day = 19; day <= 22; day += 1) {
    const time = Date.UTC(year + GREGORIAN_OFFSET, 2, day);
    const parts = persianParts(time);
    if (parts.year === year && parts.month === 1 && parts.day === 1) {
      firsts.set(year, time);
      return time;
    }
  }
  throw new RangeError(`no such year: ${year}`);
}

export function partsOf(iso: string, language: Language): Parts {
  if (language === "fa") return persianParts(timeOf(iso));
  const [year = 0, month = 0, day = 0] = iso.split("-").map(Number);
  return { year, month, day };
}

export function dayOf({ year, month, day }: Parts, language: Language): string {
  if (language === "en") return isoOf(Date.UTC(year, month - 1, day));
  const before = month <= LONG_MONTHS ? (month - 1) * 31 : LONG_MONTHS * 31 + (month - 1 - LONG_MONTHS) * 30;
  return isoOf(nowruz(year) + (before + day - 1) * DAY_MS);
}

export function daysIn(year: number, month: number, language: Language): number {
  const [nextYear, nextMonth] = month === MONTHS ? [year + 1, 1] : [year, month + 1];
  return daysBetween(dayOf({ year, month, day: 1 }, language), dayOf({ year: nextYear, month: nextMonth, day: 1 }, language));
}

/** The month or quarter that a day lies in. */
export function stretchOf(iso: string, span: Span, language: Language): Stretch {
  const { year, month } = partsOf(iso, language);
  const first = span === "month" ? month : month - ((month - 1) % PER_QUARTER);
  const last = span === "month" ? month : first + PER_QUARTER - 1;
  return {
    from: dayOf({ year, month: first, day: 1 }, language),
    to: dayOf({ year, month: last, day: daysIn(year, last, language) }, language),
  };
}

/** `count` months or quarters one after another, beginning `back` before the one of `iso`. */
export function strip(iso: string, span: Span, back: number, count: number, language: Language): Stretch[] {
  let one = stretchOf(iso, span, language);
  for (let i = 0; i < back; i += 1) one = stretchOf(plusDays(one.from, -1), span, language);
  const all = [one];
  while (all.length < count) {
    one = stretchOf(plusDays(one.to, 1), span, language);
    all.push(one);
  }
  return all;
}

export const meets = (a: { starts_on: string; ends_on: string }, b: Stretch): boolean => a.starts_on <= b.to && a.ends_on >= b.from;

const LOCALE: Record<Language, string> = { fa: "fa-IR", en: "en-GB" };
export function monthName(iso: string, language: Language, style: "long" | "short" = "long"): string {
  return new Intl.DateTimeFormat(LOCALE[language], { month: style, timeZone: "UTC" }).format(timeOf(iso));
}
export function yearName(iso: string, language: Language): string {
  return new Intl.NumberFormat(LOCALE[language], { useGrouping: false }).format(partsOf(iso, language).year);
}
/** "11 Jan – 3 Feb 2026", or one day once. */
export function shortDays(from: string, to: string, language: Language): string {
  const begins = from === to ? "" : `${shortDay(from, language)} – `;
  return `${begins}${shortDay(to, language)} ${yearName(to, language)}`;
}
/** "۲۱ دی" or "11 Jan": where the year stands nearby. */
export function shortDay(iso: string, language: Language): string {
  return new Intl.DateTimeFormat(LOCALE[language], { day: "numeric", month: language === "fa" ? "long" : "short", timeZone: "UTC" }).format(timeOf(iso));
}
