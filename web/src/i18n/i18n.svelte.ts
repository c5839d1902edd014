/** The page's current language and its words. `t("id")` with a literal id is what the id tests look for. */
import en from "../../../locales/en.ftl?raw";
import fa from "../../../locales/fa.ftl?raw";
import { persianProse } from "../format/digits";
import { makeFormatter, type Formatter } from "../format/format";
import { makeCatalogue, type Catalogue, type MessageArguments } from "./catalogue";
import { applyLanguage, chosenLanguage, directionOf, storedLanguage, type Direction, type Language } from "./language";

const CATALOGUES: Record<Language, Catalogue> = { fa: makeCatalogue("fa", fa), en: makeCatalogue("en", en) };

class I18n {
  language = $state<Language>(chosenLanguage(location.search, storedLanguage()));
  timeZone = $state<string>("UTC");
  direction: Direction = $derived(directionOf(this.language));
  catalogue: Catalogue = $derived(CATALOGUES[this.language]);
  format: Formatter = $derived(makeFormatter(this.language, this.timeZone));

  choose(language: Language): void {
    this.language = language;
    applyLanguage(language);
  }
}

export const i18n = new I18n();

export function t(id: string, args?: MessageArguments): string {
  return i18n.catalogue.text(id, args);
}

/** The word of an enum value, e.g. `word("status", "active")`; a value without words is shown as it is. */
export function word(group: string, value: string): string {
  const ids = [`${group}-${value}`, `${group}-${value.replace(/[_.]/g, "-")}`];
  const id = ids.find((one) => i18n.catalogue.has(one));
  return id ? i18n.catalogue.text(id) : value;
}

/** Text that comes in both languages from the server. */
export function localized(text: { en: string; fa: string } | string | null | undefined): string {
  if (!text) return "";
  return typeof text === "string" ? text : (text[i18n.language] ?? text.en);
}

/** What a company wrote, in the reader's digits: companies send Latin ones in Persian sentences too. */
export function prose(text: { en: string; fa: string } | string | null | undefined): string {
  const said = localized(text);
  return i18n.language === "fa" ? persianProse(said) : said;
}
