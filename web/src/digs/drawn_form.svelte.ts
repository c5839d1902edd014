/** A form whose draft is in part drawn: for as long as its page is open, the corners on the map and those of the draft are one. */
import { untrack } from "svelte";
import { app } from "../lib/app.svelte";
import type { Route } from "../lib/route";
import { Sending } from "../lib/sending.svelte";
import type { Written } from "../lib/written.svelte";
import type { Corners } from "../map/polygon";
import { stage } from "../map/stage.svelte";

interface Drawn { isArea: boolean; corners: Corners }

const CLOSE = 19;

/** Made while its page's component is made: it lives and ends with that. */
export class DrawnForm<Draft extends Drawn> extends Sending {
  isReady = $state(false);
  /** Sent once at least: from then on it says what is missing. */
  isTried = $state(false);
  readonly #written: Written<Draft>;
  readonly #begin: () => Promise<void>;

  /** `begin` puts into `written` what the page was opened for. */
  constructor(written: Written<Draft>, begin: () => Promise<void>) {
    super();
    this.#written = written;
    this.#begin = begin;
    $effect(() => {
      untrack(() => void this.open());
      return () => stage.reset();
    });
    // the draft keeps the corners that are drawn on the map
    $effect(() => { const { corners } = stage; untrack(() => { if (this.isReady) written.draft.corners = corners; }); });
    // any change makes it another request
    $effect(() => {
      JSON.stringify(written.draft);
      untrack(() => { if (!this.isSending) written.changed(); });
    });
  }

  async open(): Promise<void> {
    this.error = null;
    try {
      await this.#begin();
      const { isArea, corners } = this.#written.draft;
      stage.isAxis = !isArea;
      stage.corners = corners;
      this.isReady = true;
      if (corners.length) stage.map?.fit([{ type: "MultiPoint", coordinates: corners.map((one) => [...one]) }], CLOSE);
    } catch (cause) {
      this.failed(cause);
    }
  }

  /** `problems` of the draft are shown before anything is sent; `act` sends it and says where that leads. */
  async send(event: SubmitEvent & { currentTarget: HTMLFormElement }, problems: object, act: (key: string) => Promise<Route>): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget;
    this.isTried = true;
    this.error = null;
    if (Object.keys(problems).length > 0) {
      requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid="true"], .problem')?.scrollIntoView({ block: "center" }));
      return;
    }
    await this.run(async () => {
      const to = await act(this.#written.key);
      this.#written.clear();
      app.go(to);
    });
  }
}
