import { describe, expect, it } from "vitest";
import {
  barShares, detailsOf, downloadsOf, fileProblem, joined, mainOf, partsOf, groupIssues, groupsByOwner, headingsOf, marksOf, mayDeliver, stepsOf, tellingOf,
} from "../src/lib/layers";
import { hrefOf, parseRoute } from "../src/lib/route";
import { tariffReturns } from "../src/lib/tariffs";
import { isInside } from "../src/map/bounds";
import type { Comparison, Issue } from "../src/lib/delivery_types";
import type { CaseView, City } from "../src/lib/types";

const issue = (severity: Issue["severity"], code: string, more: Partial<Issue> = {}): Issue => ({ severity, code, ...more });

describe("addresses of the layers", () => {
  it.each([
    ["#/ahvaz/layers", { name: "layers", city: "ahvaz" }],
    ["#/ahvaz/layers/water_lines", { name: "layer", city: "ahvaz", layer: "water_lines" }],
    ["#/ahvaz/layers/water_lines/41", { name: "delivery", city: "ahvaz", layer: "water_lines", id: 41, tab: "summary" }],
    ["#/ahvaz/layers/water_lines/41?tab=issues", { name: "delivery", city: "ahvaz", layer: "water_lines", id: 41, tab: "issues" }],
  ] as const)("%s", (hash, route) => {
    expect(parseRoute(hash)).toEqual(route);
    expect(hrefOf(route)).toBe(hash);
  });
  it("a delivery that is no number is the layer's page", () => expect(parseRoute("#/a/layers/b/c").name).toBe("layer"));
});

describe("layers by owner", () => {
  const layer = (id: string, owner: string) => ({ id, owner }) as City["layers"][number];
  const city = { agencies: [{ id: "water" }, { id: "gas" }, { id: "telecom" }] as City["agencies"], layers: [layer("g", "gas"), layer("w", "water"), layer("x", "stranger")] };
  it("follow the agencies' order; one without layers is left out, an unknown owner is not", () => {
    const groups = groupsByOwner(city, new Map([["w", 3]]), []);
    expect(groups.map((one) => one.agency)).toEqual(["water", "gas", "stranger"]);
    expect(groups.map((one) => one.features)).toEqual([3, null, null]);
  });
  it("are delivered by officers and their own agency", () => {
    expect(mayDeliver({ role: "officer", agency: null }, { owner: "gas" })).toBe(true);
    expect(mayDeliver({ role: "agency", agency: "gas" }, { owner: "gas" })).toBe(true);
    expect(mayDeliver({ role: "agency", agency: "water" }, { owner: "gas" })).toBe(false);
    expect(mayDeliver(null, { owner: "gas" })).toBe(false);
  });
  it("are downloaded from the server that gave the page", () =>
    expect(downloadsOf({ links: [
      { rel: "enclosure", href: "http://elsewhere/v1/x/export?f=dxf" }, { rel: "self", href: "http://elsewhere/?f=gpkg" }, { rel: "enclosure", href: "http://elsewhere/v1/x/export?f=gpkg" },
    ] })).toEqual([{ format: "gpkg", href: "/v1/x/export?f=gpkg" }, { format: "dxf", href: "/v1/x/export?f=dxf" }]));
});

describe("how far a delivery has come", () => {
  const states = (...args: Parameters<typeof stepsOf>) => stepsOf(...args).map((one) => one.state).join(" ");
  it("while it runs", () => expect(states({ state: "checking", running: true, problem: null })).toBe("done done current upcoming upcoming"));
  it("published", () => expect(states({ state: "published", running: false, problem: null })).toBe("done done done done done"));
  it("held waits", () => expect(states({ state: "held", running: false, problem: null })).toBe("done done done done waiting"));
  it("a file that could not be read never reached its checks", () =>
    expect(states({ state: "refused", running: false, problem: { code: "source-truncated", title: "", detail: "" } })).toBe("done upcoming upcoming upcoming stopped"));
});

describe("issues", () => {
  const issues = [issue("notice", "snapped-end"), issue("error", "missing-geometry", { row: 4 }), issue("notice", "snapped-end", { lon: 1, lat: 2 })];
  it("stand by rule, the gravest first, with those that are not listed counted", () => {
    const groups = groupIssues(issues, { "notice:snapped-end": 2000, "error:missing-geometry": 1, "warning:out-of-range": 5 });
    expect(groups.map((one) => [one.code, one.count, one.issues.length])).toEqual([["missing-geometry", 1, 1], ["out-of-range", 5, 0], ["snapped-end", 2000, 2]]);
    expect(groups[2]?.issues.map((one) => one.index)).toEqual([0, 2]);
  });
  it("are marked on the map where they have a place, under their place in the list", () => {
    const marks = marksOf(issues, (one) => one.severity);
    expect(marks.features.map((one) => [one.properties.id, one.properties.kind])).toEqual([["2", "notice"]]);
  });
  it("tell what a rule says besides the place", () =>
    expect(detailsOf(issue("warning", "out-of-range", { row: 1, lon: 1, lat: 1, field: "cover_m", value: -9999, nested: {} }))).toEqual([["field", "cover_m"], ["value", -9999]]));
});

describe("agreement", () => {
  const one = (layer_id: string, verdict: Comparison["verdict"], within_m: number | null) => ({ layer_id, verdict, within_m }) as Comparison;
  it("is told by the worst comparison when it is off", () =>
    expect(tellingOf({ verdict: "off", worst: "b", compared: [one("a", "off", null), one("b", "off", null)] })?.layer_id).toBe("b"));
  it("is told by the least exact of those that agree", () =>
    expect(tellingOf({ verdict: "agrees", worst: null, compared: [one("a", "agrees", 0.01), one("b", "agrees", 0.2), one("c", "no-match", null)] })?.layer_id).toBe("b"));
  it("needs something to compare", () => expect(tellingOf({ verdict: "no-match", worst: null, compared: [] })).toBeNull());
  it("names the way of a shift, without what rounds to nothing", () => {
    expect(headingsOf([0.51, -0.35])).toEqual([{ heading: "east", metres: 0.51 }, { heading: "south", metres: 0.35 }]);
    expect(headingsOf([-2, 0.001])).toEqual([{ heading: "west", metres: 2 }]);
  });
});

describe("files", () => {
  const named = (...names: string[]): { name: string; size: number }[] => names.map((name) => ({ name, size: name.startsWith("empty") ? 0 : 10 }));
  it.each([
    [["pipes.gpkg"], null], [["PIPES.GeoJSON"], null], [["notes.docx"], "kind"], [["empty.dxf"], "empty"], [["pipes"], "kind"],
    [["pipes.shp"], "no-dbf"], [["pipes.shp", "pipes.dbf"], null], [["Pipes.SHP", "PIPES.dbf", "pipes.shx", "pipes.shp.xml"], null],
    [["pipes.dbf"], "lonely-part"], [["pipes.shp", "other.dbf"], "several"], [["a.gpkg", "b.gpkg"], "several"], [["a.gpkg", "a.prj"], "several"],
    [["pipes.shp", "pipes.dbf", "roads.shp"], "several"],
  ] as const)("%j: %s", (names, problem) => expect(fileProblem(named(...names))).toBe(problem));
  it("parts join the Shapefile that is there, anything else takes its place", () => {
    const join = (before: string[], more: string[]): string[] => joined(named(...before), named(...more)).map((one) => one.name);
    expect(join(["a.shp"], ["a.dbf", "a.prj"])).toEqual(["a.shp", "a.dbf", "a.prj"]);
    expect(join(["a.shp", "a.dbf"], ["A.DBF"])).toEqual(["a.shp", "A.DBF"]);
    expect(join(["a.shp", "a.dbf"], ["b.gpkg"])).toEqual(["b.gpkg"]);
    expect(join(["a.shp"], ["b.dbf"])).toEqual(["b.dbf"]);
  });
  it("the parts of a Shapefile are told, there or not", () => {
    expect(partsOf(named("a.gpkg"))).toEqual([]);
    expect(partsOf(named("a.shp", "a.dbf")).filter((one) => one.isThere).map((one) => one.ending)).toEqual([".shp", ".dbf"]);
    expect(mainOf(named("a.dbf", "a.shp"))?.name).toBe("a.shp");
  });
});

it("a bar shows what is there at all, and adds up", () => {
  const shares = barShares([9998, 0, 2]);
  expect(shares[1]).toBe(0);
  expect(shares[2]).toBeGreaterThan(0.01);
  expect(shares.reduce((a, b) => a + b, 0)).toBeCloseTo(1);
  expect(barShares([0, 0])).toEqual([0, 0]);
});

it("a mark outside the city does not draw the map out there", () => {
  expect(isInside([7.9, 48.4], [7.8, 48.3, 8, 48.5])).toBe(true);
  expect(isInside([9.1, 48.4], [7.8, 48.3, 8, 48.5])).toBe(false);
});

describe("the return of the tariffs", () => {
  const agency = (confirm: string | null) => ({ agency: "gas", tariff_to: "residential", confirm });
  const view = (state: string, confirm: string | null, purpose = "permanent") =>
    ({ exchanges: [{ purpose, revision: 1, state, effective_at: "2026-11-24T00:00:00Z", agencies: [agency(confirm)] }] }) as unknown as CaseView;
  it("is past only when receipted and in effect", () => {
    expect(tariffReturns(view("confirmed", "done"), new Date("2026-11-25T00:00:00Z"))[0]).toMatchObject({ to: "residential", isReceipted: true, isPast: true });
    expect(tariffReturns(view("confirmed", "done"), new Date("2026-11-22T00:00:00Z"))[0]).toMatchObject({ isReceipted: true, isPast: false });
    expect(tariffReturns(view("confirming", null), new Date("2026-11-25T00:00:00Z"))[0]).toMatchObject({ isReceipted: false, isPast: false });
  });
  it("is not told of an exchange that was given up, nor of the construction tariff", () => {
    expect(tariffReturns(view("cancelled", "done"), new Date())).toEqual([]);
    expect(tariffReturns(view("confirmed", "done", "construction"), new Date())).toEqual([]);
  });
});
