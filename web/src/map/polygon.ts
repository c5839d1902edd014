/** The polygon a person draws by clicks, in WGS 84 degrees. Pure. */
import type { Feature, FeatureCollection, Polygon } from "geojson";
import type { LngLat } from "../lib/types";

export type Corners = readonly LngLat[];

export function closed(corners: Corners): Polygon | null {
  const first = corners[0];
  if (!first || corners.length < 3) return null;
  return { type: "Polygon", coordinates: [[...corners, first]] };
}

/** Corners of a polygon's outer ring, without the closing repetition. */
export function cornersOf(polygon: Polygon): LngLat[] {
  const ring = polygon.coordinates[0] ?? [];
  return ring.slice(0, -1).map(([lon, lat]) => [lon ?? 0, lat ?? 0]);
}

/** True when two edges that are not neighbours meet: the server refuses such a shape. */
export function crossesItself(corners: Corners): boolean {
  const n = corners.length;
  for (let i = 0; i < n; i++) {
    for (let j = i + 2; j < n; j++) {
      if (i === 0 && j === n - 1) continue;
      const [a, b, c, d] = [corners[i], corners[(i + 1) % n], corners[j], corners[(j + 1) % n]];
      if (a && b && c && d && cross(a, b, c, d)) return true;
    }
  }
  return false;
}

function cross(a: LngLat, b: LngLat, c: LngLat, d: LngLat): boolean {
  return turn(a, b, c) * turn(a, b, d) < 0 && turn(c, d, a) * turn(c, d, b) < 0;
}

function turn(a: LngLat, b: LngLat, c: LngLat): number {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

const EARTH_RADIUS_M = 6_371_008.8;

/** Area in m² on a local plane (spherical, good to well under 1 % at building size): a guide while drawing, not the record. */
export function roughArea_m2(corners: Corners): number {
  const origin = corners[0];
  if (!origin || corners.length < 3) return 0;
  const scale = (Math.PI / 180) * EARTH_RADIUS_M;
  const shrink = Math.cos((origin[1] * Math.PI) / 180);
  const flat = corners.map(([lon, lat]): LngLat => [(lon - origin[0]) * scale * shrink, (lat - origin[1]) * scale]);
  const twice = flat.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = flat[(i + 1) % flat.length] ?? [0, 0];
    return sum + x * nextY - nextX * y;
  }, 0);
  return Math.abs(twice) / 2;
}

const METRES_PER_DEGREE = 111_195;

/** Length of a drawn line in metres: a guide while drawing, not the record. */
export function lengthOf_m(corners: Corners): number {
  return corners.slice(1).reduce((sum, [lon, lat], i) => {
    const [before, south] = corners[i] ?? [lon, lat];
    return sum + Math.hypot((lon - before) * Math.cos((south * Math.PI) / 180), lat - south) * METRES_PER_DEGREE;
  }, 0);
}

/** What the map shows while drawing: the corners, and the shape or the line so far. An axis stays a line; alone, a corner is shown. */
export function drawing(corners: Corners, withCorners: boolean, isAxis = false): FeatureCollection {
  const features: Feature[] = [];
  const polygon = isAxis ? null : closed(corners);
  if (polygon) features.push({ type: "Feature", properties: {}, geometry: polygon });
  else if (corners.length >= 2) {
    features.push({ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: corners.map((c) => [...c]) } });
  }
  if (withCorners || (isAxis && corners.length === 1)) {
    for (const corner of corners) features.push({ type: "Feature", properties: {}, geometry: { type: "Point", coordinates: [...corner] } });
  }
  return { type: "FeatureCollection", features };
}
