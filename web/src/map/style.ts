/**
 * The map's style, built from the layers the city publishes. DRAW_ORDER is the one list of what lies
 * over what; a new kind of layer is added there and nowhere else.
 */
import type {
  ExpressionSpecification, FilterSpecification, LayerSpecification, StyleSpecification,
} from "maplibre-gl";
import type { Language } from "../i18n/language";
import type { MapLayer } from "../lib/types";
import { BASE, UTILITIES, UTILITY_STYLE, VERDICT_COLOUR, type UtilityName } from "./colours";
import {
  crisisBands, crisisGround, crisisLines, digGround, digLines, digWorks, draft, findingHalo, kindIs, marks, selectedParcel, serviceLines, sight, surveyed, zoomed,
} from "./overlays";

/** Bottom first. Each entry turns the city's layers of that kind into style layers. */
export const DRAW_ORDER = [
  "landuse", // the ground: what the land is planned for
  "street", // carriageway under everything that is surveyed
  "parcel", // hairlines of ownership
  "building",
  "tree", // crowns seen from above, under everything that is dug or laid
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
  "survey", // pairs of lines to be surveyed first
  "mark", // places that a delivery's report speaks of: over everything, they are what is asked about
] as const;
export type DrawKind = (typeof DRAW_ORDER)[number];

export const FONT = "Vazirmatn";
export const TILES = "city";
/** GeoJSON sources that the page fills. */
export const SOURCES = ["case", "parcel", "draft", "marks", "sight", "crisis", "digs", "survey"] as const;

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
  tree: each("tree", ({ id }) => trees(id)),
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
  survey: () => surveyed(),
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

/** As on plans: a green crown around a brown trunk; a sign, not to scale. */
function trees(layerId: string): LayerSpecification[] {
  return [
    {
      ...tile(layerId, "tree"), type: "circle",
      paint: {
        "circle-color": BASE.tree, "circle-opacity": 0.4, "circle-radius": zoomed([16, 2.5], [18, 8], [20, 20]),
        "circle-stroke-color": BASE.treeLine, "circle-stroke-width": zoomed([16, 0.6], [20, 1.6]),
      },
    },
    { ...tile(layerId, "trunk"), type: "circle", minzoom: 16.5, paint: { "circle-color": BASE.trunk, "circle-radius": zoomed([16.5, 0.8], [18, 2], [20, 4.5]) } },
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
