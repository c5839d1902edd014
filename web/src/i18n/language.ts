/** The interface language: which one, where it is kept, and the one place that sets `lang` and `dir`. */

export type Language = "fa" | "en";
export type Direction = "rtl" | "ltr";

export const LANGUAGES: readonly Language[] = ["fa", "en"];
const STORAGE_KEY = "panjereh.lang";

export function directionOf(language: Language): Direction {
  return language === "fa" ? "rtl" : "ltr";
}

export function isLanguage(value: unknown): value is Language {
  return value === "fa" || value === "en";
}

/** Persian first: `?lang=` wins, then what the person chose before, then Persian. */
export function chosenLanguage(search: string, stored: string | null): Language {
  const asked = new URLSearchParams(search).get("lang");
  if (isLanguage(asked)) return asked;
  return isLanguage(stored) ? stored : "fa";
}

export function storedLanguage(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null; // private mode: the choice lives as long as the page
  }
}

/** Sets `lang` and `dir` on `<html>`; nothing else in the page sets either for the whole document. */
export function applyLanguage(language: Language): void {
  document.documentElement.lang = language;
  document.documentElement.dir = directionOf(language);
  try {
    localStorage.setItem(STORAGE_KEY, language);
  } catch {
    // see storedLanguage
  }
}
