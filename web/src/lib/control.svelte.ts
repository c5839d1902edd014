/** The control list as it is looked at: which entries, the one that the address names, and what is being written. */
import { api, type ApiError } from "./api";
import { app } from "./app.svelte";
import { blankBar, type Bar, type BarDraft } from "./control";
import { asError, Soon } from "./opened.svelte";

const PAGE = 50;

class ControlList {
  items = $state.raw<Bar[] | null>(null);
  /** The entry that a dig leads to, whatever is filtered. */
  asked = $state.raw<Bar | null>(null);
  error = $state<ApiError | null>(null);
  next = $state<string | null>(null);
  state = $state<string>("active");
  query = $state("");
  draft = $state<BarDraft>(blankBar());
  key = crypto.randomUUID();
  #city: string | null = null;
  readonly #soon = new Soon(() => this.load());

  soon(): void {
    this.#soon.call();
  }

  async load(more = false): Promise<void> {
    const city = app.city?.id;
    if (!city) return;
    if (this.#city !== city) {
      this.#city = city;
      this.items = this.asked = null;
    }
    const query = { state: this.state, q: this.query.trim(), limit: String(PAGE), after: more ? this.next ?? "" : "" };
    try {
      const page = await api.bars(city, query);
      if (this.#city !== city || query.state !== this.state || query.q !== this.query.trim()) return;
      this.items = more ? [...(this.items ?? []), ...page.entries] : page.entries;
      this.next = page.next;
      this.error = null;
    } catch (cause) {
      this.error = asError(cause);
      app.heard(cause);
    }
  }

  async ask(id: string | null): Promise<void> {
    const city = app.city?.id;
    if (this.asked?.bar_id !== id) this.asked = null;
    if (!city || !id) return;
    try {
      this.asked = await api.bar(city, id);
    } catch (cause) {
      this.error = asError(cause);
      app.heard(cause);
    }
  }

  /** Changed or new: shown at once, wherever it stands. */
  async take(bar: Bar): Promise<void> {
    if (this.asked?.bar_id === bar.bar_id) this.asked = bar;
    await this.load();
  }

  /** After an event: only where somebody has looked. */
  heard(): void {
    if (!this.items) return;
    this.soon();
    if (this.asked) void this.ask(this.asked.bar_id);
  }

  clear(): void {
    this.draft = blankBar();
    this.key = crypto.randomUUID();
  }
}

export const control = new ControlList();

export function heardControl(): void {
  control.heard();
}
