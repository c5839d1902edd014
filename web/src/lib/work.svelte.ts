/** The worklist and the open case, kept fresh by live events. */
import { app } from "./app.svelte";
import { api, type ApiError } from "./api";
import { desk } from "./crisis.svelte";
import { companyDesk, heardDesk } from "./desk.svelte";
import { heardControl } from "./control.svelte";
import { heardAllDigs, heardDig, heardTrench, heardWorks } from "./digs.svelte";
import { asError, Opened, Soon } from "./opened.svelte";
import type { CaseSummary, CaseView } from "./types";

const PAGE = "50";

class Worklist {
  items = $state.raw<CaseSummary[] | null>(null);
  error = $state<ApiError | null>(null);
  next = $state<string | null>(null);
  status = $state("");
  query = $state("");
  #abort: AbortController | null = null;
  readonly #soon = new Soon(() => this.load());

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

  soon(): void {
    this.#soon.call();
  }

  clear(): void {
    this.items = null;
    this.next = null;
  }
}

class OpenCase extends Opened<CaseView> {
  /** The finding that is lit on the map and opened in the list. */
  chosen = $state<string | null>(null);

  constructor() {
    super(api.case, api.caseMap, api.history);
  }

  override close(): void {
    super.close();
    this.chosen = null;
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
        heardDesk(event.case_id);
        if (event.case_id === openCase.id) void openCase.refresh();
      },
      incident: (event) => void desk.heard(event),
      dig: (event) => {
        heardDig(event);
        companyDesk.heard();
      },
      trench: heardTrench,
      works: heardWorks,
      control: heardControl,
    },
    () => {
      worklist.soon();
      void openCase.refresh();
      void desk.heardAll();
      heardAllDigs();
      heardControl();
      heardDesk(null);
    },
  );
}
