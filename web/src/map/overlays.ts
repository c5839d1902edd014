/** What the page itself lays over the city's tiles: a case, works, an emergency, a file that is looked at, what is drawn. */
import type { ExpressionSpecification, FilterSpecification, LayerSpecification } from "maplibre-gl";
import { BASE, CRISIS_COLOUR, DIG_COLOUR, MARK_COLOUR, SIGHT_COLOUR, UTILITIES, UTILITY_STYLE, VERDICT_COLOUR } from "./colours";

export function kindIs(kind: string): FilterSpecification {
  return ["==", ["get", "kind"], kind];
}

export function zoomed(...stops: [number, number][]): ExpressionSpecification {
  return ["interpolate", ["exponential", 1.6], ["zoom"], ...stops.flat()] as unknown as ExpressionSpecification;
}

const VERDICT_PAINT: ExpressionSpecification = [
  "match", ["get", "verdict"],
  "violates", VERDICT_COLOUR.violates,
  "undecidable", VERDICT_COLOUR.undecidable,
  "clear", VERDICT_COLOUR.clear,
  VERDICT_COLOUR.no_information,
];

export function findingHalo(): LayerSpecification[] {
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
    {
      // a tree is a point
      id: "finding-ring", source: "case", type: "circle", filter: ["all", ["==", ["get", "kind"], "finding"], ["==", ["geometry-type"], "Point"]],
      paint: {
        "circle-color": VERDICT_PAINT, "circle-opacity": ["case", chosen, 0.65, 0.3],
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 15, ["case", chosen, 8, 5], 19, ["case", chosen, 22, 16]],
      },
    },
  ];
}

/** The machine's ground green, the strips for hand tools amber: both under the hatch of the dig. */
export function digGround(): LayerSpecification[] {
  return [
    { id: "safe-corridor", source: "case", type: "fill", filter: kindIs("safe_corridor"), paint: { "fill-color": "#1e7a45", "fill-opacity": 0.16 } },
    { id: "hand-dig", source: "case", type: "fill", filter: kindIs("hand_dig"), paint: { "fill-color": "#d08700", "fill-opacity": 0.22 } },
  ];
}

const LIT: ExpressionSpecification = ["boolean", ["get", "lit"], false];
const lookIs = (look: string): FilterSpecification => ["==", ["get", "look"], look];

/** A street's works are a metre wide: from afar the edge is what is seen, so it is drawn wide there. */
export function digWorks(): LayerSpecification[] {
  const finding: FilterSpecification = ["==", ["get", "kind"], "finding"];
  return [
    { id: "dig-paving-fill", source: "digs", type: "fill", filter: kindIs("paving"), paint: { "fill-color": DIG_COLOUR.paving, "fill-opacity": 0.2 } },
    { id: "dig-paving-edge", source: "digs", type: "line", filter: kindIs("paving"), paint: { "line-color": DIG_COLOUR.paving, "line-width": zoomed([13, 3], [18, 2]), "line-dasharray": [1, 1] } },
    { id: "dig-work-glow", source: "digs", type: "line", filter: ["==", ["get", "lit"], true], layout: { "line-join": "round" }, paint: { "line-color": DIG_COLOUR.lit, "line-opacity": 0.55, "line-width": zoomed([13, 12], [17, 20], [20, 30]) } },
    { id: "dig-work-base", source: "digs", type: "fill", filter: kindIs("work"), paint: { "fill-color": "#ffffff", "fill-opacity": ["case", LIT, 0.8, 0.55] } },
    { id: "dig-work-fill", source: "digs", type: "fill", filter: kindIs("work"), paint: { "fill-pattern": "hatch" } },
    { id: "dig-finding", source: "digs", type: "line", filter: finding, layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": VERDICT_PAINT, "line-opacity": 0.3, "line-width": ["interpolate", ["linear"], ["zoom"], 15, 6, 19, 18] } },
  ];
}

/** Kinds by their dash as well as their colour: a plan is dashed, an incident doubled, the others whole. */
export function digLines(): LayerSpecification[] {
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

export function crisisGround(): LayerSpecification[] {
  const fill = (kind: string, opacity: number): LayerSpecification => ({
    id: `crisis-${kind}-fill`, source: "crisis", type: "fill", filter: kindIs(kind), paint: { "fill-color": CRISIS_COLOUR[kind as keyof typeof CRISIS_COLOUR], "fill-opacity": opacity },
  });
  return [
    fill("incident", 0.1), fill("area", 0.1), fill("hazard", 0.14),
    { id: "crisis-trench-fill", source: "crisis", type: "fill", filter: kindIs("trench"), paint: { "fill-pattern": "hatch" } },
  ];
}

/** Told apart by pattern as well as colour: the section is whole, what loses supply beyond it is in dashes, the stream in dots. */
export function crisisBands(): LayerSpecification[] {
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

export function crisisLines(): LayerSpecification[] {
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
export function serviceLines(): LayerSpecification[] {
  const colour = ["match", ["get", "utility"], ...UTILITIES.flatMap((name) => [name, UTILITY_STYLE[name].line]), BASE.dig] as unknown as ExpressionSpecification;
  const layout = { "line-cap": "round", "line-join": "round" } as const;
  const width = zoomed([15, 2], [20, 7]);
  return [
    { id: "service-line-edge", source: "case", type: "line", filter: kindIs("service_line"), layout, paint: { "line-color": "#14252d", "line-width": zoomed([15, 4], [20, 11]) } },
    { id: "service-line", source: "case", type: "line", filter: kindIs("service_line"), layout, paint: { "line-color": colour, "line-width": width, "line-dasharray": [0.1, 1.6] } },
    { id: "service-line-built", source: "case", type: "line", filter: kindIs("service_line_as_built"), layout, paint: { "line-color": colour, "line-width": width } },
  ];
}

export function selectedParcel(): LayerSpecification[] {
  return [
    { id: "parcel-selected-fill", source: "parcel", type: "fill", paint: { "fill-color": BASE.brand, "fill-opacity": 0.06 } },
    { id: "parcel-selected-edge", source: "parcel", type: "line", layout: { "line-join": "round" }, paint: { "line-color": "#ffffff", "line-width": 5 } },
    { id: "parcel-selected", source: "parcel", type: "line", layout: { "line-join": "round" }, paint: { "line-color": BASE.brand, "line-width": 2.6 } },
  ];
}

export function draft(): LayerSpecification[] {
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
export function sight(): LayerSpecification[] {
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

const MARK_PAINT: ExpressionSpecification = [
  "match", ["get", "kind"], ...Object.entries(MARK_COLOUR).flat(), MARK_COLOUR.fact,
] as unknown as ExpressionSpecification;

export function marks(): LayerSpecification[] {
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

/** Rings, not discs: the two lines below stay in sight. The chosen one is wide and dark. */
export function surveyed(): LayerSpecification[] {
  const chosen: ExpressionSpecification = ["boolean", ["get", "chosen"], false];
  const point: FilterSpecification = ["==", ["geometry-type"], "Point"];
  return [
    { id: "survey-gap", source: "survey", type: "line", filter: ["==", ["geometry-type"], "LineString"], minzoom: 17, paint: { "line-color": "#14252d", "line-width": 2 } },
    { id: "survey-edge", source: "survey", type: "circle", filter: point, layout: { "circle-sort-key": ["-", 0, ["get", "rank"]] }, paint: {
      "circle-radius": ["interpolate", ["linear"], ["zoom"], 13, ["case", chosen, 8, 4], 19, ["case", chosen, 22, 12]],
      "circle-opacity": 0, "circle-stroke-color": "#ffffff", "circle-stroke-width": ["case", chosen, 8, 5],
    } },
    { id: "survey-dot", source: "survey", type: "circle", filter: point, layout: { "circle-sort-key": ["-", 0, ["get", "rank"]] }, paint: {
      "circle-radius": ["interpolate", ["linear"], ["zoom"], 13, ["case", chosen, 8, 4], 19, ["case", chosen, 22, 12]],
      "circle-color": VERDICT_PAINT, "circle-opacity": 0.12,
      "circle-stroke-color": ["case", chosen, "#14252d", VERDICT_PAINT], "circle-stroke-width": ["case", chosen, 4, 2.5],
    } },
  ];
}
