/** The crisis desk: the place that is asked about, the answers, and the incident that is being run. */
import type { Geometry } from "geojson";
import type { Sign } from "./crisis";
import {
  pointOf, valveLines, type Cascade, type Direction, type FoundFeature, type Here, type Incident, type Isolation, type NewEntry, type NewIncident, type Part, type StartAt, type Trace, type ValveLine,
  isClosable, startAtFeature,
} from "./crisis";
import { api, type ApiError } from "./api";
import { app } from "./app.svelte";
import { asError } from "./opened.svelte";
import type { LngLat } from "./types";

/** One question at a time: a newer one breaks off the older, whose answer nobody wants any more. */
class Asked<T> {
  answer = $state.raw<T | null>(null);
  error = $state.raw<ApiError | null>(null);
  busy = $state(false);
  #abort: AbortController | null = null;

  async ask(run: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    this.busy = true;
    this.error = null;
    try {
      const answer = await run(abort.signal);
      if (abort.signal.aborted) return null;
      this.busy = false;
      this.answer = answer;
      return answer;
    } catch (cause) {
      if (abort.signal.aborted) return null;
      this.busy = false;
      this.answer = null;
      this.error = asError(cause);
      app.heard(cause);
      return null;
    }
  }

  clear(): void {
    this.#abort?.abort();
    this.#abort = null;
    this.answer = this.error = null;
    this.busy = false;
  }
}

/** What broke: of which utility, and where. */
export interface Subject { utility: string; at: StartAt }

class CrisisDesk {
  city = $state("");
  part = $state<Part>("here");
  place = $state.raw<Geometry | null>(null);
  /** The parcel that was looked up, if the place is one. */
  parcel = $state<string | null>(null);
  subject = $state.raw<Subject | null>(null);
  /** What was looked up by its number. */
  found = $state.raw<FoundFeature | null>(null);
  /** The outline that is being drawn becomes the incident's. */
  isRedrawing = $state(false);
  stuck = $state.raw<ReadonlySet<string>>(new Set());
  numbers: ReadonlyMap<string, number> = new Map();
  valves = $state.raw<ValveLine[]>([]);
  hazard_m = $state<number | null>(null);
  readonly here = new Asked<Here>();
  readonly shut = new Asked<Isolation>();
  readonly danger = new Asked<Cascade>();
  readonly flow = new Asked<Trace>();
  direction = $state<Direction | null>(null);
  /** The sign and its line in the list that were pointed at last. */
  chosen = $state<string | null>(null);
  incidents = $state.raw<Incident[] | null>(null);
  incident = $state.raw<Incident | null>(null);
  incidentError = $state.raw<ApiError | null>(null);
  /** Why the incident that was asked for cannot be shown. */
  takenError = $state.raw<ApiError | null>(null);
  /** Counts the answers that are worth framing anew. */
  frames = $state(0);

  begin(city: string): void {
    if (this.city === city) return;
    this.clear();
    this.city = city;
    this.incident = null;
    this.incidents = null;
  }

  clear(): void {
    this.place = this.subject = this.found = this.parcel = this.chosen = this.direction = this.hazard_m = null;
    for (const asked of [this.here, this.shut, this.danger, this.flow]) asked.clear();
    this.stuck = new Set();
    this.numbers = new Map();
    this.valves = [];
    this.part = this.part === "incident" ? "incident" : "here";
  }

  // --- questions

  /** A click: what is here, and if a line was hit, at once how to shut it off. */
  click(at: LngLat, utility: string | null): void {
    this.look(pointOf(at));
    if (utility) this.broke({ utility, at: { lon: at[0], lat: at[1] } });
  }

  look(place: Geometry, parcel: string | null = null): void {
    this.clear();
    this.part = "here";
    this.place = place;
    this.parcel = parcel;
    void this.askHere();
  }

  /** A valve, line or source that was looked up: the map goes there, and asks what else is there. */
  goTo(feature: FoundFeature): void {
    if (!feature.point) return;
    this.look(pointOf(feature.point));
    this.found = feature;
  }

  /** The same, and at once how to shut it off. */
  shutOff(feature: FoundFeature): void {
    this.goTo(feature);
    this.broke({ utility: feature.utility, at: startAtFeature(feature) });
  }

  async askHere(): Promise<void> {
    const place = this.place;
    if (!place) return;
    if (await this.here.ask((signal) => api.here(this.city, place, signal))) if (this.part === "here") this.frames += 1;
  }

  /** Something broke: everything that is asked about it is asked anew. */
  broke(subject: Subject): void {
    this.subject = subject;
    this.stuck = new Set();
    this.numbers = new Map();
    this.valves = [];
    this.chosen = this.direction = this.hazard_m = null;
    for (const asked of [this.shut, this.danger, this.flow]) asked.clear();
    this.part = "shut";
    if (isClosable(subject.utility)) void this.askShut(true);
    else void this.askFlow("downstream");
    void this.askDanger();
  }

  async askShut(frame = false): Promise<void> {
    const subject = this.subject;
    if (!subject || !isClosable(subject.utility)) return;
    const answer = await this.shut.ask((signal) => api.isolation(this.city, subject.utility, subject.at, [...this.stuck], signal));
    if (!answer) return;
    this.valves = valveLines(answer, this.numbers);
    this.numbers = new Map([...this.numbers, ...this.valves.map((line): [string, number] => [line.id, line.number])]);
    if (frame && this.part === "shut") this.frames += 1;
  }

  async askDanger(): Promise<void> {
    const subject = this.subject;
    if (!subject) return;
    const hazard_m = this.hazard_m;
    if (await this.danger.ask((signal) => api.cascade(this.city, subject.utility, subject.at, hazard_m, signal))) if (this.part === "danger") this.frames += 1;
  }

  async askFlow(direction: Direction | null): Promise<void> {
    this.direction = direction;
    const subject = this.subject;
    if (!subject || !direction) {
      this.flow.clear();
      return;
    }
    await this.flow.ask((signal) => api.trace(this.city, subject.utility, subject.at, direction, signal));
  }

  /** What if this valve does not move? The question is asked again. */
  toggleStuck(id: string): void {
    const next = new Set(this.stuck);
    if (!next.delete(id)) next.add(id);
    this.stuck = next;
    void this.askShut(true); // the next valve may lie outside what is shown
  }

  show(part: Part): void {
    this.part = part;
    this.chosen = null;
    this.frames += 1;
  }

  // --- incidents

  async list(): Promise<void> {
    try {
      this.incidents = await api.incidents(this.city);
      this.incidentError = null;
    } catch (cause) {
      this.incidentError = asError(cause);
      app.heard(cause);
    }
  }

  /** Takes an incident up: its log, and the question that it began with. */
  async take(id: string): Promise<void> {
    try {
      const incident = await api.incident(this.city, id);
      const isNew = this.incident?.incident_id !== incident.incident_id;
      this.incident = incident;
      this.takenError = null;
      if (isNew && !this.place) this.#takeUp(incident);
    } catch (cause) {
      this.takenError = asError(cause);
      app.heard(cause);
    }
  }

  /** Its question is asked, but who has opened another part meanwhile stays there. */
  #takeUp(incident: Incident): void {
    const part = this.part;
    this.resume(incident);
    if (part !== "here") this.part = part;
  }

  resume(incident: Incident): void {
    this.look(incident.geometry);
    if (incident.utility && incident.start) this.broke({ utility: incident.utility, at: incident.start });
    this.part = incident.utility && incident.start ? "shut" : "incident";
  }

  leave(): void {
    this.takenError = null;
    this.isRedrawing = false;
    this.incident = null;
  }

  async open(incident: NewIncident, key: string): Promise<Incident> {
    this.incident = await api.openIncident(this.city, incident, key);
    void this.list();
    return this.incident;
  }

  /** Writes into the log; what is said of a valve changes the next answer. */
  async write(entry: NewEntry, key: string): Promise<void> {
    const id = this.incident?.incident_id;
    if (!id) return;
    this.incident = await api.logIncident(this.city, id, entry, key);
    if (entry.device) await this.askShut();
  }

  /** The incident has grown or moved: its area is drawn anew, and the log says so. */
  async redraw(area: Geometry): Promise<void> {
    const id = this.incident?.incident_id;
    if (!id) return;
    this.incident = await api.redrawIncident(this.city, id, area);
    this.isRedrawing = false;
    this.frames += 1;
  }

  async close(outcome: string): Promise<void> {
    const id = this.incident?.incident_id;
    if (!id) return;
    this.incident = await api.closeIncident(this.city, id, outcome);
    void this.list();
  }

  /** Somebody else has opened, logged or closed something. */
  async heard(event: { incident_id: string; version?: number }): Promise<void> {
    if (this.incidents) void this.list();
    const own = this.incident;
    if (own?.incident_id !== event.incident_id || (event.version ?? Infinity) <= own.version) return;
    await this.take(own.incident_id);
    void this.askShut();
  }

  async heardAll(): Promise<void> {
    if (this.incidents) void this.list();
    if (this.incident) await this.take(this.incident.incident_id);
    if (this.shut.answer) void this.askShut();
  }
}

export const desk = new CrisisDesk();
export type { Sign };
