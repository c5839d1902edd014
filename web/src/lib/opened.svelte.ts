/** One thing that is open: what it says, its shapes for the map and its history, kept fresh for as long as it is. */
import { ApiError } from "./api";
import { app } from "./app.svelte";
import type { CaseMap, HistoryEntry } from "./types";

const SETTLE_MS = 250;

export const asError = (cause: unknown): ApiError =>
  cause instanceof ApiError ? cause : new ApiError(0, "page-failed", {}, String(cause));

/** Many events in a burst cost one request. */
export class Soon {
  #timer: ReturnType<typeof setTimeout> | undefined;
  constructor(readonly load: () => Promise<void>) {}
  call(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.load(), SETTLE_MS);
  }
}

/** Where a kind of thing is read: its view, its shapes, its history. */
export interface Reads<View> {
  view: (city: string, id: string) => Promise<View>;
  map: (city: string, id: string) => Promise<CaseMap>;
  history: (city: string, id: string) => Promise<HistoryEntry[]>;
}

export class Opened<View extends { version: number }> {
  id = $state<string | null>(null);
  view = $state.raw<View | null>(null);
  map = $state.raw<CaseMap | null>(null);
  history = $state.raw<HistoryEntry[] | null>(null);
  error = $state<ApiError | null>(null);
  readonly #reads: Reads<View>;
  readonly #soon = new Soon(() => this.refresh());
  /** The version that the shapes are of: an as-built line is a version, though no finding came with it. */
  #mapped: number | null = null;

  constructor(reads: Reads<View>) {
    this.#reads = reads;
  }

  async open(id: string): Promise<void> {
    if (this.id !== id) {
      this.close();
      this.id = id;
    }
    await this.refresh();
  }

  close(): void {
    this.id = this.view = this.map = this.history = this.error = this.#mapped = null;
  }

  soon(): void {
    this.#soon.call();
  }

  async refresh(): Promise<void> {
    await this.#ask(async (city, id, isOpen) => {
      const view = await this.#reads.view(city, id);
      if (!isOpen()) return;
      this.view = view;
      this.error = null;
      if (this.#mapped !== view.version) {
        const map = await this.#reads.map(city, id);
        if (!isOpen()) return;
        this.map = map;
        this.#mapped = view.version;
      }
      await this.also(city, id, isOpen);
      if (this.history) await this.loadHistory();
    });
  }

  async loadHistory(): Promise<void> {
    await this.#ask(async (city, id, isOpen) => {
      const entries = await this.#reads.history(city, id);
      if (isOpen()) this.history = entries;
    });
  }

  /** What else belongs to it; nothing, unless a kind of thing says so. */
  protected async also(_city: string, _id: string, _isOpen: () => boolean): Promise<void> {}

  async #ask(run: (city: string, id: string, isOpen: () => boolean) => Promise<void>): Promise<void> {
    const city = app.city?.id;
    const id = this.id;
    if (!city || !id) return;
    try {
      await run(city, id, () => this.id === id);
    } catch (cause) {
      if (this.id !== id) return;
      this.error = asError(cause);
      app.heard(cause);
    }
  }
}
