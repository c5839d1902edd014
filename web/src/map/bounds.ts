/** Boxes around GeoJSON, in WGS 84 degrees. Pure. */
import type { Geometry, Position } from "geojson";
import type { Bounds } from "../lib/types";

export function boundsOf(geometries: readonly Geometry[]): Bounds | null {
  let box: Bounds | null = null;
  for (const [lon = 0, lat = 0] of geometries.flatMap(positions)) {
    box = box
      ? [Math.min(box[0], lon), Math.min(box[1], lat), Math.max(box[2], lon), Math.max(box[3], lat)]
      : [lon, lat, lon, lat];
  }
  return box;
}

export function isInside([lon = 0, lat = 0]: Position, [west, south, east, north]: Bounds): boolean {
  return lon >= west && lon <= east && lat >= south && lat <= north;
}

export function positions(geometry: Geometry): Position[] {
  switch (geometry.type) {
    case "Point":
      return [geometry.coordinates];
    case "MultiPoint":
    case "LineString":
      return geometry.coordinates;
    case "MultiLineString":
    case "Polygon":
      return geometry.coordinates.flat();
    case "MultiPolygon":
      return geometry.coordinates.flat(2);
    case "GeometryCollection":
      return geometry.geometries.flatMap(positions);
  }
}

/** The point of a shape's edges nearest to `to`: where a finding is pinned, beside the dig it concerns. */
export function nearestPosition(geometry: Geometry, to: Position): Position | null {
  let best: Position | null = null;
  let least = Infinity;
  const shrink = Math.cos(((to[1] ?? 0) * Math.PI) / 180);
  for (const line of lines(geometry)) {
    for (let i = 0; i < Math.max(1, line.length - 1); i++) {
      const point = onSegment(line[i] ?? to, line[i + 1] ?? line[i] ?? to, to, shrink);
      const distance = Math.hypot(((point[0] ?? 0) - (to[0] ?? 0)) * shrink, (point[1] ?? 0) - (to[1] ?? 0));
      if (distance < least) [least, best] = [distance, point];
    }
  }
  return best;
}

function lines(geometry: Geometry): Position[][] {
  switch (geometry.type) {
    case "LineString":
      return [geometry.coordinates];
    case "MultiLineString":
    case "Polygon":
      return geometry.coordinates;
    case "MultiPolygon":
      return geometry.coordinates.flat();
    default:
      return [positions(geometry)];
  }
}

function onSegment(a: Position, b: Position, p: Position, shrink: number): Position {
  const [ax = 0, ay = 0] = a, [bx = 0, by = 0] = b, [px = 0, py = 0] = p;
  const dx = (bx - ax) * shrink, dy = by - ay;
  const length2 = dx * dx + dy * dy;
  if (length2 === 0) return [ax, ay];
  const share = Math.min(1, Math.max(0, ((px - ax) * shrink * dx + (py - ay) * dy) / length2));
  return [ax + (bx - ax) * share, ay + (by - ay) * share];
}

/** Whether any of a shape lies in the box: what was drawn into another country does not move the map. */
export function isNear(geometry: Geometry, box: Bounds): boolean {
  return positions(geometry).some((one) => isInside(one, box));
}
