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

type Read<Answer> = (city: string, id: string) => Promise<Answer>;
type IsOpen = () => boolean;

/** One thing of the city by its id. An answer that comes after another was opened is dropped. */
export class One<View> {
  id = $state<string | null>(null);
  view = $state.raw<View | null>(null);
  error = $state<ApiError | null>(null);
  readonly #read: Read<View>;
  readonly #soon = new Soon(() => this.refresh());

  constructor(read: Read<View>) {
    this.#read = read;
  }

  async open(id: string): Promise<void> {
    if (this.id !== id) {
      this.close();
      this.id = id;
    }
    await this.refresh();
  }

  close(): void {
    this.id = this.view = this.error = null;
  }

  /** After an event; nothing happens while nothing is open. */
  soon(): void {
    if (this.id) this.#soon.call();
  }

  async refresh(): Promise<void> {
    await this.ask(async (city, id, isOpen) => {
      const view = await this.#read(city, id);
      if (!isOpen()) return;
      this.view = view;
      this.error = null;
      await this.also(view, city, id, isOpen);
    });
  }

  /** What else belongs to it. */
  protected async also(_view: View, _city: string, _id: string, _isOpen: IsOpen): Promise<void> {}

  protected async ask(run: (city: string, id: string, isOpen: IsOpen) => Promise<void>): Promise<void> {
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

/** Something with a life: a version, shapes and a history. */
export class Opened<View extends { version: number }> extends One<View> {
  map = $state.raw<CaseMap | null>(null);
  history = $state.raw<HistoryEntry[] | null>(null);
  readonly #shapes: Read<CaseMap>;
  readonly #entries: Read<HistoryEntry[]>;
  /** The version that the shapes are of: an as-built line is a version, though no finding came with it. */
  #mapped: number | null = null;

  constructor(read: Read<View>, shapes: Read<CaseMap>, entries: Read<HistoryEntry[]>) {
    super(read);
    this.#shapes = shapes;
    this.#entries = entries;
  }

  override close(): void {
    super.close();
    this.map = this.history = this.#mapped = null;
  }

  async loadHistory(): Promise<void> {
    await this.ask(async (city, id, isOpen) => {
      const entries = await this.#entries(city, id);
      if (isOpen()) this.history = entries;
    });
  }

  protected override async also(view: View, city: string, id: string, isOpen: IsOpen): Promise<void> {
    if (this.#mapped !== view.version) {
      const map = await this.#shapes(city, id);
      if (!isOpen()) return;
      this.map = map;
      this.#mapped = view.version;
    }
    if (this.history) await this.loadHistory();
  }
}
