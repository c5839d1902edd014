/** Live changes of one city over SSE: cases, incidents, excavations, works, reports from the trench, the control list. The browser reconnects by itself; the page shows which it is. */
import { api } from "./api";

export type LiveState = "connecting" | "live" | "lost";
export interface CaseEvent { case_id: string; status?: string; version?: number }
export interface DigEvent { dig_id: string; status?: string; version?: number }
export interface IncidentEvent { incident_id: string; status?: string; version?: number }
/** Who listens to what; an event that nobody listens to is not asked for. */
export interface Listeners { case?: (event: CaseEvent) => void; incident?: (event: IncidentEvent) => void; dig?: (event: DigEvent) => void; trench?: () => void; works?: () => void; control?: () => void }

export class Live {
  state = $state<LiveState>("connecting");
  #source: EventSource | null = null;

  open(city: string, listeners: Listeners, onResync: () => void): void {
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
    for (const [name, listen] of Object.entries(listeners)) {
      source.addEventListener(name, (message) => {
        try {
          (listen as (event: unknown) => void)(JSON.parse((message as MessageEvent<string>).data));
        } catch {
          // an event we cannot read is not a reason to stop listening
        }
      });
    }
    this.#source = source;
  }

  close(): void {
    this.#source?.close();
    this.#source = null;
  }
}
