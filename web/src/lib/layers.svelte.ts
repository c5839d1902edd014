/** The layers' register, the open layer with its deliveries, the open delivery, and the upload under way. */
import { app } from "./app.svelte";
import { asError } from "./opened.svelte";
import { api, ApiError } from "./api";
import { countsOf, mainOf } from "./layers";
import type { Collection, DecisionChoice, Delivery, Diff, OwnerScore, Sight, UploadOptions } from "./delivery_types";
import type { City } from "./types";

const POLL_FIRST_MS = 400;
const POLL_MOST_MS = 3000;
const POLL_GROWTH = 1.3;

/** Counts, files on offer, score-cards and the newest delivery of every layer of a city. */
class Register {
  city: string | null = null;
  collections = $state.raw<ReadonlyMap<string, Collection>>(new Map());
  counts = $state.raw<ReadonlyMap<string, number>>(new Map());
  scores = $state.raw<readonly OwnerScore[]>([]);
  newest = $state.raw<ReadonlyMap<string, Delivery | null>>(new Map());
  error = $state<ApiError | null>(null);

  /** What each part says is shown as it comes; a part that fails leaves the others standing. */
  async load(city: City): Promise<void> {
    if (this.city !== city.id) {
      this.collections = this.counts = this.newest = new Map();
      this.scores = [];
      this.city = city.id;
    }
    this.error = null;
    await Promise.all([this.loadCollections(city.id), this.#loadScores(city.id), this.#loadNewest(city)]);
  }

  async loadCollections(city: string): Promise<void> {
    await this.#part(city, async () => {
      const collections = await api.collections(city);
      return () => {
        this.collections = new Map(collections.map((one) => [one.id, one]));
        this.counts = countsOf(collections);
      };
    });
  }

  async #loadScores(city: string): Promise<void> {
    await this.#part(city, async () => {
      const scores = await api.scorecard(city);
      return () => { this.scores = scores; };
    });
  }

  async #loadNewest(city: City): Promise<void> {
    await this.#part(city.id, async () => {
      const newest = await api.newest(city.id);
      return () => { this.newest = new Map(Object.entries(newest)); };
    });
  }

  async #part(city: string, ask: () => Promise<() => void>): Promise<void> {
    try {
      const show = await ask();
      if (this.city === city) show();
    } catch (cause) {
      if (this.city !== city) return;
      // a layer that this person may not look into simply says less
      if (!(cause instanceof ApiError) || (cause.status !== 403 && cause.status !== 404)) this.error = asError(cause);
      app.heard(cause);
    }
  }
}

class OpenLayer {
  id = $state<string | null>(null);
  deliveries = $state.raw<Delivery[] | null>(null);
  next = $state<number | null>(null);
  error = $state<ApiError | null>(null);

  async open(city: string, id: string): Promise<void> {
    if (this.id !== id) {
      this.deliveries = this.error = null;
      this.next = null;
      this.id = id;
    }
    await this.load(city);
  }

  async load(city: string, more = false): Promise<void> {
    const id = this.id;
    if (!id) return;
    try {
      const page = await api.deliveries(city, id, more ? this.next : null);
      if (this.id !== id) return;
      this.deliveries = more ? [...(this.deliveries ?? []), ...page.deliveries] : page.deliveries;
      this.next = page.next;
      this.error = null;
    } catch (cause) {
      if (this.id !== id) return;
      this.error = asError(cause);
      app.heard(cause);
    }
  }
}

class OpenDelivery {
  key: string | null = null;
  view = $state.raw<Delivery | null>(null);
  diff = $state.raw<Diff | null>(null);
  error = $state<ApiError | null>(null);
  /** Place of the issue or change, in its list, that is lit on the map and opened in the list. */
  chosen = $state<number | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Called once when a delivery that was watched has changed what the layer shows. */
  onShown: ((layer: string) => void) | null = null;

  async open(city: string, layer: string, id: number): Promise<void> {
    const key = `${city}/${layer}/${id}`;
    if (this.key !== key) {
      this.close();
      this.key = key;
    }
    await this.#poll(city, layer, id, POLL_FIRST_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.key = this.view = this.diff = this.error = this.chosen = null;
  }

  async #poll(city: string, layer: string, id: number, wait: number): Promise<void> {
    clearTimeout(this.#timer);
    const key = this.key;
    try {
      const view = await api.delivery(city, layer, id);
      if (this.key !== key) return;
      const wasRunning = this.view?.running ?? false;
      this.view = view;
      this.error = null;
      if (wasRunning && view.current) this.onShown?.(layer);
    } catch (cause) {
      if (this.key !== key) return;
      this.error = asError(cause);
      app.heard(cause);
      // a server that is away for a moment is asked again; a refusal is not
      if (!(cause instanceof ApiError) || cause.status !== 0) return;
    }
    if (this.view?.running || this.error) {
      this.#timer = setTimeout(() => void this.#poll(city, layer, id, Math.min(POLL_MOST_MS, wait * POLL_GROWTH)), wait);
    }
  }

  async loadDiff(city: string, layer: string, id: number): Promise<void> {
    const key = this.key;
    if (this.diff?.to === id) return;
    try {
      const diff = await api.diff(city, layer, id);
      if (this.key === key) this.diff = diff;
    } catch (cause) {
      if (this.key !== key) return;
      this.error = asError(cause);
      app.heard(cause);
    }
  }

  /** Decides over a held delivery; returns what is shown now (or the refused one). */
  async decide(city: string, layer: string, id: number, choice: DecisionChoice, note: string | null): Promise<Delivery> {
    const answer = await api.decide(city, layer, id, choice, note);
    if (answer.current) this.onShown?.(layer);
    return answer;
  }

  /** Takes one repair back; returns the new delivery, which is shown now. */
  async undoRepair(city: string, layer: string, id: number, feature: string): Promise<Delivery> {
    const answer = await api.undoRepair(city, layer, id, feature);
    this.onShown?.(layer);
    return answer;
  }

  async rollBack(city: string, layer: string): Promise<Delivery> {
    const answer = await api.rollBack(city, layer);
    this.onShown?.(layer);
    return answer;
  }
}

/** One delivery on its way. It goes on when the person looks at another page meanwhile. */
class Upload {
  layer = $state<string | null>(null);
  name = $state("");
  size = $state(0);
  share = $state(0);
  error = $state<ApiError | null>(null);
  #abort: AbortController | null = null;

  deliver(city: string, layer: string, files: readonly File[], options: UploadOptions): Promise<Delivery | null> {
    return this.#send(layer, files, (onProgress, signal) => api.deliver(city, layer, files, options, onProgress, signal));
  }

  look(city: string, layer: string, files: readonly File[]): Promise<Sight | null> {
    return this.#send(layer, files, (onProgress, signal) => api.sight(city, layer, files, onProgress, signal));
  }

  async #send<T>(layer: string, files: readonly File[], send: (onProgress: (share: number) => void, signal: AbortSignal) => Promise<T>): Promise<T | null> {
    this.stop();
    const abort = (this.#abort = new AbortController());
    const size = files.reduce((sum, file) => sum + file.size, 0);
    [this.layer, this.name, this.size, this.share, this.error] = [layer, mainOf(files)?.name ?? "", size, 0, null];
    try {
      return await send((share) => { this.share = share; }, abort.signal);
    } catch (cause) {
      if (abort.signal.aborted) return null;
      this.error = asError(cause);
      app.heard(cause);
      return null;
    } finally {
      if (this.#abort === abort) {
        this.layer = this.error ? this.layer : null;
        this.#abort = null;
      }
    }
  }

  get isSending(): boolean {
    return this.layer !== null && this.error === null;
  }

  stop(): void {
    this.#abort?.abort();
    this.#abort = null;
    this.layer = this.error = null;
  }
}

export const register = new Register();
export const openLayer = new OpenLayer();
export const openDelivery = new OpenDelivery();
export const upload = new Upload();
