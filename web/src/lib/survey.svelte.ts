/** The survey list of the city: asked for when somebody opens its page, or its layer on the map. */
import { untrack } from "svelte";
import { api, type ApiError } from "./api";
import { app } from "./app.svelte";
import { asError } from "./opened.svelte";
import { askAgainMs, isOf, pairsOf, surveyShapes, utilitiesOf, type ListedPair, type Standing, type SurveyList } from "./survey";

const FIRST = 100;
const MOST = 1000;
/** Who may read it (api/security.py, READ_SURVEY). */
const READERS = new Set(["officer", "agency", "auditor"]);

class Survey {
  list = $state.raw<SurveyList | null>(null);
  error = $state.raw<ApiError | null>(null);
  standing = $state.raw<Standing | null>(null);
  busy = $state(false);
  utility = $state("");
  chosen = $state<number | null>(null);
  /** On the map, also while another page is open. */
  isShown = $state(false);
  #city: string | null = null;

  mayRead: boolean = $derived(READERS.has(app.me?.role ?? ""));
  pairs: ListedPair[] = $derived(this.list ? pairsOf(this.list) : []);
  shown: ListedPair[] = $derived(this.pairs.filter((one) => isOf(one, this.utility)));
  utilities: string[] = $derived(utilitiesOf(this.pairs));
  hasMore: boolean = $derived(this.list !== null && this.list.features.length < Math.min(MOST, this.list.counts.pairs) && this.list.features.length % FIRST === 0);
  shapes = $derived(this.list && this.isShown ? surveyShapes(this.list, new Set(this.shown.map((one) => one.rank)), this.chosen) : null);

  async load(limit = FIRST): Promise<void> {
    const city = app.city?.id;
    if (!city) return;
    if (this.#city !== city) this.clear(city);
    this.busy = true;
    try {
      const list = await api.surveyList(city, limit);
      if (this.#city !== city) return;
      this.list = list;
      this.standing = list.standing;
      this.error = null;
    } catch (cause) {
      this.error = asError(cause);
      app.heard(cause);
    } finally {
      this.busy = false;
    }
    if (this.error?.code === "survey-list-missing") await this.look();
  }

  /** How the list stands; one made since then takes its place, as long as it was. */
  async look(): Promise<void> {
    const city = this.#city;
    if (!city) return;
    try {
      const standing = await api.surveyStanding(city);
      if (this.#city !== city) return;
      this.standing = standing;
      if (standing.made_at && standing.made_at !== this.list?.made_at && !this.busy) await this.load(Math.max(FIRST, this.list?.features.length ?? 0));
    } catch {
      // the list is there; the next look tells
    }
  }

  /** Looks by itself while the list's page is open and in sight; returns how to end it. */
  follow(): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const wait = (): void => {
      if (!isOver) timer = setTimeout(() => void (document.hidden ? Promise.resolve() : this.look()).then(wait), untrack(() => askAgainMs(this.standing)));
    };
    wait();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }

  /** The next ones, not so good as the first. */
  async more(): Promise<void> {
    await this.load(Math.min(MOST, (this.list?.features.length ?? 0) + FIRST));
  }

  show(on: boolean): void {
    this.isShown = on;
    if (on && (!this.list || this.#city !== app.city?.id)) void this.load();
  }

  clear(city: string): void {
    this.#city = city;
    this.list = this.error = this.chosen = this.standing = null;
    this.utility = "";
  }
}

export const survey = new Survey();
