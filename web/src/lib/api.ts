/** The one place that speaks HTTP. Every refusal becomes an `ApiError` carrying the problem's code and params. */
import type { Geometry, Polygon } from "geojson";
import type { Cascade, Direction, FoundFeature, Here, Incident, Isolation, NewEntry, NewIncident, StartAt, Trace } from "./crisis";
import type { Bar } from "./control";
import type { DeskTask, DeskView, LagReport } from "./desk";
import type { Around, Calendar, DigSummary, DigView, PavingView, PlanView, TrenchReport } from "./digs";
import type { Collection, DecisionChoice, Delivery, Diff, OwnerScore, RepairedFeature, Sight, SightSaid, UploadOptions } from "./delivery_types";
import type { ParcelFound } from "./parcels";
import type { CaseMap, CaseSummary, CaseView, City, CitySummary, Dossier, HistoryEntry, Me, NewCase, UnexplainedOrder } from "./types";

import type { Standing, SurveyList } from "./survey";

export type Params = Record<string, unknown>;

export class ApiError extends Error {
  constructor(
    readonly status: number,
    /** Slug of the refusal, e.g. `stale-case`; `offline` when the server did not answer at all. */
    readonly code: string,
    readonly params: Params = {},
    readonly detail: string = "",
  ) {
    super(`${code}: ${detail}`);
  }
}

const DELIVERIES = 20;
export interface Page<T> { items: T[]; next: string | null }

let language = "fa";

export function speak(chosen: string): void {
  language = chosen;
}

async function problemOf(response: Response): Promise<ApiError> {
  return errorOf(response.status, await response.json().catch(() => null));
}

function errorOf(status: number, body: unknown): ApiError {
  const problem = (body && typeof body === "object" ? body : {}) as Record<string, unknown>;
  const code = typeof problem["code"] === "string" ? problem["code"] : `http-${status}`;
  const params = (problem["params"] as Params | undefined) ?? {};
  const detail = typeof problem["detail"] === "string" ? problem["detail"] : "";
  return new ApiError(status, code, params, detail);
}

async function call<T>(path: string, init: RequestInit = {}, signal?: AbortSignal): Promise<T> {
  const response = await answered(path, init, signal);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

async function answered(path: string, init: RequestInit, signal?: AbortSignal): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("Accept", "application/json, application/problem+json");
  headers.set("Accept-Language", language);
  // a form names its own type, with the boundary between its parts
  if (init.body && !(init.body instanceof FormData)) headers.set("Content-Type", "application/json");
  let response: Response;
  try {
    response = await fetch(`/v1${path}`, { ...init, headers, credentials: "same-origin", ...(signal ? { signal } : {}) });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiError(0, "offline");
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

function post<T>(path: string, body: unknown, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<T> {
  return call<T>(path, { method: "POST", body: JSON.stringify(body), headers }, signal);
}

/** Sends a file as it is, or several as a form. `fetch` cannot tell how much has gone, XMLHttpRequest can. */
function send<T>(path: string, files: readonly File[], onProgress: (share: number) => void, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/v1${path}`);
    request.responseType = "json";
    request.setRequestHeader("Accept", "application/json, application/problem+json");
    request.setRequestHeader("Accept-Language", language);
    const [single, ...more] = files;
    if (more.length === 0) request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => { if (event.lengthComputable) onProgress(event.loaded / event.total); };
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(request.response as T);
      else reject(errorOf(request.status, request.response));
    };
    request.onerror = () => reject(new ApiError(0, "offline"));
    request.onabort = () => reject(new DOMException("aborted", "AbortError"));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(more.length === 0 ? single : formOf(files));
  });
}

function formOf(files: readonly File[]): FormData {
  const form = new FormData();
  for (const file of files) form.append("file", file);
  return form;
}

/** Lists come bare or in an envelope; a page's `next` is the `after` of the following one. */
function items<T>(answer: T[] | { cases?: T[]; parcels?: T[]; next?: string | null }): Page<T> {
  if (Array.isArray(answer)) return { items: answer, next: null };
  return { items: answer.cases ?? answer.parcels ?? [], next: answer.next ?? null };
}

const at = (city: string, rest = ""): string => `/cities/${encodeURIComponent(city)}${rest}`;
const layerAt = (city: string, layer: string, rest = ""): string => at(city, `/layers/${encodeURIComponent(layer)}${rest}`);
const incidentAt = (city: string, id: string, rest = ""): string => at(city, `/incidents/${encodeURIComponent(id)}${rest}`);
const digAt = (city: string, id: string, rest = ""): string => at(city, `/digs/${encodeURIComponent(id)}${rest}`);
/** `dig:<id>` or `plan:<id>`, as works are named on the calendar. */
const workAt = (city: string, ref: string, rest: string): string => at(city, `/${ref.startsWith("plan:") ? "planned-works" : "digs"}/${ref.slice(ref.indexOf(":") + 1)}${rest}`);
const said = (query: Record<string, string>): URLSearchParams => new URLSearchParams(Object.entries(query).filter(([, value]) => value !== ""));
const caseAt = (city: string, id: string, rest = ""): string => at(city, `/cases/${encodeURIComponent(id)}${rest}`);

export const api = {
  openSession: (token: string) => post<unknown>("/session", { token }),
  closeSession: () => call<unknown>("/session", { method: "DELETE" }),
  me: () => call<Me>("/me"),
  cities: async () => items<CitySummary>(await call<CitySummary[]>("/cities")).items,
  city: (city: string) => call<City>(at(city)),

  parcel: (city: string, id: string) => call<Dossier>(at(city, `/parcels/${encodeURIComponent(id)}`)),
  parcelAt: async (city: string, [lon, lat]: [number, number]) =>
    first(items<{ parcel_id: string }>(await call(at(city, `/parcels?at=${lon.toFixed(7)},${lat.toFixed(7)}`)))),
  parcelsLike: async (city: string, prefix: string, signal?: AbortSignal) =>
    items<ParcelFound>(await call(at(city, `/parcels?q=${encodeURIComponent(prefix)}`), {}, signal)).items,

  cases: async (city: string, query: Record<string, string>, signal?: AbortSignal) => {
    const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== ""));
    return items<CaseSummary>(await call(at(city, `/cases?${search}`), {}, signal));
  },
  case: (city: string, id: string, signal?: AbortSignal) => call<CaseView>(caseAt(city, id), {}, signal),
  caseMap: (city: string, id: string) => call<CaseMap>(caseAt(city, id, "/geojson")),
  history: async (city: string, id: string) => items<HistoryEntry>(await call(caseAt(city, id, "/history"))).items,
  act: (city: string, id: string, action: string, body: unknown, key: string) =>
    post<CaseView>(caseAt(city, id, `/${action}`), body, { "Idempotency-Key": key }),
  submit: (city: string, body: NewCase, key: string) =>
    post<CaseView>(at(city, "/cases"), body, { "Idempotency-Key": key }),

  collections: async (city: string) =>
    (await call<{ collections: Collection[] }>(at(city, "/ogc/collections?f=json"))).collections,
  scorecard: async (city: string) => (await call<{ owners: OwnerScore[] }>(at(city, "/scorecard"))).owners,
  deliveries: (city: string, layer: string, before: number | null = null, limit = DELIVERIES) =>
    call<{ deliveries: Delivery[]; next: number | null }>(
      layerAt(city, layer, `/deliveries?limit=${limit}${before === null ? "" : `&before=${before}`}`)),
  delivery: (city: string, layer: string, id: number) => call<Delivery>(layerAt(city, layer, `/deliveries/${id}`)),
  diff: (city: string, layer: string, id: number) => call<Diff>(layerAt(city, layer, `/deliveries/${id}/diff`)),
  newest: async (city: string) =>
    (await call<{ deliveries: Record<string, Delivery | null> }>(at(city, "/deliveries/newest"))).deliveries,
  deliver: (city: string, layer: string, files: readonly File[], options: UploadOptions, onProgress: (share: number) => void, signal: AbortSignal) =>
    send<Delivery>(layerAt(city, layer, `/deliveries?${uploadQuery(files, options)}`), files, onProgress, signal),
  sight: (city: string, layer: string, files: readonly File[], onProgress: (share: number) => void, signal: AbortSignal) =>
    send<Sight>(layerAt(city, layer, `/sights?${nameQuery(files)}`), files, onProgress, signal),
  look: (city: string, layer: string, id: string, said: SightSaid, signal?: AbortSignal) =>
    call<Sight>(layerAt(city, layer, `/sights/${id}`), { method: "POST", body: JSON.stringify(said) }, signal),
  acceptSight: (city: string, layer: string, id: string, said: SightSaid & { as_of?: string }) =>
    post<Delivery>(layerAt(city, layer, `/sights/${id}/accept`), said),
  forgetSight: (city: string, layer: string, id: string) => call<undefined>(layerAt(city, layer, `/sights/${id}`), { method: "DELETE" }),
  decide: (city: string, layer: string, id: number, decision: DecisionChoice, note: string | null) =>
    post<Delivery>(layerAt(city, layer, `/deliveries/${id}/decide`), { decision, note }),
  repairs: async (city: string, layer: string, id: number) =>
    (await call<{ repairs: RepairedFeature[] }>(layerAt(city, layer, `/deliveries/${id}/repairs`))).repairs,
  undoRepair: (city: string, layer: string, id: number, feature: string) =>
    post<Delivery>(layerAt(city, layer, `/deliveries/${id}/repairs/undo`), { features: [feature] }),
  rollBack: (city: string, layer: string) => post<Delivery>(layerAt(city, layer, "/rollback"), {}),

  deskTasks: async (city: string, agency: string) => (await call<{ tasks: DeskTask[] }>(at(city, `/desk?${said({ agency })}`))).tasks,
  deskTask: (city: string, id: string) => call<DeskView>(at(city, `/desk/${encodeURIComponent(id)}`)),
  actAtDesk: (city: string, id: string, path: string, body: unknown, key: string) =>
    post<DeskView>(at(city, `/desk/${encodeURIComponent(id)}/${path}`), body, { "Idempotency-Key": key }),
  tariffLag: (city: string, agency: string) => call<LagReport>(at(city, `/reports/tariff-lag?${said({ agency })}`)),
  unexplained: async (city: string) => (await call<{ orders: UnexplainedOrder[] }>(at(city, "/reports/unexplained-orders"))).orders,
  tariffLagUrl: (city: string, agency: string) => `/v1${at(city, `/reports/tariff-lag?${said({ agency, f: "csv" })}`)}`,

  surveyList: (city: string, limit: number, signal?: AbortSignal) => call<SurveyList>(at(city, `/survey-list?limit=${limit}`), {}, signal),
  surveyStanding: (city: string, signal?: AbortSignal) => call<Standing>(at(city, "/survey-list/standing"), {}, signal),

  digCalendar: (city: string, from: string, to: string) => call<Calendar>(at(city, `/digs/calendar?from=${from}&to=${to}`)),
  digs: (city: string, query: Record<string, string>, signal?: AbortSignal) =>
    call<{ digs: DigSummary[]; next: string | null }>(at(city, `/digs?${said(query)}`), {}, signal),
  dig: (city: string, id: string) => call<DigView>(digAt(city, id)),
  digMap: (city: string, id: string) => call<CaseMap>(digAt(city, id, "/geojson")),
  digHistory: (city: string, id: string) => call<HistoryEntry[]>(digAt(city, id, "/history")),
  fileDig: (city: string, body: unknown, key: string) => post<DigView>(at(city, "/digs"), body, { "Idempotency-Key": key }),
  actOnDig: (city: string, id: string, path: string, body: unknown, key: string) =>
    post<DigView>(digAt(city, id, `/${path}`), body, { "Idempotency-Key": key }),
  joinWork: (city: string, ref: string, other: string) => post<unknown>(workAt(city, ref, "/join"), { with: other }),
  worksAround: (city: string, ref: string) => call<Around>(workAt(city, ref, "/overlaps")),
  declineWork: (city: string, ref: string, other: string, reason: string) => post<unknown>(workAt(city, ref, "/decline"), { with: other, reason }),
  plan: (city: string, id: string) => call<PlanView>(at(city, `/planned-works/${encodeURIComponent(id)}`)),
  planWork: (city: string, body: unknown, key: string) => post<PlanView>(at(city, "/planned-works"), body, { "Idempotency-Key": key }),
  pave: (city: string, body: unknown, key: string) => post<PavingView>(at(city, "/pavings"), body, { "Idempotency-Key": key }),
  paving: (city: string, id: string) => call<PavingView>(at(city, `/pavings/${encodeURIComponent(id)}`)),
  /** Entries that were taken back among them. */
  pavings: async (city: string) => (await call<{ pavings: PavingView[] }>(at(city, "/pavings?taken_back=true"))).pavings,
  takeBackPaving: (city: string, id: string, reason: string, key: string) =>
    post<PavingView>(at(city, `/pavings/${encodeURIComponent(id)}/take-back`), { reason }, { "Idempotency-Key": key }),
  pavingHistory: (city: string, id: string) => call<HistoryEntry[]>(at(city, `/pavings/${encodeURIComponent(id)}/history`)),
  bars: (city: string, query: Record<string, string>) => call<{ entries: Bar[]; next: string | null }>(at(city, `/control-list?${said(query)}`)),
  bar: (city: string, id: string) => call<Bar>(at(city, `/control-list/${encodeURIComponent(id)}`)),
  barHistory: (city: string, id: string) => call<HistoryEntry[]>(at(city, `/control-list/${encodeURIComponent(id)}/history`)),
  enterBar: (city: string, body: unknown, key: string) => post<Bar>(at(city, "/control-list"), body, { "Idempotency-Key": key }),
  liftBar: (city: string, id: string, reason: string) => post<Bar>(at(city, `/control-list/${encodeURIComponent(id)}/lift`), { reason }),
  endPlan: (city: string, id: string, end: "cancel" | "done") => post<PlanView>(at(city, `/planned-works/${encodeURIComponent(id)}/${end}`), {}),
  trenchReports: async (city: string, query: Record<string, string>) =>
    (await call<{ trench_reports: TrenchReport[] }>(at(city, `/trench-reports?${said(query)}`))).trench_reports,
  reportTrench: (city: string, form: FormData, key: string) =>
    call<TrenchReport>(at(city, "/trench-reports"), { method: "POST", body: form, headers: { "Idempotency-Key": key } }),
  answerReport: (city: string, id: string, body: unknown, key: string) =>
    post<TrenchReport>(at(city, `/trench-reports/${encodeURIComponent(id)}/answer`), body, { "Idempotency-Key": key }),
  photoUrl: (city: string, id: string) => `/v1${at(city, `/trench-reports/${encodeURIComponent(id)}/photo`)}`,

  here: (city: string, geometry: Geometry, signal?: AbortSignal) => post<Here>(at(city, "/ground/here"), { geometry }, {}, signal),
  features: async (city: string, query: string, signal?: AbortSignal) =>
    (await call<{ features: FoundFeature[] }>(at(city, `/networks/features?limit=8&q=${encodeURIComponent(query)}`), {}, signal)).features,
  isolation: (city: string, utility: string, where: StartAt, stuck: readonly string[], signal?: AbortSignal) =>
    post<Isolation>(at(city, `/networks/${utility}/isolation`), { at: where, stuck_valves: stuck }, {}, signal),
  cascade: (city: string, utility: string, where: StartAt, hazard_m: number | null, signal?: AbortSignal) =>
    post<Cascade>(at(city, `/networks/${utility}/cascade`), { at: where, ...(hazard_m === null ? {} : { hazard_m }) }, {}, signal),
  trace: (city: string, utility: string, where: StartAt, direction: Direction, signal?: AbortSignal) =>
    post<Trace>(at(city, `/networks/${utility}/trace`), { at: where, direction }, {}, signal),
  incidents: async (city: string) => (await call<{ incidents: Incident[] }>(at(city, "/incidents?limit=50"))).incidents,
  incident: (city: string, id: string) => call<Incident>(incidentAt(city, id)),
  openIncident: (city: string, body: NewIncident, key: string) => post<Incident>(at(city, "/incidents"), body, { "Idempotency-Key": key }),
  logIncident: (city: string, id: string, body: NewEntry, key: string) => post<Incident>(incidentAt(city, id, "/log"), body, { "Idempotency-Key": key }),
  redrawIncident: (city: string, id: string, geometry: Geometry) => post<Incident>(incidentAt(city, id, "/area"), { geometry }),
  closeIncident: (city: string, id: string, outcome: string) => post<Incident>(incidentAt(city, id, "/close"), { outcome }),
  contactsUrl: (city: string, id: string) => `/v1${incidentAt(city, id, "/contacts.csv")}`,
  pack: async (city: string, geometry: Polygon, note: string, signal?: AbortSignal) => {
    const response = await answered(at(city, "/packs"), { method: "POST", body: JSON.stringify({ geometry, note }) }, signal);
    const name = /filename="?([^";]+)/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? `panjereh-${city}.zip`;
    return { name, file: await response.blob() };
  },

  tilesUrl: (city: string, layers: string[]) =>
    `${location.origin}/v1${at(city, `/tiles/{z}/{x}/{y}.pbf?layers=${layers.map(encodeURIComponent).join(",")}`)}`,
  eventsUrl: (city: string) => `/v1${at(city, "/events")}`,
};

/** One file's name stands in the address; several carry theirs in the form. */
function nameQuery(files: readonly File[]): URLSearchParams {
  const [single, ...more] = files;
  return new URLSearchParams(single && more.length === 0 ? { filename: single.name } : {});
}

function uploadQuery(files: readonly File[], { as_of, preview, incremental, table }: UploadOptions): URLSearchParams {
  const said = { filename: nameQuery(files).get("filename") ?? "", as_of, preview: preview ? "true" : "", incremental: incremental ? "true" : "", table: table.trim() };
  return new URLSearchParams(Object.entries(said).filter(([, value]) => value !== ""));
}

function first<T>(page: Page<T>): T | null {
  return page.items[0] ?? null;
}
