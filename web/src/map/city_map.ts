/** Owns MapLibre. The rest of the page says what to show, in GeoJSON and logical sides, and hears of clicks. */
import {
  AttributionControl, Map as GlMap, Marker, NavigationControl, Popup, setWorkerUrl,
  type GeoJSONSource, type MapGeoJSONFeature, type MapMouseEvent,
} from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import fontUrl from "vazirmatn/fonts/webfonts/Vazirmatn[wght].woff2?url";
import type { Feature, FeatureCollection, Geometry } from "geojson";
import type { Direction, Language } from "../i18n/language";
import type { Bounds, LngLat, MapLayer } from "../lib/types";
import { boundsOf } from "./bounds";
import { hatch } from "./hatch";
import { inlineEnd, physicalPadding, type LogicalPadding } from "./placement";
import { ScaleBar } from "./scale";
import { buildStyle, TILES } from "./style";

setWorkerUrl(new URL(workerUrl, import.meta.url).href);

export interface Clicked { layerId: string; featureId: string | null; properties: Record<string, unknown> }

export interface MapOptions {
  container: HTMLElement;
  bounds: Bounds;
  center: LngLat;
  layers: readonly MapLayer[];
  tiles: string;
  language: Language;
  direction: Direction;
  padding: LogicalPadding;
  credits: readonly string[];
  words: { zoomIn: string; zoomOut: string; map: string; credits: string; distance: (metres: number) => string };
  utilityWord: (utility: string) => string;
  onClick: (at: LngLat, found: Clicked[]) => void;
  /** A mark was clicked; told instead of `onClick`. */
  onMark: (id: string) => void;
}

export type SourceName = "case" | "parcel" | "draft" | "marks" | "sight" | "crisis" | "digs" | "survey";
const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };
const CLICK_TOLERANCE_PX = 5;
const MARK_ZOOM = 17.4;
const START_ZOOM = 14.2;
/** Parcels and buildings are in the tiles from here on. */
const PARCEL_ZOOM = 14;

export class CityMap {
  readonly #map: GlMap;
  readonly #options: MapOptions;
  readonly #pending = new Map<SourceName, FeatureCollection>();
  #padding: LogicalPadding;
  #markers: Marker[] = [];
  #signs: Marker[] = [];
  #popup: Popup | null = null;
  #chosen: string | null = null;
  #mark: string | null = null;
  #ready = false;
  #hidden = new Set<string>();

  constructor(options: MapOptions) {
    this.#options = options;
    this.#padding = options.padding;
    const map = new GlMap({
      container: options.container,
      style: buildStyle({
        layers: options.layers, tiles: options.tiles, language: options.language, utilityWord: options.utilityWord,
        fontUrl: new URL(fontUrl, document.baseURI).href,
      }),
      center: options.center,
      zoom: START_ZOOM,
      maxZoom: 21,
      minZoom: 11,
      attributionControl: false,
      pitchWithRotate: false,
      dragRotate: false,
      locale: {
        "NavigationControl.ZoomIn": options.words.zoomIn, "NavigationControl.ZoomOut": options.words.zoomOut,
        "Map.Title": options.words.map, "AttributionControl.ToggleAttribution": options.words.credits,
      },
    });
    this.#map = map;
    // a city's extent may reach far beyond its streets (a feeder to the next town): begin where things can be read
    map.setPadding(this.#physical());
    map.fitBounds(options.bounds, { padding: 24, duration: 0 });
    if (map.getZoom() < START_ZOOM) map.jumpTo({ center: options.center, zoom: START_ZOOM });
    // the canvas keeps its own left-to-right coordinates whatever the page does
    map.getCanvasContainer().dir = "ltr";
    // credits are names and licences in Latin script
    options.container.querySelector<HTMLElement>(".maplibregl-control-container")?.setAttribute("dir", "ltr");
    map.touchZoomRotate.disableRotation();
    const corner = (block: "top" | "bottom"): ReturnType<typeof inlineEnd> => inlineEnd(block, options.direction);
    map.addControl(new NavigationControl({ showCompass: false }), corner("top"));
    map.addControl(new AttributionControl({ compact: true, customAttribution: [...options.credits] }), corner("bottom"));
    map.addControl(new ScaleBar(options.words.distance), corner("bottom"));
    map.addImage("hatch", hatch(12, [27, 42, 51], 1.6), { pixelRatio: 1.5 });
    map.on("click", (event) => {
      const mark = this.#markAt(event);
      if (mark === null) options.onClick([event.lngLat.lng, event.lngLat.lat], this.#at(event));
      else options.onMark(mark);
    });
    map.on("load", () => this.#loaded());
    map.once("idle", () => this.#settleHome());
    map.on("mousemove", (event) => {
      map.getCanvas().style.cursor = this.#cursor ?? (this.#markAt(event) !== null || this.#at(event).length ? "pointer" : "");
    });
    // for tests: whether everything asked for has been drawn
    map.on("movestart", () => { options.container.dataset["idle"] = "false"; });
    map.on("dataloading", () => { options.container.dataset["idle"] = "false"; });
    map.on("idle", () => {
      options.container.dataset["idle"] = "true";
      if (this.#framed) {
        const { x, y } = map.project(this.#framed);
        options.container.dataset["framed"] = `${Math.round(x)},${Math.round(y)}`;
      }
    });
    map.on("zoom", () => { options.container.dataset["zoom"] = map.getZoom().toFixed(1); });
  }

  #cursor: string | null = null;
  /** The middle of what was last framed; null while the map shows the whole place. */
  #framed: LngLat | null = null;

  /** A crosshair while a polygon is drawn. */
  drawing(on: boolean): void {
    this.#cursor = on ? "crosshair" : null;
    // while one draws, signs let the clicks through
    this.#options.container.classList.toggle("drawing", on);
    this.#map.getCanvas().style.cursor = this.#cursor ?? "";
    if (on) this.#map.doubleClickZoom.disable();
    else this.#map.doubleClickZoom.enable();
  }

  /** The first view shows the built-up place: the box of the parcels that came, unless something was framed already. */
  #settleHome(): void {
    const parcels = this.#options.layers.find((layer) => layer.target === "parcel");
    if (!parcels || this.#framed) return;
    const found = this.#map.querySourceFeatures(TILES, { sourceLayer: parcels.id });
    const box = boundsOf(found.map((one) => one.geometry));
    const camera = box && this.#map.cameraForBounds(box, { padding: 16 });
    if (camera?.center) this.#map.jumpTo({ center: camera.center, zoom: Math.max(camera.zoom ?? 0, PARCEL_ZOOM) });
  }

  #loaded(): void {
    this.#ready = true;
    for (const [name, data] of this.#pending) this.set(name, data);
    this.#pending.clear();
    for (const layer of this.#hidden) this.show(layer, false);
  }

  #at(event: MapMouseEvent): Clicked[] {
    if (!this.#ready) return [];
    const { x, y } = event.point;
    const box: [[number, number], [number, number]] = [
      [x - CLICK_TOLERANCE_PX, y - CLICK_TOLERANCE_PX], [x + CLICK_TOLERANCE_PX, y + CLICK_TOLERANCE_PX],
    ];
    const near = this.#map.queryRenderedFeatures(box).filter((one) => one.layer.type !== "fill");
    const under = this.#map.queryRenderedFeatures(event.point).filter((one) => one.layer.type === "fill");
    return distinct([...near, ...under].filter((one) => one.source === TILES && one.layer.type !== "symbol"));
  }

  #markAt(event: MapMouseEvent): string | null {
    if (!this.#ready) return null;
    const { x, y } = event.point;
    const [found] = this.#map.queryRenderedFeatures(
      [[x - CLICK_TOLERANCE_PX, y - CLICK_TOLERANCE_PX], [x + CLICK_TOLERANCE_PX, y + CLICK_TOLERANCE_PX]], { layers: ["mark", "survey-dot"] },
    );
    return found ? String(found.properties["id"]) : null;
  }

  /** Lights one mark up and brings it into the free part of the map; null puts all back. */
  chooseMark(id: string | null, at: LngLat | null): void {
    if (this.#ready) {
      if (this.#mark !== null) this.#map.setFeatureState({ source: "marks", id: this.#mark }, { chosen: false });
      if (id !== null) this.#map.setFeatureState({ source: "marks", id }, { chosen: true });
    }
    this.#mark = id;
    if (at === null) return;
    this.#framed = at;
    this.#map.easeTo({ center: at, zoom: Math.max(this.#map.getZoom(), MARK_ZOOM), ...this.#motion() });
  }

  /** Asks for the tiles again: a layer has changed. Unchanged ones are answered from the browser's store. */
  renew(): void {
    if (this.#ready) this.#map.refreshTiles(TILES);
  }

  set(name: SourceName, data: FeatureCollection | null): void {
    if (!this.#ready) {
      this.#pending.set(name, data ?? EMPTY);
      return;
    }
    this.#map.getSource<GeoJSONSource>(name)?.setData(data ?? EMPTY);
  }

  parcel(geometry: Geometry | null): void {
    const features: Feature[] = geometry ? [{ type: "Feature", properties: {}, geometry }] : [];
    this.set("parcel", { type: "FeatureCollection", features });
  }

  /** Lights one finding's band up; null puts all back. */
  choose(id: string | null): void {
    if (!this.#ready) return;
    if (this.#chosen) this.#map.setFeatureState({ source: "case", id: this.#chosen }, { chosen: false });
    if (id) this.#map.setFeatureState({ source: "case", id }, { chosen: true });
    this.#chosen = id;
    for (const marker of this.#markers) {
      marker.getElement().classList.toggle("chosen", marker.getElement().dataset["finding"] === id);
    }
  }

  /** Numbered pins, one per finding. `verdict` becomes a class; `text` is already in the page's digits. */
  pins(pins: readonly { id: string; at: LngLat; shift_px: number; text: string; label: string; verdict: string }[], onPick: (id: string) => void): void {
    for (const marker of this.#markers) marker.remove();
    this.#markers = pins.map((pin) => {
      const element = document.createElement("button");
      element.type = "button";
      element.className = `pin pin-${pin.verdict}`;
      element.textContent = pin.text;
      element.dataset["finding"] = pin.id;
      element.title = pin.label;
      element.addEventListener("click", (event) => {
        event.stopPropagation();
        onPick(pin.id);
      });
      const marker = new Marker({ element, anchor: "center", offset: [pin.shift_px, 0] }).setLngLat(pin.at).addTo(this.#map);
      element.setAttribute("aria-label", pin.label);
      return marker;
    });
  }

  /** Signs that stay in their place's list too: valves, points to squeeze, who is looked after first. `look` becomes classes. */
  signs(signs: readonly { id: string; at: LngLat; text: string; label: string; look: string; shift_px?: number }[], onPick: (id: string) => void): void {
    for (const sign of this.#signs) sign.remove();
    this.#signs = signs.map((sign) => {
      const element = document.createElement("button");
      element.type = "button";
      element.className = `sign ${sign.look}`;
      element.dataset["sign"] = sign.id;
      element.title = sign.label;
      const text = document.createElement("span");
      text.textContent = sign.text;
      element.append(text);
      element.addEventListener("click", (event) => {
        event.stopPropagation();
        onPick(sign.id);
      });
      const marker = new Marker({ element, anchor: "center", offset: [sign.shift_px ?? 0, 0] }).setLngLat(sign.at).addTo(this.#map);
      element.setAttribute("aria-label", sign.label);
      return marker;
    });
  }

  /** Rings one sign; null takes the ring away. */
  chooseSign(id: string | null): void {
    for (const sign of this.#signs) sign.getElement().classList.toggle("chosen", sign.getElement().dataset["sign"] === id);
  }

  /** The middle of the part that is not under the panel. */
  middle(): LngLat {
    const { lng, lat } = this.#map.getCenter();
    return [lng, lat];
  }

  /** Brings a place into the free part of the map, no farther out than it is now. */
  bring(at: LngLat, zoom: number): void {
    this.#framed = at;
    this.#map.easeTo({ center: at, zoom: Math.max(this.#map.getZoom(), zoom), ...this.#motion() });
  }

  popup(at: LngLat, content: HTMLElement, onClose: () => void): void {
    this.#popup?.remove();
    content.dir = this.#options.direction;
    this.#popup = new Popup({ maxWidth: "320px", closeButton: false, offset: 8 })
      .setLngLat(at).setDOMContent(content).addTo(this.#map);
    this.#popup.on("close", onClose);
  }

  closePopup(): void {
    this.#popup?.remove();
    this.#popup = null;
  }

  /** Shows or hides everything drawn from one of the city's layers. */
  show(layerId: string, visible: boolean): void {
    if (visible) this.#hidden.delete(layerId);
    else this.#hidden.add(layerId);
    if (!this.#ready) return;
    for (const { id } of this.#map.getStyle().layers) {
      if (id.startsWith(`${layerId}:`)) this.#map.setLayoutProperty(id, "visibility", visible ? "visible" : "none");
    }
  }

  pad(padding: LogicalPadding): void {
    this.#padding = padding;
    this.#map.easeTo({ padding: this.#physical(), ...this.#motion() });
  }

  fit(geometries: readonly Geometry[], maxZoom = 19): void {
    const box = boundsOf(geometries);
    if (!box) return;
    this.#framed = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
    this.#map.fitBounds(box, { padding: 40, maxZoom, ...this.#motion() });
  }

  fitCity(): void {
    this.#map.fitBounds(this.#options.bounds, { padding: 24, ...this.#motion() });
  }

  resize(): void {
    this.#map.resize();
  }

  remove(): void {
    this.#map.remove();
  }

  #physical(): ReturnType<typeof physicalPadding> {
    return physicalPadding(this.#padding, this.#options.direction);
  }

  #motion(): { duration: number } {
    return { duration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 700 };
  }
}

function distinct(found: MapGeoJSONFeature[]): Clicked[] {
  const seen = new Map<string, Clicked>();
  for (const one of found) {
    const layerId = one.sourceLayer ?? "";
    const raw: unknown = one.properties["id"] ?? null;
    const featureId = raw === null || raw === undefined ? null : String(raw);
    const key = `${layerId}/${featureId}`;
    if (!seen.has(key)) seen.set(key, { layerId, featureId, properties: one.properties });
  }
  return [...seen.values()];
}
