/** Numbers as people type them: Persian, Arabic or Latin digits, with either decimal mark. Pure. */
import type { Language } from "../i18n/language";

const PERSIAN_ZERO = 0x06f0;
const ARABIC_ZERO = 0x0660;

function latin(text: string): string {
  return text
    .replace(/[۰-۹]/g, (digit) => String(digit.charCodeAt(0) - PERSIAN_ZERO))
    .replace(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - ARABIC_ZERO))
    .replace(/[٫,/]/g, ".")
    .replace(/[٬\s\u200c\u200e\u200f\u2066-\u2069]/g, "");
}

/** The number, null for an empty field, NaN for what is no number. */
export function parseNumber(text: string): number | null {
  const plain = latin(text);
  if (plain === "") return null;
  return /^-?\d*\.?\d+$/.test(plain) ? Number(plain) : NaN;
}

/** The number as it stands in a field: the language's digits, no grouping. */
export function fieldText(value: number | null | undefined, language: Language): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "";
  const locale = language === "fa" ? "fa-IR" : "en-GB";
  return new Intl.NumberFormat(locale, { useGrouping: false, maximumFractionDigits: 3 }).format(value);
}

/**
 * Running Persian text that came with Latin digits, in the reader's digits. Only whole numbers of their own are
 * converted; what holds a Latin letter or is joined by a dash, slash or underscore is an identifier and stays as stored.
 */
export function persianProse(text: string): string {
  return text.replace(/[A-Za-z0-9_][\w./:-]*/g, (token) => {
    const number = /^(\d+)(?:\.(\d+))?(\.?)$/.exec(token);
    if (!number) return token;
    const [, whole = "", part, stop = ""] = number;
    return persian(part === undefined ? whole : `${whole}٫${part}`) + stop;
  });
}

function persian(digits: string): string {
  return digits.replace(/\d/g, (digit) => String.fromCharCode(PERSIAN_ZERO + Number(digit)));
}
