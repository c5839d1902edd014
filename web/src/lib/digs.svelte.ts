/** The calendar of works, the open dig and the reports from the trench, kept fresh by live events. */
import { app } from "./app.svelte";
import { api, type ApiError } from "./api";
import { i18n } from "../i18n/i18n.svelte";
import { stretchOf, strip, todayIn, type Span, type Stretch } from "./days";
import { blankDig, blankReport } from "./dig_forms";
import { worksOf, type Calendar, type DigSummary, type DigView, type PavingView, type PlanView, type TrenchReport, type Work } from "./digs";
import { blankWork } from "./plans";
import { asError, One, Opened, Soon } from "./opened.svelte";
import { Written } from "./written.svelte";

const MONTHS_SHOWN = 15;
const QUARTERS_SHOWN = 6;

class Board {
  calendar = $state.raw<Calendar | null>(null);
  /** Streets that were paved anew, those that are over among them. */
  pavings = $state.raw<PavingView[]>([]);
  error = $state<ApiError | null>(null);
  span = $state<Span>("quarter");
  /** A day of the window that is shown; null: the present one. */
  day = $state<string | null>(null);
  agency = $state("");
  /** Works that are lit: one, or the two of a pair. */
  lit = $state.raw<readonly string[]>([]);
  city: string | null = null;
  readonly #soon = new Soon(() => this.load());

  today: string = $derived(todayIn(i18n.timeZone, new Date()));
  stretches: Stretch[] = $derived(
    strip(this.today, this.span, 1, this.span === "month" ? MONTHS_SHOWN : QUARTERS_SHOWN, i18n.language));
  window: Stretch = $derived(stretchOf(this.day ?? this.today, this.span, i18n.language));
  works: Work[] = $derived(this.calendar ? worksOf(this.calendar) : []);

  async load(): Promise<void> {
    const city = app.city?.id;
    if (!city) return;
    if (this.city !== city) this.clear(city);
    const all = strip(this.today, "month", 3, MONTHS_SHOWN + 6, i18n.language);
    try {
      const [found, pavings] = await Promise.all([
        api.digCalendar(city, all[0]?.from ?? this.today, all.at(-1)?.to ?? this.today), api.pavings(city),
      ]);
      if (this.city !== city) return;
      this.calendar = found;
      this.pavings = pavings;
      this.error = null;
    } catch (cause) {
      this.error = asError(cause);
      app.heard(cause);
    }
  }

  /** After an event: only where somebody has looked. */
  soon(): void {
    if (this.calendar) this.#soon.call();
  }

  clear(city: string): void {
    this.city = city;
    this.calendar = this.error = this.day = null;
    this.pavings = [];
    this.lit = [];
    this.agency = "";
  }
}

class DigList {
  items = $state.raw<DigSummary[] | null>(null);
  drafts = $state.raw<DigSummary[]>([]);
  error = $state<ApiError | null>(null);
  next = $state<string | null>(null);
  status = $state("");
  query = $state("");
  #abort: AbortController | null = null;
  readonly #soon = new Soon(async () => { await this.load(); });

  async load(more = false): Promise<void> {
    const city = app.city?.id;
    if (!city) return;
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    try {
      const page = await api.digs(city, { status: this.status, q: this.query.trim(), limit: "50", after: more ? this.next ?? "" : "" }, abort.signal);
      this.items = more ? [...(this.items ?? []), ...page.digs] : page.digs;
      this.next = page.next;
      this.error = null;
    } catch (cause) {
      if (abort.signal.aborted) return;
      this.error = asError(cause);
      app.heard(cause);
    }
  }

  async loadDrafts(): Promise<void> {
    const city = app.city?.id;
    if (!city) return;
    this.drafts = await api.digs(city, { status: "draft", limit: "50" }).then((page) => page.digs, () => this.drafts);
  }

  soon(): void {
    this.#soon.call();
  }
}

class OpenDig extends Opened<DigView> {
  reports = $state.raw<TrenchReport[]>([]);

  constructor() {
    super(api.dig, api.digMap, api.digHistory);
  }

  override close(): void {
    super.close();
    this.reports = [];
  }

  take(view: DigView): void {
    if (this.id === view.dig_id) this.view = view;
    this.soon();
  }

  protected override async also(view: DigView, city: string, id: string, isOpen: () => boolean): Promise<void> {
    await super.also(view, city, id, isOpen);
    const reports = await api.trenchReports(city, { dig_id: id }).catch(() => this.reports);
    if (isOpen()) this.reports = reports;
  }
}

class Reports {
  items = $state.raw<TrenchReport[] | null>(null);
  error = $state<ApiError | null>(null);
  status = $state("");
  readonly #soon = new Soon(() => this.load());

  async load(): Promise<void> {
    const city = app.city?.id;
    if (!city) return;
    try {
      this.items = await api.trenchReports(city, { status: this.status, limit: "100" });
      this.error = null;
    } catch (cause) {
      this.error = asError(cause);
      app.heard(cause);
    }
  }

  soon(): void {
    if (this.items) this.#soon.call();
  }
}

export const board = new Board();
export const digList = new DigList();
export const openDig = new OpenDig();
export const openPlan = new One<PlanView>(api.plan);
export const openPaving = new One<PavingView>(api.paving);
export const reports = new Reports();
/** What is asked for, entered into the calendar, and told from the trench. */
export const writing = { dig: new Written(blankDig()), work: new Written(blankWork("plan")), report: new Written(blankReport(null)) };

/** Something happened to a dig somewhere. */
export function heardDig(event: { dig_id: string }): void {
  board.soon();
  if (digList.items) digList.soon();
  if (event.dig_id === openDig.id) openDig.soon();
  openPlan.soon();
  openPaving.soon();
}

/** A planned work or a repaved street was entered, changed or ended. */
export function heardWorks(): void {
  board.soon();
  openDig.soon();
  openPlan.soon();
  openPaving.soon();
}

export function heardTrench(): void {
  reports.soon();
  openDig.soon();
}

/** Events may have been missed: what is shown is asked for again. */
export function heardAllDigs(): void {
  heardWorks();
  reports.soon();
  if (digList.items) digList.soon();
}
