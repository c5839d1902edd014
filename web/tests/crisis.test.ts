import type { Geometry } from "geojson";
import { describe, expect, it } from "vitest";
import {
  byOwner, crisisShapes, framed, isClosable, leastFresh, letterOf, likelyKind, needsSqueeze, packArea, placeIn, sideBySide, placeText, telOf, turned, turnedBack, valveLines,
  type Device, type Here, type HereLayer, type Isolation, type NetworkFeature, type Shown,
} from "../src/lib/crisis";
import { hrefOf, parseRoute } from "../src/lib/route";

const at = (lon: number, lat: number): Geometry => ({ type: "Point", coordinates: [lon, lat] });
const feature = (id: string, utility: string | null, owner: string, distance_m: number, target = "network_line"): NetworkFeature => ({
  type: "Feature", id, geometry: at(7, 48), properties: { layer_id: `${utility}_lines`, feature_id: id, utility, owner, distance_m, target },
});
const layer = (layer_id: string, owner: string, utility: string, state: HereLayer["state"], age_days = 1): HereLayer => ({
  layer_id, owner, utility, state, age_days, name: { en: layer_id, fa: layer_id }, target: "network_line", as_of: null, delivered_at: null, surveyed_from: null, surveyed_to: null, count: 1, nearest_m: 1,
});
const collection = (features: NetworkFeature[]) => ({ type: "FeatureCollection" as const, features, numberMatched: features.length, numberReturned: features.length });
const here = (features: NetworkFeature[], layers: HereLayer[] = []): Here => ({
  area: { geometry: at(7, 48), area_m2: 1, radius_m: 30, center: [7, 48] }, layers, features: collection(features), contacts: [], parcels: [], open_trenches: [],
  limits: { truncated: false, matched: features.length }, took_ms: 1,
});
const device = (feature_id: string | null, state: "open" | "closed" = "open", turn_to: "open" | "closed" = "closed"): Device => ({
  layer_id: feature_id && "water_devices", feature_id, kind: "valve", owner: "water", point: feature_id ? [7, 48] : null, state, turn_to, operable: true,
});

describe("what is here", () => {
  const found = byOwner(here([
    feature("G1", "gas", "gas", 0.5, "network_device"), feature("W1", "water", "water", 1), feature("G2", "gas", "gas", 2), feature("S1", "sewer", "water", 0.1), feature("B1", null, "land", 0),
  ], [layer("gas_lines", "gas", "gas", "fresh"), layer("gas_devices", "gas", "gas", "stale")]));
  it("is grouped by owner, the nearest first; what is no network is left out", () => {
    expect(found.map((one) => [one.owner, one.nearest_m])).toEqual([["water", 0.1], ["gas", 0.5]]);
    expect(found[0]?.near.map((one) => one.utility)).toEqual(["sewer", "water"]);
  });
  it("offers a line to shut off, though a device is nearer", () => {
    const gas = found[1]?.near[0];
    expect([gas?.nearest.id, gas?.nearest_m, gas?.lines, gas?.devices]).toEqual(["G2", 0.5, 1, 1]);
  });
  it("tells the layer that is trusted least", () => {
    expect(leastFresh(found[1]?.near[0]?.layers ?? [])?.layer_id).toBe("gas_devices");
    expect(leastFresh([])).toBeNull();
  });
});

describe("valves keep their numbers", () => {
  const first = valveLines({ valves: [device("A"), device("B"), device("C")], already_closed: [], stuck: [] }, new Map());
  const numbers = new Map(first.map((line): [string, number] => [line.id, line.number]));
  it("from one on", () => expect(first.map((line) => [line.id, line.number, line.state])).toEqual([["A", 1, "todo"], ["B", 2, "todo"], ["C", 3, "todo"]]));
  it("when one is closed and another is stuck, new ones come after", () => {
    const next = valveLines({ valves: [device("D"), device("C")], already_closed: [device("A", "closed")], stuck: [device("B")] }, numbers);
    expect(next.map((line) => [line.id, line.number, line.state])).toEqual([["A", 1, "done"], ["B", 2, "stuck"], ["C", 3, "todo"], ["D", 4, "todo"]]);
  });
  it("even without an id", () => {
    const secret = valveLines({ valves: [device(null), device(null)], already_closed: [], stuck: [] }, new Map());
    expect(new Set(secret.map((line) => line.id)).size).toBe(2);
  });
  it("a switch is opened where a valve is closed, and back", () => {
    expect([turned(device("A")), turned(device("E", "closed", "open"))]).toEqual(["valve_closed", "valve_opened"]);
    expect([turnedBack(device("A", "closed")), turnedBack(device("E", "open"))]).toEqual(["valve_opened", "valve_closed"]);
  });
});

describe("small words", () => {
  it("letters by language, without end", () => {
    expect([letterOf(0, "en"), letterOf(1, "fa"), letterOf(0, "fa"), letterOf(26, "en")]).toEqual(["A", "ب", "الف", "A"]);
    expect(letterOf(32, "fa")).toBe("الف");
  });
  it("a telephone number as a link", () => expect(telOf("+49 30 23125 013")).toBe("tel:+493023125013"));
  it("what has probably happened", () => expect([likelyKind("gas"), likelyKind("water"), likelyKind(null)]).toEqual(["gas_leak", "water_burst", "other"]));
  it("a drain is not shut off", () => expect([isClosable("gas"), isClosable("sewer")]).toEqual([true, false]));
});

describe("the place in the address", () => {
  it("there and back", () => {
    const route = parseRoute("#/karhula/crisis?at=26.900000,60.500000&utility=water");
    expect(route).toEqual({ name: "crisis", city: "karhula", incident: null, at: "26.900000,60.500000", utility: "water" });
    expect(parseRoute(hrefOf(route))).toEqual(route);
    const incident = { name: "crisis", city: "karhula", incident: "0192-ab", at: null, utility: null } as const;
    expect(parseRoute(hrefOf(incident))).toEqual(incident);
  });
  it.each([["7.5,48.25", [7.5, 48.25]], ["7.5", null], ["", null], ["x,48", null], ["181,0", null], ["1,2,3", null], [",", null]])("%s", (text, place) => {
    expect(placeIn(text)).toEqual(place);
  });
  it("has six digits", () => expect(placeText([7.12345678, 48])).toBe("7.123457,48.000000"));
});

describe("the offline pack's box", () => {
  const metres = (box: NonNullable<ReturnType<typeof packArea>>): [number, number] => {
    const [[west = 0, south = 0] = [], , [east = 0, north = 0] = []] = box.coordinates[0] ?? [];
    return [(east - west) * 111_195 * Math.cos((((south + north) / 2) * Math.PI) / 180), (north - south) * 111_195];
  };
  it("is a point with its surroundings", () => {
    const box = packArea([at(7, 48)]);
    expect(box && metres(box).map(Math.round)).toEqual([300, 300]);
  });
  it("is never more than the server packs", () => {
    const box = packArea([at(7, 48), at(7.1, 48.1)]);
    const [wide, high] = box ? metres(box) : [0, 0];
    expect(wide * high).toBeLessThan(4_000_000);
    expect(wide * high).toBeGreaterThan(3_500_000);
  });
  it("of nothing is nothing", () => expect(packArea([])).toBeNull());
});

describe("what the map shows", () => {
  const isolation: Isolation = {
    utility: "gas", network_version: "v", start: { kind: "line", layer_id: "gas_lines", feature_id: "G1", point: [7, 48], distance_m: 0, feature: feature("G1", "gas", "gas", 0) },
    valves: [], already_closed: [], stuck: [], restorable_by: [], sources: [], segment: { ...collection([feature("G1", "gas", "gas", 0)]) } as Isolation["segment"],
    unintended: collection([]) as unknown as Isolation["unintended"], valves_are_sparse: true, squeeze_points: [{ feature_id: "G2", from_node: "N", offset_m: 1, point: [7.001, 48], diameter_mm: 125 }],
    squeeze: { valves_to_close: [], mains: 1, connections_lost: 3, room_m: 1, source: "" }, section: { mains: 1, services: 0, mains_m: 5 },
    lost: { connections: 9, cut: 9, without_supply: 0, parcels: 9, buildings: 9, units: 9, units_assumed: 9, priority: [], parcels_list: [] },
    confidence: { level: "medium", explanations: [], snaps: 0, network_snaps: 0, supplied_share: 1, unplaced: 0, snap_points: [], oldest_survey: null, lowest_quality: null, missing_layers: [], stale_layers: [] },
    contacts: [], took_ms: 1,
  };
  const shown: Shown = { here: here([]), shut: isolation, danger: null, flow: null, incident: null, part: "shut", place: at(7, 48) };
  const kinds = (one: Shown): unknown[] => crisisShapes(one).features.map((each) => each.properties?.["kind"]);
  it("does not paint a whole network where pipes are squeezed, and frames the points", () => {
    expect(needsSqueeze(isolation)).toBe(true);
    expect(kinds(shown)).toEqual(["start"]);
    expect(framed(shown)).toEqual([at(7.001, 48), at(7, 48)]);
  });
  it("paints the section where valves shut it", () => {
    const valved = { ...isolation, squeeze: null, valves: [device("A")] };
    expect(kinds({ ...shown, shut: valved })).toEqual(["segment", "start"]);
    expect(framed({ ...shown, shut: valved })).toHaveLength(3);
  });
  it("paints what is asked about while nothing broke", () => {
    expect(kinds({ ...shown, shut: null, part: "here" })).toEqual(["area"]);
    expect(framed({ ...shown, here: null, shut: null, part: "here" })).toEqual([at(7, 48)]);
  });
});

it("signs of one chamber stand side by side", () => {
  const sign = (id: string, lon: number) => ({ id, at: [lon, 48] as [number, number], text: id, label: id, look: "" });
  expect(sideBySide([sign("a", 7), sign("b", 7.000001), sign("c", 7.001), sign("d", 7)]).map((one) => one.shift_px ?? 0)).toEqual([0, 34, 0, 68]);
});
