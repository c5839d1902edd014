/** The request being written. It outlives the view, so that a change of language or a look at a case loses nothing. */
import { blankDraft, type Draft } from "./draft";

class Form {
  draft = $state<Draft>(blankDraft([]));
  city: string | null = null;
  /** One key for one request: sending again after a lost answer cannot open a second case. */
  key = crypto.randomUUID();

  begin(city: string, agencies: readonly string[]): void {
    if (this.city === city) return;
    this.clear(city, agencies);
  }

  clear(city: string, agencies: readonly string[]): void {
    this.city = city;
    this.draft = blankDraft(agencies);
    this.key = crypto.randomUUID();
  }

  /** A changed request is another request. */
  changed(): void {
    this.key = crypto.randomUUID();
  }
}

export const form = new Form();
