/** A condition is told with everything it holds, by the browser as by the server's printed sheet (A13, A15). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeFormatter } from "../src/format/format";
import { makeCatalogue } from "../src/i18n/catalogue";
import type { Language } from "../src/i18n/language";
import { conditionText, linesOf, type Sayings } from "../src/lib/conditions";

type Names = Record<string, Record<Language, string>>;
type Told = Record<Language, string> & { code: string; params: Record<string, unknown> };
const read = (path: string): string => readFileSync(join(__dirname, "../..", path), "utf8");
const shared = JSON.parse(read("tests/api/conditions_in_words.json")) as { names: { agencies: Names; layers: Names }; told: Told[] };
const plain = (text: string): string => text.replace(/[\u2066-\u2069]/g, "");

function saying(language: Language): Sayings {
  const catalogue = makeCatalogue(language, read(`locales/${language}.ftl`));
  const format = makeFormatter(language, "UTC");
  const word = (group: string, value: string): string => (catalogue.has(`${group}-${value}`) ? catalogue.text(`${group}-${value}`) : value);
  return {
    t: (id, args) => catalogue.text(id, args), word, language, number: (value) => format.factor(value),
    agency: (id) => shared.names.agencies[id]?.[language] ?? id, layer: (id) => shared.names.layers[id]?.[language] ?? word("utility", id),
  };
}

describe.each(["en", "fa"] as const)("in %s", (language) => {
  const say = saying(language);
  it.each(shared.told.map((told) => [told.code, told] as const))("%s says all that the server says", (_, told) => {
    expect(plain(conditionText(told, say))).toBe(told[language]);
  });
});

it("two conditions of one code that differ in a value differ in words", () => {
  const texts = shared.told.map((told) => conditionText(told, saying("fa")));
  expect(new Set(texts).size).toBe(texts.length);
});

it("lines go by their layer's name, a few of them, and how many more", () => {
  const findings = ["gas_lines/G1", "power_mv_lines/M1", "gas_lines/G/2", "gas_lines/G3", "*", 7];
  const { lines, more, all } = linesOf({ code: "hand-dig", params: { findings } }, saying("en"), 3);
  expect(lines).toEqual([
    { layer: shared.names.layers["gas_lines"]?.en, ids: ["G1", "G/2"] }, { layer: shared.names.layers["power_mv_lines"]?.en, ids: ["M1"] },
  ]);
  expect([more, all]).toEqual([1, true]);
  expect(linesOf({ code: "other", params: { findings: "all" } }, saying("en"), 3)).toEqual({ lines: [], more: 0, all: false });
});
