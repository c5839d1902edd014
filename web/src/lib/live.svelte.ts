/** Live case changes of one city over SSE. The browser reconnects by itself; the page shows which it is. */
import { api } from "./api";

export type LiveState = "connecting" | "live" | "lost";
export interface CaseEvent { case_id: string; status?: string; version?: number }

export class Live {
  state = $state<LiveState>("connecting");
  #source: EventSource | null = null;

  open(city: string, onCase: (event: CaseEvent) => void, onResync: () => void): void {
    this.close();
    this.state = "connecting";
    let wasLost = false;
    const source = new EventSource(api.eventsUrl(city));
    source.onopen = () => {
      this.state = "live";
      if (wasLost) onResync(); // events may have been missed while away
      wasLost = false;
    };
    source.onerror = () => {
      this.state = "lost";
      wasLost = true;
    };
    source.addEventListener("resync", onResync);
    source.addEventListener("case", (message) => {
      try {
        onCase(JSON.parse((message as MessageEvent<string>).data) as CaseEvent);
      } catch {
        // an event we cannot read is not a reason to stop listening
      }
    });
    this.#source = source;
  }

  close(): void {
    this.#source?.close();
    this.#source = null;
  }
}
