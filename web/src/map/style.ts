/**
 * The map's style, built from the layers the city publishes. DRAW_ORDER is the one list of what lies
 * over what; a new kind of layer is added there and nowhere else.
 */
import type {
  ExpressionSpecification, FilterSpecification, LayerSpecification, StyleSpecification,
} from "maplibre-gl";
import type { Language } from "../i18n/language";
import type { MapLayer } from "../lib/types";
import { BASE, CRISIS_COLOUR, DIG_COLOUR, MARK_COLOUR, SIGHT_COLOUR, UTILITIES, UTILITY_STYLE, VERDICT_COLOUR, type UtilityName } from "./colours";

/** Bottom first. Each entry turns the city's layers of that kind into style layers. */
export const DRAW_ORDER = [
  "landuse", // the ground: what the land is planned for
  "street", // carriageway under everything that is surveyed
  "parcel", // hairlines of ownership
  "building",
  "dig-ground", // where a machine may work, and where only hands may
  "excavation-fill", // the case's dig hatched over the ground, under the networks it may meet
  "crisis-ground", // what is asked about, and how far a failure reaches
  "crisis-band", // wide bands under the lines of a section, of what loses supply with it, of what is in danger
  "dig-work", // works of the calendar: grounds under the networks
  "finding-halo", // wide verdict-coloured band under the line it speaks of
  "telecom", // networks by what a strike would do: the most dangerous is drawn last and hidden by nothing
  "stormwater",
  "sewer",
  "water",
  "heating",
  "electricity",
  "gas",
  "shared-trench", // one trench for several new lines, under them
  "service-line", // proposed and built connections of the case
  "node", // manholes, valves, cabinets: only close up
  "device",
  "excavation-outline",
  "crisis-line", // the edges of the grounds, and the line that broke, over every network
  "dig-line", // their edges, which tell the kinds apart, over the networks
  "parcel-selected",
  "trial-pit", // where a pit would decide
  "sight", // the shapes of a file that is looked at before it is delivered
  "draft", // the polygon being drawn
  "street-label",
  "parcel-label",
  "network-label",
  "mark", // places that a delivery's report speaks of: over everything, they are what is asked about
] as const;
export type DrawKind = (typeof DRAW_ORDER)[number];

export const FONT = "Vazirmatn";
export const TILES = "city";
/** GeoJSON sources that the page fills. */
export const SOURCES = ["case", "parcel", "draft", "marks", "sight", "crisis", "digs"] as const;

/** Zooms between which tiles are asked for; above, the last are enlarged (a unit of theirs is 5 cm, and whole parcels fit). */
export const MIN_ZOOM = 10;
export const MAX_ZOOM = 17;
const SERVICE_ZOOM = 15.5;
const NODE_ZOOM = 18;
const LABEL_ZOOM = 17;

export interface StyleInput {
  layers: readonly MapLayer[];
  tiles: string;
  fontUrl: string;
  language: Language;
  minZoom?: number;
  maxZoom?: number;
  /** Utility code to its word, for labels along lines. */
  utilityWord: (utility: string) => string;
}

export function buildStyle(input: StyleInput): StyleSpecification {
  const empty = { type: "FeatureCollection" as const, features: [] };
  return {
    version: 8,
    "font-faces": { [FONT]: [{ url: input.fontUrl }] },
    sources: {
      [TILES]: {
        type: "vector", tiles: [input.tiles],
        minzoom: input.minZoom ?? MIN_ZOOM, maxzoom: input.maxZoom ?? MAX_ZOOM,
      },
      ...Object.fromEntries(SOURCES.map((id) => [id, { type: "geojson" as const, data: empty, promoteId: "id" }])),
    },
    layers: [
      { id: "ground", type: "background", paint: { "background-color": BASE.ground } },
      ...DRAW_ORDER.flatMap((kind) => layersOf(kind, input)),
    ],
  };
}

type Draw = (input: StyleInput, kind: DrawKind) => LayerSpecification[];

const each = (target: string, draw: (layer: MapLayer, input: StyleInput) => LayerSpecification[]): Draw =>
  (input) => input.layers.filter((layer) => layer.target === target).flatMap((layer) => draw(layer, input));

const DRAW: Partial<Record<DrawKind, Draw>> = {
  landuse: each("landuse", ({ id }) => [
    { ...tile(id, "landuse"), type: "fill", paint: { "fill-color": BASE.landuse, "fill-opacity": 0.7 } },
  ]),
  street: each("street", ({ id }) => streets(id)),
  parcel: each("parcel", ({ id }) => parcels(id)),
  building: each("building", ({ id }) => buildings(id)),
  node: each("network_node", ({ id, utility }) => [points(id, utility, "node")]),
  device: each("network_device", ({ id, utility }) => [points(id, utility, "device")]),
  "excavation-fill": () => [
    { id: "excavation-base", source: "case", type: "fill", filter: kindIs("excavation"), paint: { "fill-color": "#ffffff", "fill-opacity": 0.55 } },
    { id: "excavation-fill", source: "case", type: "fill", filter: kindIs("excavation"), paint: { "fill-pattern": "hatch" } },
  ],
  "finding-halo": () => findingHalo(),
  "dig-ground": () => digGround(),
  "dig-work": () => digWorks(),
  "dig-line": () => digLines(),
  "crisis-ground": () => crisisGround(),
  "crisis-band": () => crisisBands(),
  "crisis-line": () => crisisLines(),
  "shared-trench": () => [
    { id: "shared-trench", source: "case", type: "line", filter: kindIs("shared_trench"), layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": BASE.dig, "line-opacity": 0.22, "line-width": zoomed([16, 6], [20, 26]) } },
  ],
  "service-line": () => serviceLines(),
  "trial-pit": () => [
    { id: "trial-pit", source: "case", type: "circle", filter: kindIs("trial_pit"), paint: { "circle-radius": zoomed([15, 3], [20, 9]), "circle-color": "#ffffff", "circle-stroke-color": VERDICT_COLOUR.undecidable, "circle-stroke-width": 3 } },
  ],
  "excavation-outline": () => [
    { id: "excavation-outline", source: "case", type: "line", filter: kindIs("excavation"), paint: { "line-color": BASE.dig, "line-width": 2.2 } },
  ],
  "parcel-selected": () => selectedParcel(),
  sight: () => sight(),
  draft: () => draft(),
  mark: () => marks(),
  "street-label": each("street", ({ id }) => [streetLabel(id)]),
  "parcel-label": each("parcel", ({ id }) => [parcelLabel(id)]),
  "network-label": each("network_line", (layer, input) => [networkLabel(layer, input)]),
};

function layersOf(kind: DrawKind, input: StyleInput): LayerSpecification[] {
  if ((UTILITIES as readonly string[]).includes(kind)) return network(input, kind as UtilityName);
  return DRAW[kind]?.(input, kind) ?? [];
}

function tile(layerId: string, part: string): { id: string; source: string; "source-layer": string } {
  return { id: `${layerId}:${part}`, source: TILES, "source-layer": layerId };
}

function kindIs(kind: string): FilterSpecification {
  return ["==", ["get", "kind"], kind];
}

function zoomed(...stops: [number, number][]): ExpressionSpecification {
  return ["interpolate", ["exponential", 1.6], ["zoom"], ...stops.flat()] as unknown as ExpressionSpecification;
}

function streets(layerId: string): LayerSpecification[] {
  const layout = { "line-cap": "round", "line-join": "round" } as const;
  return [
    { ...tile(layerId, "edge"), type: "line", layout, paint: { "line-color": BASE.streetLine, "line-width": zoomed([13, 2], [16, 9], [19, 58]) } },
    { ...tile(layerId, "street"), type: "line", layout, paint: { "line-color": BASE.street, "line-width": zoomed([13, 1.2], [16, 7.5], [19, 54]) } },
  ];
}

function parcels(layerId: string): LayerSpecification[] {
  return [
    // nearly clear: streets show through, yet the whole parcel can be clicked
    { ...tile(layerId, "parcel"), type: "fill", paint: { "fill-color": BASE.parcel, "fill-opacity": 0.35 } },
    {
      ...tile(layerId, "edge"), type: "line", minzoom: 14,
      paint: { "line-color": BASE.parcelLine, "line-width": zoomed([14, 0.4], [17, 1], [20, 1.6]) },
    },
  ];
}

function buildings(layerId: string): LayerSpecification[] {
  return [
    { ...tile(layerId, "building"), type: "fill", minzoom: 13, paint: { "fill-color": BASE.building } },
    { ...tile(layerId, "edge"), type: "line", minzoom: 15, paint: { "line-color": BASE.buildingLine, "line-width": zoomed([15, 0.4], [19, 1.2]) } },
  ];
}

/** Services are thinner than mains; medium voltage and high pressure are wider than the rest. */
/** Wide pipes are drawn wide: where two networks share a line on the map, both can be seen. */
const BULK: Record<UtilityName, number> = {
  sewer: 2, stormwater: 2, water: 1.35, heating: 1.35, gas: 1, electricity: 0.85, telecom: 0.85,
};

const IS_SERVICE: ExpressionSpecification = ["==", ["get", "role"], "service"];
const IS_TRUNK: ExpressionSpecification = [
  "any",
  ["match", ["get", "class_code"], ["MV", "HV", "HP", "HP1", "HP2"], true, false],
  ["match", ["get", "role"], ["feeder", "transmission"], true, false],
];

function lineWidth(bulk: number, extra = 0, extraFar = extra): ExpressionSpecification {
  const at = (service: number, main: number, trunk: number, more = extra): ExpressionSpecification =>
    ["case", IS_SERVICE, service * bulk + more, IS_TRUNK, trunk * bulk + more, main * bulk + more];
  return [
    "interpolate", ["linear"], ["zoom"],
    13, at(0.2, 0.5, 1.1, extraFar), 15, at(0.5, 1, 1.8, extraFar), 16, at(1, 2, 2.6), 18, at(1.8, 3.2, 4.2), 20, at(3, 5, 6.5),
  ];
}

/** From afar one street's networks would be one dark stroke: only these are shown, and every trunk line. */
const SEEN_FROM_AFAR = new Set<UtilityName>(["water", "gas", "heating"]);

function opacity(utility: UtilityName): ExpressionSpecification {
  const afar = SEEN_FROM_AFAR.has(utility) ? 1 : 0;
  return [
    "interpolate", ["linear"], ["zoom"],
    SERVICE_ZOOM - 0.9, ["case", IS_SERVICE, 0, IS_TRUNK, 1, afar],
    SERVICE_ZOOM - 0.5, ["case", IS_SERVICE, 0, 1],
    SERVICE_ZOOM, 1,
  ];
}

/** The edge is there to be seen close up; from afar it would only fill the street. */
function edgeWidth(bulk: number, extra: number): ExpressionSpecification {
  return lineWidth(bulk, extra, extra * 0.3);
}

function network(input: StyleInput, utility: UtilityName): LayerSpecification[] {
  const style = UTILITY_STYLE[utility];
  const lines = input.layers.filter((layer) => layer.target === "network_line" && layer.utility === utility);
  const fades = opacity(utility);
  return lines.flatMap(({ id }): LayerSpecification[] => [
    {
      ...tile(id, "edge"), type: "line", layout: { "line-join": "round" },
      // from afar a white edge only bleaches what lies beside it
      minzoom: style.edge === "#ffffff" ? SERVICE_ZOOM - 0.5 : 0,
      paint: { "line-color": style.edge, "line-width": edgeWidth(BULK[utility], style.edge === "#ffffff" ? 1.8 : 1.4), "line-opacity": fades },
    },
    {
      ...tile(id, "line"), type: "line", layout: { "line-join": "round", "line-cap": style.dash ? "butt" : "round" },
      paint: {
        "line-color": style.line, "line-width": lineWidth(BULK[utility]), "line-opacity": fades,
        ...(style.dash ? { "line-dasharray": [...style.dash] } : {}),
      },
    },
  ]);
}

function points(layerId: string, utility: string | null | undefined, part: "node" | "device"): LayerSpecification {
  const style = UTILITY_STYLE[(utility ?? "water") as UtilityName] ?? UTILITY_STYLE.water;
  return {
    ...tile(layerId, part), type: "circle", minzoom: part === "device" ? NODE_ZOOM - 1.5 : NODE_ZOOM,
    // bends, taps and line ends are topology, not things one finds in the street
    ...(part === "node"
      ? { filter: ["match", ["get", "kind"], ["junction", "bend", "tap", "end", "consumer", "connection", "node", "b"], false, true] as FilterSpecification }
      : {}),
    paint: {
      "circle-color": part === "device" ? style.line : "#ffffff",
      "circle-stroke-color": part === "device" ? "#ffffff" : style.ink,
      "circle-stroke-width": 1.5,
      "circle-radius": zoomed([16, part === "device" ? 3 : 2], [20, part === "device" ? 8 : 5]),
    },
  };
}

const VERDICT_PAINT: ExpressionSpecification = [
  "match", ["get", "verdict"],
  "violates", VERDICT_COLOUR.violates,
  "undecidable", VERDICT_COLOUR.undecidable,
  "clear", VERDICT_COLOUR.clear,
  VERDICT_COLOUR.no_information,
];

function findingHalo(): LayerSpecification[] {
  const layout = { "line-cap": "round", "line-join": "round" } as const;
  const chosen: ExpressionSpecification = ["boolean", ["feature-state", "chosen"], false];
  return [
    {
      id: "finding-halo", source: "case", type: "line", filter: kindIs("finding"), layout,
      paint: {
        "line-color": VERDICT_PAINT, "line-opacity": ["case", chosen, 0.65, 0.3],
        "line-width": ["interpolate", ["linear"], ["zoom"], 15, ["case", chosen, 10, 6], 19, ["case", chosen, 26, 18]],
      },
    },
  ];
}

/** The machine's ground green, the strips for hand tools amber: both under the hatch of the dig. */
function digGround(): LayerSpecification[] {
  return [
    { id: "safe-corridor", source: "case", type: "fill", filter: kindIs("safe_corridor"), paint: { "fill-color": "#1e7a45", "fill-opacity": 0.16 } },
    { id: "hand-dig", source: "case", type: "fill", filter: kindIs("hand_dig"), paint: { "fill-color": "#d08700", "fill-opacity": 0.22 } },
  ];
}

const LIT: ExpressionSpecification = ["boolean", ["get", "lit"], false];
const lookIs = (look: string): FilterSpecification => ["==", ["get", "look"], look];

/** A street's works are a metre wide: from afar the edge is what is seen, so it is drawn wide there. */
function digWorks(): LayerSpecification[] {
  const finding: FilterSpecification = ["==", ["get", "kind"], "finding"];
  return [
    { id: "dig-work-glow", source: "digs", type: "line", filter: ["==", ["get", "lit"], true], layout: { "line-join": "round" }, paint: { "line-color": DIG_COLOUR.lit, "line-opacity": 0.55, "line-width": zoomed([13, 12], [17, 20], [20, 30]) } },
    { id: "dig-work-base", source: "digs", type: "fill", filter: kindIs("work"), paint: { "fill-color": "#ffffff", "fill-opacity": ["case", LIT, 0.8, 0.55] } },
    { id: "dig-work-fill", source: "digs", type: "fill", filter: kindIs("work"), paint: { "fill-pattern": "hatch" } },
    { id: "dig-finding", source: "digs", type: "line", filter: finding, layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": VERDICT_PAINT, "line-opacity": 0.3, "line-width": ["interpolate", ["linear"], ["zoom"], 15, 6, 19, 18] } },
  ];
}

/** Kinds by their dash as well as their colour: a plan is dashed, an incident doubled, the others whole. */
function digLines(): LayerSpecification[] {
  const width = zoomed([13, 3.5], [17, 3], [20, 2.6]);
  const edge = (look: keyof typeof DIG_COLOUR, dash: number[] | null): LayerSpecification => ({
    id: `dig-${look}`, source: "digs", type: "line", filter: lookIs(look), layout: { "line-join": "round" },
    paint: { "line-color": DIG_COLOUR[look], "line-width": width, ...(dash ? { "line-dasharray": dash } : {}) },
  });
  return [
    { id: "dig-incident-ring", source: "digs", type: "line", filter: lookIs("incident"), layout: { "line-join": "round" }, paint: { "line-color": DIG_COLOUR.incident, "line-width": 1.6, "line-gap-width": zoomed([13, 9], [20, 9]) } },
    edge("connection", null), edge("development", null), edge("incident", null), edge("plan", [2.2, 1.4]),
  ];
}

function crisisGround(): LayerSpecification[] {
  const fill = (kind: string, opacity: number): LayerSpecification => ({
    id: `crisis-${kind}-fill`, source: "crisis", type: "fill", filter: kindIs(kind), paint: { "fill-color": CRISIS_COLOUR[kind as keyof typeof CRISIS_COLOUR], "fill-opacity": opacity },
  });
  return [
    fill("incident", 0.1), fill("area", 0.1), fill("hazard", 0.14),
    { id: "crisis-trench-fill", source: "crisis", type: "fill", filter: kindIs("trench"), paint: { "fill-pattern": "hatch" } },
  ];
}

/** Told apart by pattern as well as colour: the section is whole, what loses supply beyond it is in dashes, the stream in dots. */
function crisisBands(): LayerSpecification[] {
  const band = (kind: keyof typeof CRISIS_COLOUR, opacity: number, dash: number[] | null, wide: [number, number][]): LayerSpecification => ({
    id: `crisis-${kind}`, source: "crisis", type: "line", filter: kindIs(kind), layout: { "line-cap": dash ? "butt" : "round", "line-join": "round" },
    paint: { "line-color": CRISIS_COLOUR[kind], "line-opacity": opacity, "line-width": zoomed(...wide), ...(dash ? { "line-dasharray": dash } : {}) },
  });
  return [
    band("in_danger", 0.35, null, [[13, 5], [16, 9], [20, 18]]),
    band("flow", 0.75, [0.6, 0.6], [[13, 9], [16, 14], [20, 20]]),
    band("unintended", 0.75, [1.1, 0.5], [[13, 9], [16, 14], [20, 24]]),
    band("segment", 0.6, null, [[13, 10], [16, 15], [20, 28]]),
  ];
}

function crisisLines(): LayerSpecification[] {
  const layout = { "line-cap": "round", "line-join": "round" } as const;
  const edge = (kind: keyof typeof CRISIS_COLOUR, dash: number[] | null): LayerSpecification => ({
    id: `crisis-${kind}-edge`, source: "crisis", type: "line", filter: kindIs(kind), paint: { "line-color": CRISIS_COLOUR[kind], "line-width": 2.4, ...(dash ? { "line-dasharray": dash } : {}) },
  });
  return [
    edge("incident", [1, 1]), edge("area", [2, 1.5]), edge("hazard", [4, 2]), edge("trench", null),
    { id: "crisis-start-edge", source: "crisis", type: "line", filter: kindIs("start"), layout, paint: { "line-color": "#ffffff", "line-width": zoomed([13, 4], [20, 13]) } },
    { id: "crisis-start", source: "crisis", type: "line", filter: kindIs("start"), layout, paint: { "line-color": CRISIS_COLOUR.start, "line-width": zoomed([13, 2.5], [20, 8]) } },
  ];
}

/** New lines in their utility's colour: dotted while on paper, whole when built; always edged, they cross everything. */
function serviceLines(): LayerSpecification[] {
  const colour = ["match", ["get", "utility"], ...UTILITIES.flatMap((name) => [name, UTILITY_STYLE[name].line]), BASE.dig] as unknown as ExpressionSpecification;
  const layout = { "line-cap": "round", "line-join": "round" } as const;
  const width = zoomed([15, 2], [20, 7]);
  return [
    { id: "service-line-edge", source: "case", type: "line", filter: kindIs("service_line"), layout, paint: { "line-color": "#14252d", "line-width": zoomed([15, 4], [20, 11]) } },
    { id: "service-line", source: "case", type: "line", filter: kindIs("service_line"), layout, paint: { "line-color": colour, "line-width": width, "line-dasharray": [0.1, 1.6] } },
    { id: "service-line-built", source: "case", type: "line", filter: kindIs("service_line_as_built"), layout, paint: { "line-color": colour, "line-width": width } },
  ];
}

function selectedParcel(): LayerSpecification[] {
  return [
    { id: "parcel-selected-fill", source: "parcel", type: "fill", paint: { "fill-color": BASE.brand, "fill-opacity": 0.06 } },
    { id: "parcel-selected-edge", source: "parcel", type: "line", layout: { "line-join": "round" }, paint: { "line-color": "#ffffff", "line-width": 5 } },
    { id: "parcel-selected", source: "parcel", type: "line", layout: { "line-join": "round" }, paint: { "line-color": BASE.brand, "line-width": 2.6 } },
  ];
}

function draft(): LayerSpecification[] {
  return [
    { id: "draft-fill", source: "draft", type: "fill", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-pattern": "hatch" } },
    { id: "draft-edge", source: "draft", type: "line", filter: ["!=", ["geometry-type"], "Point"], paint: { "line-color": "#ffffff", "line-width": 4.5 } },
    { id: "draft-line", source: "draft", type: "line", filter: ["!=", ["geometry-type"], "Point"], paint: { "line-color": BASE.dig, "line-width": 2.2 } },
    {
      id: "draft-corner", source: "draft", type: "circle", filter: ["==", ["geometry-type"], "Point"],
      paint: { "circle-radius": 5, "circle-color": "#ffffff", "circle-stroke-color": BASE.dig, "circle-stroke-width": 2.2 },
    },
  ];
}

/** What is refused or repaired lies over the rest, and is wider: it is what is looked for. */
function sight(): LayerSpecification[] {
  const colour = ["match", ["get", "state"], ...Object.entries(SIGHT_COLOUR).flat(), SIGHT_COLOUR.good] as unknown as ExpressionSpecification;
  const told: ExpressionSpecification = ["!=", ["get", "state"], "good"];
  const order: ExpressionSpecification = ["case", told, 1, 0];
  return [
    { id: "sight-fill", source: "sight", type: "fill", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": colour, "fill-opacity": 0.18 } },
    { id: "sight-edge", source: "sight", type: "line", filter: ["!=", ["geometry-type"], "Point"], layout: { "line-sort-key": order }, paint: { "line-color": "#ffffff", "line-opacity": 0.7, "line-width": ["case", told, 6, 4] } },
    { id: "sight-line", source: "sight", type: "line", filter: ["!=", ["geometry-type"], "Point"], layout: { "line-sort-key": order }, paint: { "line-color": colour, "line-width": ["case", told, 3.4, 1.8] } },
    {
      id: "sight-point", source: "sight", type: "circle", filter: ["==", ["geometry-type"], "Point"], layout: { "circle-sort-key": order },
      paint: { "circle-color": colour, "circle-radius": ["case", told, 5, 3.2], "circle-stroke-color": "#ffffff", "circle-stroke-width": 1.2 },
    },
  ];
}

function marks(): LayerSpecification[] {
  const chosen: ExpressionSpecification = ["boolean", ["feature-state", "chosen"], false];
  const size = (plain: number, lit: number): ExpressionSpecification => ["case", chosen, lit, plain];
  return [
    { id: "mark-ring", source: "marks", type: "circle", paint: {
      "circle-radius": ["interpolate", ["linear"], ["zoom"], 13, size(0, 13), 18, size(0, 18)],
      "circle-color": MARK_PAINT, "circle-opacity": ["case", chosen, 0.25, 0], "circle-stroke-color": MARK_PAINT, "circle-stroke-width": size(0, 2),
    } },
    { id: "mark", source: "marks", type: "circle", paint: {
      "circle-radius": ["interpolate", ["linear"], ["zoom"], 13, size(3, 5), 18, size(6, 8)],
      "circle-color": MARK_PAINT, "circle-stroke-color": "#ffffff", "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], 13, 1, 18, 2],
    } },
  ];
}

const MARK_PAINT: ExpressionSpecification = [
  "match", ["get", "kind"], ...Object.entries(MARK_COLOUR).flat(), MARK_COLOUR.fact,
] as unknown as ExpressionSpecification;

function streetLabel(layerId: string): LayerSpecification {
  return {
    ...tile(layerId, "label"), type: "symbol", minzoom: 15,
    layout: {
      "symbol-placement": "line", "text-field": ["get", "name"], "text-font": [FONT],
      "text-size": ["interpolate", ["linear"], ["zoom"], 15, 11, 19, 15], "text-max-angle": 30, "symbol-spacing": 320,
    },
    paint: { "text-color": BASE.ink, "text-halo-color": BASE.halo, "text-halo-width": 1.6 },
  };
}

function parcelLabel(layerId: string): LayerSpecification {
  return {
    ...tile(layerId, "label"), type: "symbol", minzoom: LABEL_ZOOM + 0.3,
    layout: {
      // an identifier: Latin digits and reading order in both languages
      "text-field": ["concat", "\u2066", ["to-string", ["get", "id"]], "\u2069"],
      "text-font": [FONT], "text-size": 10.5, "text-padding": 6, "text-max-width": 20,
    },
    paint: { "text-color": "#71695a", "text-halo-color": BASE.halo, "text-halo-width": 1.2 },
  };
}

/** "Water 110" along the main: what lies there and how thick (mm), or its class ("MV", "LP"). */
function networkLabel(layer: MapLayer, input: StyleInput): LayerSpecification {
  const style = UTILITY_STYLE[(layer.utility ?? "water") as UtilityName] ?? UTILITY_STYLE.water;
  const locale = input.language === "fa" ? "fa-IR" : "en-GB";
  const figure = (property: string, digits: number): ExpressionSpecification =>
    ["number-format", ["to-number", ["get", property]], { locale, "max-fraction-digits": digits }];
  const name = layer.utility ? input.utilityWord(layer.utility) : "";
  return {
    ...tile(layer.id, "label"), type: "symbol", minzoom: LABEL_ZOOM,
    filter: ["!", IS_SERVICE] as FilterSpecification,
    layout: {
      "symbol-placement": "line", "symbol-spacing": 260, "text-font": [FONT], "text-size": 11.5, "text-offset": [0, -0.9],
      "text-field": [
        "case",
        ["has", "diameter_mm"], ["concat", name, " ", figure("diameter_mm", 0)],
        ["has", "class_code"], ["concat", name, " ", ["get", "class_code"]],
        name,
      ],
    },
    paint: { "text-color": style.ink, "text-halo-color": BASE.halo, "text-halo-width": 1.6 },
  };
}
