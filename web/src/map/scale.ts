/** The scale bar, in the page's own digits (MapLibre's writes Latin ones). */
import type { IControl, Map as GlMap } from "maplibre-gl";

export interface Scale { metres: number; share: number }
const ROUND = [1, 2, 5] as const;

/** The longest round distance that fits into `most_m`, and what share of it that is. Pure. */
export function niceScale(most_m: number): Scale {
  const power = 10 ** Math.floor(Math.log10(most_m));
  const step = [...ROUND].reverse().find((one) => one * power <= most_m) ?? 1;
  return { metres: step * power, share: (step * power) / most_m };
}

export class ScaleBar implements IControl {
  #map: GlMap | null = null;
  #element = document.createElement("div");
  readonly #draw = (): void => this.#measure();

  constructor(private readonly words: (metres: number) => string, private readonly widest_px = 120) {}

  onAdd(map: GlMap): HTMLElement {
    this.#map = map;
    this.#element.className = "maplibregl-ctrl scale-bar num";
    map.on("move", this.#draw);
    this.#measure();
    return this.#element;
  }

  onRemove(): void {
    this.#map?.off("move", this.#draw);
    this.#element.remove();
    this.#map = null;
  }

  #measure(): void {
    const map = this.#map;
    if (!map) return;
    const y = map.getContainer().clientHeight / 2;
    const most_m = map.unproject([0, y]).distanceTo(map.unproject([this.widest_px, y]));
    const scale = niceScale(most_m);
    this.#element.style.inlineSize = `${Math.round(this.widest_px * scale.share)}px`;
    this.#element.dir = "auto";
    this.#element.textContent = this.words(scale.metres);
  }
}
