import { describe, expect, it } from "vitest";
import type { MapLayer } from "../src/lib/types";
import { boundsOf, nearestPosition } from "../src/map/bounds";
import { UTILITIES, UTILITY_STYLE } from "../src/map/colours";
import { hatch } from "../src/map/hatch";
import { inlineEnd, inlineStart, physicalPadding } from "../src/map/placement";
import { closed, cornersOf, crossesItself, roughArea_m2 } from "../src/map/polygon";
import { niceScale } from "../src/map/scale";
import { buildStyle, DRAW_ORDER, FONT } from "../src/map/style";

describe("placement", () => {
  it("mirrors corners with the reading direction", () => {
    expect([inlineStart("top", "ltr"), inlineStart("top", "rtl")]).toEqual(["top-left", "top-right"]);
    expect([inlineEnd("bottom", "ltr"), inlineEnd("bottom", "rtl")]).toEqual(["bottom-right", "bottom-left"]);
  });
  it("mirrors the padding with the panel", () => {
    const padding = { blockStart: 1, blockEnd: 2, inlineStart: 484, inlineEnd: 48 };
    expect(physicalPadding(padding, "ltr")).toEqual({ top: 1, bottom: 2, left: 484, right: 48 });
    expect(physicalPadding(padding, "rtl")).toEqual({ top: 1, bottom: 2, left: 48, right: 484 });
  });
});

const layer = (id: string, target: MapLayer["target"], utility: string | null = null): MapLayer => ({
  id, target, utility, name: { en: id, fa: id }, owner: "x", sensitivity: "public", visible: true, colour: null, min_zoom: 10, freshness: null,
});
const LAYERS = [
  layer("gas_lines", "network_line", "gas"), layer("parcels", "parcel"), layer("streets", "street"), layer("buildings", "building"),
  layer("addresses", "address"), layer("water_nodes", "network_node", "water"), layer("valves", "network_device", "water"),
  ...UTILITIES.filter((utility) => utility !== "gas").map((utility) => layer(`${utility}_lines`, "network_line", utility)),
];
const style = buildStyle({ layers: LAYERS, tiles: "/t/{z}/{x}/{y}", fontUrl: "/font.woff2", language: "fa", utilityWord: (one) => one });
const ids = style.layers.map((one) => one.id);

describe("the style", () => {
  it("draws in the one order, whatever order the city lists its layers in", () => {
    const at = (id: string): number => ids.indexOf(id);
    const expected = ["streets:street", "parcels:parcel", "buildings:building", "excavation-fill", "finding-halo", "telecom_lines:line", "gas_lines:line", "valves:device", "parcel-selected", "draft-line", "parcels:label"];
    expect(expected.map(at)).toEqual([...expected.map(at)].sort((a, b) => a - b));
    expect(expected.map(at)).not.toContain(-1);
  });
  it("has every utility in the order list and in the colours", () => {
    for (const utility of UTILITIES) {
      expect(DRAW_ORDER).toContain(utility);
      expect(UTILITY_STYLE[utility]).toBeDefined();
    }
  });
  it("has no id twice", () => expect(new Set(ids).size).toBe(ids.length));
  it("asks no other host for anything", () => expect(JSON.stringify(style)).not.toMatch(/https?:/));
  it("names layers so that a whole one can be hidden", () => {
    expect(ids.filter((id) => id.startsWith("gas_lines:"))).toEqual(["gas_lines:edge", "gas_lines:line", "gas_lines:label"]);
  });
  it("writes every label in the bundled font", () => {
    for (const one of style.layers) if (one.type === "symbol") expect(one.layout?.["text-font"]).toEqual([FONT]);
    expect(style["font-faces"]).toEqual({ [FONT]: [{ url: "/font.woff2" }] });
  });
  it("tells any two utilities apart by more than colour or by strongly different colours", () => {
    const looks = UTILITIES.map((utility) => `${UTILITY_STYLE[utility].line}/${UTILITY_STYLE[utility].dash?.join(",") ?? "solid"}`);
    expect(new Set(looks).size).toBe(UTILITIES.length);
  });
  it("has utility inks that can be read on white (WCAG 4.5:1)", () => {
    for (const utility of UTILITIES) expect(contrastOnWhite(UTILITY_STYLE[utility].ink)).toBeGreaterThanOrEqual(4.5);
  });
});

function contrastOnWhite(hex: string): number {
  const channel = (at: number): number => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 1.05 / (0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5) + 0.05);
}

describe("the drawn polygon", () => {
  const square: [number, number][] = [[0, 0], [0.001, 0], [0.001, 0.001], [0, 0.001]];
  it("closes from three corners", () => {
    expect(closed(square.slice(0, 2))).toBeNull();
    const polygon = closed(square);
    expect(polygon?.coordinates[0]).toHaveLength(5);
    expect(polygon && cornersOf(polygon)).toEqual(square);
  });
  it("knows when it crosses itself", () => {
    expect(crossesItself(square)).toBe(false);
    expect(crossesItself([square[0]!, square[2]!, square[1]!, square[3]!])).toBe(true);
  });
  it("has about the area of its square metres", () => expect(roughArea_m2(square) / 111.195 ** 2).toBeCloseTo(1, 3));
});

describe("boxes and nearest points", () => {
  it("box", () => expect(boundsOf([{ type: "LineString", coordinates: [[1, 5], [3, 2]] }])).toEqual([1, 2, 3, 5]));
  it("of nothing is nothing", () => expect(boundsOf([])).toBeNull());
  it("nearest", () => {
    const [lon, lat] = nearestPosition({ type: "LineString", coordinates: [[0, 0], [2, 0]] }, [1, 1]) ?? [];
    expect([lon, lat]).toEqual([1, 0]);
  });
});

describe("the scale bar", () => {
  it.each([[734, 500], [200, 200], [99, 50], [12, 10], [5.4, 5]])("%s m shows %s m", (most, metres) => {
    expect(niceScale(most).metres).toBe(metres);
    expect(niceScale(most).share).toBeLessThanOrEqual(1);
  });
});

it("the hatch joins at its edges", () => {
  const { width, data } = hatch(12, [0, 0, 0], 1.6);
  const alpha = (x: number, y: number): number => data[((y % width) * width + (x % width)) * 4 + 3] ?? 0;
  for (let i = 0; i < width; i++) expect(alpha(i, 0)).toBe(alpha(i + 1, width - 1));
});
