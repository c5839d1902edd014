/**
 * Words for numbers and instants. Persian: Persian digits and the Jalali calendar, both from the
 * browser's own Intl. English: ISO dates, Latin digits. Identifiers are never passed through here:
 * screen and clipboard must agree (see ui/Code.svelte).
 */
import type { Language } from "../i18n/language";

export interface Formatter {
  readonly language: Language;
  number(value: number, fractionDigits?: number): string;
  /** A number to multiply by, with as many digits as it has. */
  factor(value: number): string;
  /** A length in metres, always with its unit. */
  metres(value: number, fractionDigits?: number): string;
  /** ± half-width in metres. */
  plusMinus(value: number): string;
  area(value_m2: number): string;
  percent(share: number, fractionDigits?: number): string;
  bytes(size: number): string;
  /** With as many digits as the amount has, unless said: amounts that stand in a column have the same. */
  money(amount: number, currency: string, fractionDigits?: number): string;
  date(instant: string | Date): string;
  dateTime(instant: string | Date): string;
  /** "in 3 days", "2 hours ago". */
  relative(instant: string | Date, now: Date): string;
}

const LOCALE: Record<Language, string> = { fa: "fa-IR", en: "en-GB" };
const UNITS: Record<Language, { m: string; m2: string }> = {
  fa: { m: "متر", m2: "متر مربع" },
  en: { m: "m", m2: "m²" },
};
const NBSP = "\u00a0";
const MINUTE = 60;
const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", MINUTE],
];

export function makeFormatter(language: Language, timeZone: string): Formatter {
  const locale = LOCALE[language];
  const units = UNITS[language];

  const number = (value: number, fractionDigits = 0): string =>
    isolated(
      new Intl.NumberFormat(locale, { maximumFractionDigits: fractionDigits, minimumFractionDigits: fractionDigits })
        .format(value),
      value < 0,
    );

  return {
    language,
    number,
    factor: (value) => number(value, Math.min(6, (String(value).split(".")[1] ?? "").length)),
    metres: (value, digits = 2) => `${number(value, digits)}${NBSP}${units.m}`,
    plusMinus: (value) => `\u2066±${number(value, 2)}\u2069${NBSP}${units.m}`,
    area: (value) => `${number(value, value < 100 ? 1 : 0)}${NBSP}${units.m2}`,
    percent: (share, digits = 0) => new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: digits }).format(share),
    bytes: (size) => bytes(locale, size),
    money: (amount, currency, digits = amount % 1 ? 2 : 0) =>
      new Intl.NumberFormat(locale, { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits })
        .format(amount),
    date: (instant) => dateWords(language, timeZone, toDate(instant), false),
    dateTime: (instant) => dateWords(language, timeZone, toDate(instant), true),
    relative: (instant, now) => relative(locale, toDate(instant), now),
  };
}

/** A sign stays before its digits in right-to-left text only when the two are isolated together. */
function isolated(text: string, isSigned: boolean): string {
  return isSigned ? `\u2066${text}\u2069` : text;
}

function toDate(instant: string | Date): Date {
  return instant instanceof Date ? instant : new Date(instant);
}

const NEAR_CERTAIN = 0.99;
export interface Bounded { bound: "above" | "below" | null; share: number }

/**
 * Probabilities near the ends are not rounded to a certainty nobody has: they are told as "more than 99 %",
 * in words, because a sign like ">" points the other way in right-to-left text.
 */
export function bounded(share: number): Bounded {
  if (share > 0 && share < 1 - NEAR_CERTAIN) return { bound: "below", share: 1 - NEAR_CERTAIN };
  if (share < 1 && share > NEAR_CERTAIN) return { bound: "above", share: NEAR_CERTAIN };
  return { bound: null, share };
}

const BYTE_UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
const STEP = 1000;

function bytes(locale: string, size: number): string {
  const power = size < STEP ? 0 : Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log(size) / Math.log(STEP)));
  const value = size / STEP ** power;
  return new Intl.NumberFormat(locale, {
    style: "unit", unit: BYTE_UNITS[power] ?? "byte", unitDisplay: locale.startsWith("fa") ? "long" : "short", maximumFractionDigits: value < 10 && power > 0 ? 1 : 0,
  }).format(value);
}

function dateWords(language: Language, timeZone: string, instant: Date, withTime: boolean): string {
  if (Number.isNaN(instant.getTime())) return "—";
  if (language === "fa") {
    const day = new Intl.DateTimeFormat("fa-IR", { dateStyle: "long", timeZone }).format(instant);
    if (!withTime) return day;
    const time = new Intl.DateTimeFormat("fa-IR", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone });
    return `${day}، ${time.format(instant)}`;
  }
  // sv-SE writes ISO 8601 dates: 2026-11-22 14:05
  const options: Intl.DateTimeFormatOptions = withTime
    ? { dateStyle: "short", timeStyle: "short", timeZone }
    : { dateStyle: "short", timeZone };
  return new Intl.DateTimeFormat("sv-SE", options).format(instant);
}

function relative(locale: string, instant: Date, now: Date): string {
  const seconds = (instant.getTime() - now.getTime()) / 1000;
  const words = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return words.format(Math.trunc(seconds / size), unit);
  }
  return words.format(0, "minute");
}
