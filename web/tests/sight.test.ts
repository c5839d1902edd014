/** First sight: what a person says about a proposed mapping. */
import { describe, expect, it } from "vitest";
import { headingsOfRows, mappingOf, rowsOf, withColumn, withSettled, withUnit, withWord } from "../src/lib/sight";
import { hrefOf, parseRoute } from "../src/lib/route";
import type { SightPreview } from "../src/lib/delivery_types";

const preview = {
  fields: [
    { field: "feature_id", column: "شناسه", unit: null, why: "name-unique", confidence: "sure" },
    { field: "cover_m", column: "عمق", unit: "cm", why: "guess", confidence: "asked" },
  ],
  questions: [{ code: "unit-unclear", field: "cover_m", column: "عمق", candidates: ["cm", "m"] }],
  choices: [{ field: "feature_id", units: [], words: null }, { field: "cover_m", units: ["cm", "m"], words: null }, { field: "role", units: [], words: ["main", "service"] }],
  codes: { role: [{ word: "اصلی", count: 3, ours: "main" }, { word: "فرعی", count: 1, ours: null }] },
  rows: [{ feature_id: "1", geometry: "LineString", attributes: {} }, { cover_m: 1.2, uncertainty: 1 }],
} as unknown as SightPreview;

describe("a mapping", () => {
  it("begins as proposed", () => expect(mappingOf(preview, {})["cover_m"]).toEqual({ column: "عمق", unit: "cm" }));
  it("takes another column, without the unit of the one before", () => {
    const said = withColumn(preview, {}, "cover_m", "depth");
    expect(said.fields).toEqual({ feature_id: { column: "شناسه", unit: null }, cover_m: { column: "depth", unit: null } });
    expect(said.settled).toEqual(["cover_m"]);
  });
  it("loses a column, and with it the answer", () => {
    const said = withColumn(preview, withUnit(preview, {}, "cover_m", "m"), "cover_m", "");
    expect(Object.keys(said.fields ?? {})).toEqual(["feature_id"]);
    expect(said.settled).toEqual([]);
  });
  it("takes a unit, or the proposal as it is", () => {
    expect(withUnit(preview, {}, "cover_m", "m").fields?.["cover_m"]).toEqual({ column: "عمق", unit: "m" });
    expect(withUnit(preview, {}, "role", "m")).toEqual({});
    expect(withSettled(preview, {}, "cover_m")).toEqual({ fields: mappingOf(preview, {}), settled: ["cover_m"] });
  });
  it("keeps the words that are known beside the one that is said", () => {
    const said = withWord(preview, {}, "role", "فرعی", "service");
    expect(said.codes).toEqual({ role: { اصلی: "main", فرعی: "service" } });
    expect(withWord(preview, said, "role", "اصلی", "").codes).toEqual({ role: { فرعی: "service" } });
  });
  it("shows the id first, then what is asked", () => expect(rowsOf(preview).map((row) => row.field)).toEqual(["feature_id", "cover_m", "role"]));
  it("shows the columns that are filled", () => expect(headingsOfRows(preview)).toEqual(["feature_id", "cover_m", "uncertainty"]));
});

it("the page of a file has an address", () => {
  const route = { name: "sight", city: "nemuneh", layer: "water_lines", id: "ab12" } as const;
  expect(parseRoute(hrefOf(route))).toEqual(route);
  expect(parseRoute("#/nemuneh/layers/water_lines/sight")).toEqual({ name: "layer", city: "nemuneh", layer: "water_lines" });
});
