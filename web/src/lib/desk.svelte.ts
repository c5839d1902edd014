/** A company's desk, kept fresh by live events; and the report of the tariffs' changes. */
import { api, type ApiError } from "./api";
import { app } from "./app.svelte";
import { blankAnswer, blankOrder, type AnswerDraft, type DeskTask, type DeskView, type LagReport, type OrderDraft } from "./desk";
import type { DigSummary } from "./digs";
import { asError, Soon } from "./opened.svelte";

class CompanyDesk {
  tasks = $state.raw<DeskTask[] | null>(null);
  /** Excavations whose question this company has not answered; only where one company's desk is looked at. */
  digs = $state.raw<DigSummary[]>([]);
  error = $state<ApiError | null>(null);
  /** Whose desk an officer looks at; empty: everybody's. A company's people see their own. */
  agency = $state("");
  readonly #soon = new Soon(() => this.load());

  async load(): Promise<void> {
    const city = app.city?.id;
    if (!city) return;
    const of = app.me?.role === "agency" ? app.me.agency ?? "" : this.agency;
    try {
      const [tasks, page] = await Promise.all([api.deskTasks(city, of), of ? api.digs(city, { waits_for: of, limit: "100" }) : null]);
      if (city !== app.city?.id) return;
      this.tasks = tasks;
      this.digs = page?.digs ?? [];
      this.error = null;
    } catch (cause) {
      this.error = asError(cause);
      app.heard(cause);
    }
  }

  soon(): void {
    this.#soon.call();
  }

  heard(): void {
    if (this.tasks) this.soon();
  }

  clear(): void {
    this.tasks = null;
    this.digs = [];
  }
}

class OpenTask {
  id = $state<string | null>(null);
  view = $state.raw<DeskView | null>(null);
  error = $state<ApiError | null>(null);
  answer = $state<AnswerDraft>(blankAnswer());
  order = $state<OrderDraft>(blankOrder());
  /** One act, one key: pressing again after a lost answer cannot act twice. */
  key = crypto.randomUUID();

  async open(id: string): Promise<void> {
    if (this.id !== id) {
      this.id = id;
      this.view = this.error = null;
      this.answer = blankAnswer();
      this.order = blankOrder();
      this.key = crypto.randomUUID();
    }
    await this.refresh();
  }

  /** Does one act on a task; says why it was refused, or nothing. */
  async act(city: string, task: string, path: string, body: Record<string, unknown>): Promise<ApiError | null> {
    try {
      const view = await api.actAtDesk(city, task, path, body, this.key);
      if (this.id === view.task.task_id) this.view = view;
      companyDesk.soon();
      return null;
    } catch (cause) {
      app.heard(cause);
      // a refused act left no trace: what is written next is another one
      this.key = crypto.randomUUID();
      return asError(cause);
    }
  }

  async refresh(): Promise<void> {
    const city = app.city?.id;
    const id = this.id;
    if (!city || !id) return;
    try {
      const view = await api.deskTask(city, id);
      if (this.id !== id) return;
      this.view = view;
      this.error = null;
    } catch (cause) {
      if (this.id !== id) return;
      this.error = asError(cause);
      app.heard(cause);
    }
  }

  heard(caseId: string): void {
    if (this.view?.task.case_id === caseId) void this.refresh();
  }
}

class Lag {
  report = $state.raw<LagReport | null>(null);
  error = $state<ApiError | null>(null);
  agency = $state("");
  readonly #soon = new Soon(() => this.load());

  async load(): Promise<void> {
    const city = app.city?.id;
    if (!city) return;
    try {
      this.report = await api.tariffLag(city, this.agency);
      this.error = null;
    } catch (cause) {
      this.error = asError(cause);
      app.heard(cause);
    }
  }

  heard(): void {
    if (this.report) this.#soon.call();
  }

  clear(): void {
    this.report = null;
  }
}

export const companyDesk = new CompanyDesk();
export const openTask = new OpenTask();
export const tariffLag = new Lag();

/** Something happened to a case: what waits for whom may have changed. */
export function heardDesk(caseId: string | null): void {
  companyDesk.heard();
  tariffLag.heard();
  if (caseId) openTask.heard(caseId);
  else void openTask.refresh();
}
