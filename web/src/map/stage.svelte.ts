/** What the open view asks of the map: which shapes to show, whether a polygon is drawn, what a click means. */
import type { FeatureCollection, Geometry } from "geojson";
import type { Sign } from "../lib/crisis";
import type { Marks } from "../lib/layers";
import type { LngLat } from "../lib/types";
import type { CityMap, Clicked } from "./city_map";
import { drawing, type Corners } from "./polygon";

class Stage {
  map = $state.raw<CityMap | null>(null);
  /** True while clicks add corners. */
  isDrawing = $state(false);
  corners = $state.raw<Corners>([]);
  /** The corners are a trench's axis, not an outline. */
  isAxis = $state(false);
  hidden = $state.raw<ReadonlySet<string>>(new Set());
  parcel = $state.raw<Geometry | null>(null);
  /** Shapes of a file that is looked at; framed when they come. */
  sight = $state.raw<FeatureCollection | null>(null);
  /** The crisis desk's answers as shapes, and its valves and other points as signs. */
  crisis = $state.raw<FeatureCollection | null>(null);
  /** Works of the calendar, or an open excavation with its neighbours. */
  digs = $state.raw<FeatureCollection | null>(null);
  signs = $state.raw<readonly Sign[]>([]);
  onSign: ((id: string) => void) | null = null;
  /** Places that the open view speaks of, and the one it speaks of now. */
  marks = $state.raw<Marks | null>(null);
  mark = $state.raw<string | null>(null);
  onMark: ((id: string) => void) | null = null;
  /** Set by a view that wants the clicks for itself (choosing a parcel). */
  onPick: ((at: LngLat, found: Clicked[]) => void) | null = null;

  addCorner(at: LngLat): void {
    this.corners = [...this.corners, at];
  }

  undoCorner(): void {
    this.corners = this.corners.slice(0, -1);
  }

  clearCorners(): void {
    this.corners = [];
  }

  toggle(layerIds: readonly string[], visible: boolean): void {
    const next = new Set(this.hidden);
    for (const id of layerIds) {
      if (visible) next.delete(id);
      else next.add(id);
      this.map?.show(id, visible);
    }
    this.hidden = next;
  }

  /** Puts the stage back as a new view finds it. */
  reset(): void {
    this.isDrawing = false;
    this.corners = [];
    this.isAxis = false;
    this.parcel = null;
    this.onPick = null;
  }

  /** Puts marks on the map for as long as a view shows their list. */
  showMarks(marks: Marks, onMark: (id: string) => void): void {
    this.marks = marks;
    this.onMark = onMark;
  }

  hideMarks(): void {
    this.marks = this.mark = this.onMark = null;
  }

  /** Sends the present draft and parcel to the map. */
  paint(): void {
    this.map?.set("draft", drawing(this.corners, this.isDrawing, this.isAxis));
    this.map?.parcel(this.parcel);
    this.map?.drawing(this.isDrawing);
  }
}

export const stage = new Stage();
