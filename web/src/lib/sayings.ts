/** How conditions are said on the page: the reader's language, and the names that the city gives. */
import { i18n, t, word } from "../i18n/i18n.svelte";
import type { Sayings } from "./conditions";
import { agencyName, layerName } from "./names";
import type { City } from "./types";

export const sayingsOf = (city: City): Sayings => ({
  t, word, language: i18n.language, number: (value) => i18n.format.factor(value),
  agency: (id) => agencyName(city, id), layer: (id) => layerName(city, id),
});
