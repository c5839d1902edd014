/** What is being written outlives its page: a change of language or a look elsewhere loses nothing. */
export class Written<Draft> {
  draft: Draft;
  /** One key for one request: sending again after a lost answer cannot file it twice. */
  key = crypto.randomUUID();
  #of = "";

  constructor(blank: Draft) {
    this.draft = $state(blank);
  }

  /** `of`: what is written about. A page that comes back to the same finds what was written. */
  begin(of: string, draft: Draft): void {
    if (this.#of === of) return;
    this.#of = of;
    this.draft = draft;
    this.changed();
  }

  /** A changed request is another request. */
  changed(): void {
    this.key = crypto.randomUUID();
  }

  /** It was sent: the next page begins anew. */
  clear(): void {
    this.#of = "";
  }
}
