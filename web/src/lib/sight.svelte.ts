/** The file that is looked at before it is delivered, and what the person says about it. */
import { api, type ApiError } from "./api";
import { app } from "./app.svelte";
import { asError } from "./opened.svelte";
import type { Delivery, Sight, SightSaid } from "./delivery_types";

const PAUSE_MS = 250;
class OpenSight {
  view = $state.raw<Sight | null>(null);
  said = $state.raw<SightSaid>({});
  /** The day whose truth the file shows; empty: today. */
  asOf = $state("");
  /** True from a change until its answer is there. */
  isLooking = $state(false);
  error = $state<ApiError | null>(null);
  #abort: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Shows a file that has just come. */
  begin(view: Sight, said: SightSaid, asOf: string): void {
    this.close();
    this.view = view;
    this.asOf = asOf;
    if (Object.keys(said).length) this.say(said);
  }

  /** Finds a file again by its address; what was said about it is gone with the page. */
  async open(city: string, layer: string, id: string): Promise<void> {
    if (this.view?.sight_id === id) return;
    this.close();
    await this.#look(city, layer, id);
  }

  /** Takes what the person says and asks what would become of the file now; the last word counts. */
  say(said: SightSaid): void {
    const view = this.view;
    if (!view) return;
    this.said = said;
    this.isLooking = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(view.city_id, view.layer_id, view.sight_id), PAUSE_MS);
  }

  async #look(city: string, layer: string, id: string): Promise<void> {
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    this.isLooking = true;
    try {
      const view = await api.look(city, layer, id, this.said, abort.signal);
      if (this.#abort !== abort) return;
      this.view = view;
      this.error = null;
    } catch (cause) {
      if (this.#abort !== abort) return;
      this.error = asError(cause);
      app.heard(cause);
    }
    this.isLooking = false;
  }

  async accept(): Promise<Delivery | null> {
    const view = this.view;
    if (!view) return null;
    this.isLooking = true;
    try {
      const made = await api.acceptSight(view.city_id, view.layer_id, view.sight_id, { ...this.said, ...(this.asOf ? { as_of: this.asOf } : {}) });
      this.close();
      return made;
    } catch (cause) {
      this.error = asError(cause);
      app.heard(cause);
      return null;
    } finally {
      this.isLooking = false;
    }
  }

  async forget(): Promise<void> {
    const view = this.view;
    this.close();
    // a file that is gone already is as good as forgotten; one that cannot be removed goes by itself in a day
    if (view) await api.forgetSight(view.city_id, view.layer_id, view.sight_id).catch(() => undefined);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#abort = this.view = this.error = null;
    this.said = {};
    this.asOf = "";
    this.isLooking = false;
  }
}

export const openSight = new OpenSight();
