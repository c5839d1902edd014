/** The worklist and the open case, kept fresh by live events. */
import { app } from "./app.svelte";
import { api, ApiError } from "./api";
import { desk } from "./crisis.svelte";
import { heardAllDigs, heardDig, heardTrench } from "./digs.svelte";
import type { CaseMap, CaseSummary, CaseView, HistoryEntry } from "./types";

const asError = (cause: unknown): ApiError =>
  cause instanceof ApiError ? cause : new ApiError(0, "page-failed", {}, String(cause));
const PAGE = "50";
const SETTLE_MS = 250;

class Worklist {
  items = $state.raw<CaseSummary[] | null>(null);
  error = $state<ApiError | null>(null);
  next = $state<string | null>(null);
  status = $state("");
  query = $state("");
  #abort: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  async load(more = false): Promise<void> {
    const city = app.city?.id;
    if (!city) return;
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    const after = more ? this.next ?? "" : "";
    try {
      const page = await api.cases(city, { status: this.status, q: this.query.trim(), limit: PAGE, after }, abort.signal);
      this.items = more ? [...(this.items ?? []), ...page.items] : page.items;
      this.next = page.next;
      this.error = null;
    } catch (cause) {
      if (abort.signal.aborted) return;
      this.error = asError(cause);
      app.heard(cause);
    }
  }

  /** Loads soon; many events in a burst cost one request. */
  soon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.load(), SETTLE_MS);
  }

  clear(): void {
    this.items = null;
    this.next = null;
  }
}

class OpenCase {
  id = $state<string | null>(null);
  view = $state.raw<CaseView | null>(null);
  map = $state.raw<CaseMap | null>(null);
  history = $state.raw<HistoryEntry[] | null>(null);
  error = $state<ApiError | null>(null);
  /** The finding that is lit on the map and opened in the list. */
  chosen = $state<string | null>(null);

  async open(id: string): Promise<void> {
    if (this.id !== id) {
      this.view = this.map = this.history = this.error = this.chosen = null;
      this.id = id;
    }
    await this.refresh();
  }

  close(): void {
    this.id = null;
    this.view = this.map = this.history = this.error = this.chosen = null;
  }

  async refresh(): Promise<void> {
    const city = app.city?.id;
    const id = this.id;
    if (!city || !id) return;
    try {
      const view = await api.case(city, id);
      if (this.id !== id) return;
      const isMapDue = !this.map || view.findings.length !== this.view?.findings.length;
      this.view = view;
      this.error = null;
      if (isMapDue) this.map = await api.caseMap(city, id);
      if (this.history) await this.loadHistory();
    } catch (cause) {
      if (this.id !== id) return;
      this.error = asError(cause);
      app.heard(cause);
    }
  }

  async loadHistory(): Promise<void> {
    const city = app.city?.id;
    const id = this.id;
    if (!city || !id) return;
    try {
      const entries = await api.history(city, id);
      if (this.id === id) this.history = entries;
    } catch (cause) {
      this.error = asError(cause);
      app.heard(cause);
    }
  }
}

export const worklist = new Worklist();
export const openCase = new OpenCase();

/** Opens the live stream of the city; the list and the open case follow it. */
export function followCity(city: string): void {
  app.live.open(
    city,
    {
      case: (event) => {
        worklist.soon();
        if (event.case_id === openCase.id) void openCase.refresh();
      },
      incident: (event) => void desk.heard(event),
      dig: heardDig,
      trench: heardTrench,
    },
    () => {
      worklist.soon();
      void openCase.refresh();
      void desk.heardAll();
      heardAllDigs();
    },
  );
}
