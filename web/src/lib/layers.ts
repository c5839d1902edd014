/** Layers, deliveries and their reports in the order and form they are shown. Pure. */
import type { Feature, FeatureCollection, Point } from "geojson";
import type { Agreement, Collection, Comparison, Delivery, DeliveryState, DiffFeature, Issue, OwnerScore, Severity } from "./delivery_types";
import type { City, MapLayer, Me } from "./types";

export interface OwnerGroup { agency: string; layers: MapLayer[]; features: number | null; score: OwnerScore | null }

/** The city's layers by the agency that answers for them, in the order of the agencies. */
export function groupsByOwner(
  city: Pick<City, "agencies" | "layers">, counts: ReadonlyMap<string, number>, scores: readonly OwnerScore[],
): OwnerGroup[] {
  const known = city.agencies.map((agency) => agency.id);
  const owners = [...known, ...city.layers.map((layer) => layer.owner).filter((id) => !known.includes(id))];
  return [...new Set(owners)].flatMap((agency): OwnerGroup[] => {
    const layers = city.layers.filter((layer) => layer.owner === agency);
    if (layers.length === 0) return [];
    const known = layers.map((layer) => counts.get(layer.id)).filter((count) => count !== undefined);
    const features = known.length ? known.reduce((sum, count) => sum + count, 0) : null;
    return [{ agency, layers, features, score: scores.find((one) => one.agency === agency) ?? null }];
  });
}

/** An officer, and the agency that owns the layer. The server decides; this only hides what would be refused. */
export function mayDeliver(me: Pick<Me, "role" | "agency"> | null, layer: Pick<MapLayer, "owner">): boolean {
  return me?.role === "officer" || (me?.role === "agency" && me.agency === layer.owner);
}

export function countsOf(collections: readonly Collection[]): Map<string, number> {
  return new Map(collections.flatMap((one): [string, number][] => (typeof one.itemCount === "number" ? [[one.id, one.itemCount]] : [])));
}

/** Formats that people ask for first stand first. */
const FORMAT_ORDER = ["gpkg", "geojson", "dxf", "fgb", "parquet"];
export const FORMAT_NAME: Record<string, string> = {
  gpkg: "GeoPackage", geojson: "GeoJSON", dxf: "DXF", fgb: "FlatGeobuf", parquet: "GeoParquet",
};
export interface Download { format: string; href: string }

/** The files a layer is offered as; their addresses are taken relative to the server that gave the page. */
export function downloadsOf(collection: Pick<Collection, "links"> | undefined): Download[] {
  const found = (collection?.links ?? []).filter((link) => link.rel === "enclosure").flatMap((link): Download[] => {
    const url = new URL(link.href, "http://here");
    const format = url.searchParams.get("f");
    return format && format in FORMAT_NAME ? [{ format, href: url.pathname + url.search }] : [];
  });
  return found.sort((a, b) => FORMAT_ORDER.indexOf(a.format) - FORMAT_ORDER.indexOf(b.format));
}

export const STEPS = ["received", "reading", "checking", "staged"] as const;
export type StepKey = (typeof STEPS)[number];
export interface Step { key: StepKey | "end"; state: "done" | "current" | "upcoming" | "stopped" | "waiting" }
const BAD_ENDS = new Set<DeliveryState>(["refused", "interrupted", "failed"]);
const WAITING = new Set<DeliveryState>(["held"]);

/** How far a delivery has come; the last step is what became of it. */
export function stepsOf(delivery: Pick<Delivery, "state" | "running" | "problem">): Step[] {
  const at = STEPS.indexOf(delivery.state as StepKey);
  if (at >= 0) {
    const steps = STEPS.map((key, index): Step => ({ key, state: index < at ? "done" : index === at ? "current" : "upcoming" }));
    return [...steps, { key: "end", state: "upcoming" }];
  }
  // a file that could not be read never reached its checks
  const reached = delivery.problem ? 1 : STEPS.length;
  const end = BAD_ENDS.has(delivery.state) ? "stopped" : WAITING.has(delivery.state) ? "waiting" : "done";
  return [...STEPS.map((key, index): Step => ({ key, state: index < reached ? "done" : "upcoming" })), { key: "end", state: end }];
}

const SEVERITIES: readonly Severity[] = ["error", "warning", "notice", "fact"];
export interface IssueGroup {
  severity: Severity;
  code: string;
  /** All of them; the report lists only the first thousand. */
  count: number;
  issues: { issue: Issue; index: number }[];
}

/** Issues by rule: the gravest first, then the most frequent. `index` is the place in the report's own list. */
export function groupIssues(issues: readonly Issue[], counts: Readonly<Record<string, number>>): IssueGroup[] {
  const groups = new Map<string, IssueGroup>();
  for (const [key, count] of Object.entries(counts)) {
    const [severity = "fact", ...code] = key.split(":");
    groups.set(key, { severity: severity as Severity, code: code.join(":"), count, issues: [] });
  }
  issues.forEach((issue, index) => {
    const key = `${issue.severity}:${issue.code}`;
    const group = groups.get(key) ?? { severity: issue.severity, code: issue.code, count: 0, issues: [] };
    group.issues.push({ issue, index });
    group.count = Math.max(group.count, group.issues.length);
    groups.set(key, group);
  });
  const rank = (group: IssueGroup): number => SEVERITIES.indexOf(group.severity);
  return [...groups.values()].sort((a, b) => rank(a) - rank(b) || b.count - a.count || a.code.localeCompare(b.code));
}

const OWN_FIELDS = new Set(["severity", "code", "row", "feature_id", "lon", "lat", "x", "y"]);
/** What a rule says of one case besides its place, as short texts: `field cover_m`, `value -9999`. */
export function detailsOf(issue: Issue): [string, string | number][] {
  return Object.entries(issue)
    .filter(([name, value]) => !OWN_FIELDS.has(name) && (typeof value === "string" || typeof value === "number"))
    .map(([name, value]) => [name, value as string | number]);
}

/** What GEOS finds wrong with an outline, as slugs. */
const FAULTS: readonly string[] = [
  "duplicate-rings", "hole-lies-outside-shell", "interior-is-disconnected", "invalid-coordinate", "nested-holes", "nested-shells",
  "ring-self-intersection", "self-intersection", "too-few-points-in-geometry-component",
];
/** The slug of a fault without its place, which is on the map; null for one that has no words here. */
export function faultOf(reason: string): string | null {
  const slug = (reason.split("[")[0] ?? "").trim().toLowerCase().replaceAll(" ", "-");
  return FAULTS.includes(slug) ? slug : null;
}

export type Heading = "east" | "west" | "north" | "south";
const LEAST_M = 0.005;

/** A shift in words' order: how far along each axis, in metres, without what rounds to nothing. */
export function headingsOf([east, north]: readonly [number, number]): { heading: Heading; metres: number }[] {
  const parts: { heading: Heading; metres: number }[] = [
    { heading: east < 0 ? "west" : "east", metres: Math.abs(east) },
    { heading: north < 0 ? "south" : "north", metres: Math.abs(north) },
  ];
  return parts.filter((part) => part.metres >= LEAST_M);
}

/** The comparison that speaks for the whole: the worst one when it is off, else the least exact of those that agree. */
export function tellingOf({ verdict, worst, compared }: Pick<Agreement, "verdict" | "worst" | "compared">): Comparison | null {
  const same = compared.filter((one) => one.verdict === verdict);
  const named = same.find((one) => one.layer_id === worst);
  if (named) return named;
  return [...same].sort((a, b) => (b.within_m ?? -1) - (a.within_m ?? -1))[0] ?? null;
}

const LEAST_DEG = 0.001;
const LEAST_PPM = 1;
export const isTurned = (degrees: number | null): boolean => degrees !== null && Math.abs(degrees) >= LEAST_DEG;
export const isScaled = (ppm: number | null): boolean => ppm !== null && Math.abs(ppm) >= LEAST_PPM;

export type MarkKind = Severity | DiffFeature["change"];
export type Marks = FeatureCollection<Point, { id: string; kind: MarkKind }>;
type Placed = { lon?: number | null; lat?: number | null };
const isPlaced = (one: Placed): one is { lon: number; lat: number } => typeof one.lon === "number" && typeof one.lat === "number";

export function marksOf<T extends Placed>(items: readonly T[], kindOf: (one: T) => MarkKind): Marks {
  const features = items.flatMap((one, index): Feature<Point, { id: string; kind: MarkKind }>[] =>
    isPlaced(one)
      ? [{ type: "Feature", properties: { id: String(index), kind: kindOf(one) }, geometry: { type: "Point", coordinates: [one.lon, one.lat] } }]
      : []);
  return { type: "FeatureCollection", features };
}

export { isPlaced };

/** Files that a reader exists for; a Shapefile comes in its parts, or as a zip with them. */
export const ACCEPTED = [
  ".gpkg", ".geojson", ".json", ".zip", ".shp", ".dxf", ".kml", ".kmz", ".gml", ".xml", ".csv", ".tsv", ".txt", ".parquet", ".geoparquet", ".fgb",
] as const;
/** The parts of a Shapefile that are read, the needed ones first. */
export const SHAPEFILE_PARTS = [".shp", ".dbf", ".shx", ".prj", ".cpg"] as const;
const COMPANIONS = [...SHAPEFILE_PARTS.slice(1), ".qpj", ".qix", ".qmd", ".sbn", ".sbx", ".shp.xml"];

type Named = Pick<File, "name" | "size">;
export type FileProblem = "kind" | "lonely-part" | "no-dbf" | "several" | "empty" | null;

const endingOf = (name: string): string => (name.toLowerCase().endsWith(".shp.xml") ? ".shp.xml" : /\.[^.]+$/.exec(name.toLowerCase())?.[0] ?? "");
const stemOf = (name: string): string => name.toLowerCase().slice(0, name.length - endingOf(name).length);

/** What is plainly wrong with the chosen files before they are sent; everything else the server tells. */
export function fileProblem(files: readonly Named[]): FileProblem {
  const mains = files.filter((one) => (ACCEPTED as readonly string[]).includes(endingOf(one.name)));
  const [main] = mains;
  const parts = files.filter((one) => !mains.includes(one));
  if (!main) return parts.every((one) => COMPANIONS.includes(endingOf(one.name))) ? "lonely-part" : "kind";
  if (mains.length > 1) return "several";
  const isShapefile = endingOf(main.name) === ".shp";
  if (parts.some((one) => !isShapefile || !COMPANIONS.includes(endingOf(one.name)) || stemOf(one.name) !== stemOf(main.name))) return "several";
  if (isShapefile && !parts.some((one) => endingOf(one.name) === ".dbf")) return "no-dbf";
  return main.size === 0 ? "empty" : null;
}

/** The file that the others belong to. */
export function mainOf<T extends Named>(files: readonly T[]): T | undefined {
  return files.find((one) => (ACCEPTED as readonly string[]).includes(endingOf(one.name))) ?? files[0];
}

/** Parts chosen later join the Shapefile that is there; anything else takes its place. */
export function joined<T extends Named>(before: readonly T[], more: readonly T[]): T[] {
  const stems = new Set([...before, ...more].map((one) => stemOf(one.name)));
  const isOne = stems.size === 1 && [...before, ...more].every((one) => [".shp", ...COMPANIONS].includes(endingOf(one.name)));
  if (!isOne) return [...more];
  return [...before.filter((one) => !more.some((other) => endingOf(other.name) === endingOf(one.name))), ...more];
}

/** Which parts of a Shapefile are there; none for other files. */
export function partsOf(files: readonly Named[]): { ending: string; isThere: boolean }[] {
  const main = mainOf(files);
  if (!main || ![".shp", ...COMPANIONS].includes(endingOf(main.name))) return [];
  return SHAPEFILE_PARTS.map((ending) => ({ ending, isThere: files.some((one) => endingOf(one.name) === ending) }));
}

/** Shares of the whole for a stacked bar; what is there at all stays visible. */
export function barShares(values: readonly number[], least = 0.012): number[] {
  const sum = values.reduce((total, value) => total + value, 0);
  if (sum === 0) return values.map(() => 0);
  const raised = values.map((value) => (value === 0 ? 0 : Math.max(least, value / sum)));
  const whole = raised.reduce((total, value) => total + value, 0);
  return raised.map((value) => value / whole);
}
