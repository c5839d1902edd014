/** Addresses of the page, kept in the hash: `#/<city>/cases/<id>`, `#/<city>/new?parcel=…`, `#/<city>/layers/<layer>/<delivery>`, `#/<city>/digs/<id>`, `#/<city>/crisis?at=lon,lat&utility=gas`. */

export const CASE_TABS = ["overview", "findings", "lines", "agencies", "history"] as const;
export type CaseTab = (typeof CASE_TABS)[number];

export const REPORT_TABS = ["summary", "issues", "changes"] as const;
export type ReportTab = (typeof REPORT_TABS)[number];

export const DIG_TABS = ["overview", "companies", "ground", "shared", "costs", "history"] as const;
export type DigTab = (typeof DIG_TABS)[number];
/** The calendar, the list, reports from the trench, a new report, a new or half-written dig, a dig; an agency's plan, a repaved street, and new ones; the control list. */
export type DigScreen = "calendar" | "list" | "reports" | "report" | "new" | "dig" | "plan" | "paving" | "plan-new" | "paving-new" | "control";
export interface DigRoute { name: "digs"; city: string; view: DigScreen; id: string | null; tab: DigTab }

export type Route =
  | { name: "home" }
  | { name: "cases"; city: string }
  | { name: "case"; city: string; id: string; tab: CaseTab }
  | { name: "new"; city: string; parcel: string | null }
  | { name: "layers"; city: string }
  | { name: "survey"; city: string; rank: number | null }
  | { name: "layer"; city: string; layer: string }
  | { name: "sight"; city: string; layer: string; id: string }
  | { name: "delivery"; city: string; layer: string; id: number; tab: ReportTab }
  | DigRoute
  | { name: "desk"; city: string; id: string | null }
  | { name: "tariffs"; city: string }
  | { name: "crisis"; city: string; incident: string | null; at: string | null; utility: string | null };

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [city, page, id, part, more] = path.split("/").map(decode);
  if (!city) return { name: "home" };
  if (page === "new") return { name: "new", city, parcel: new URLSearchParams(query).get("parcel") };
  if (page === "cases" && id) return { name: "case", city, id, tab: tabIn(query, CASE_TABS) ?? "overview" };
  if (page === "layers" && id && part === "sight" && more) return { name: "sight", city, layer: id, id: more };
  if (page === "layers") return layersRoute(city, id, part, query);
  if (page === "survey") return { name: "survey", city, rank: id && /^\d+$/.test(id) ? Number(id) : null };
  if (page === "digs") return digRoute(city, id, part, query);
  if (page === "desk") return { name: "desk", city, id: id ?? null };
  if (page === "tariffs") return { name: "tariffs", city };
  if (page === "crisis") return crisisRoute(city, id, new URLSearchParams(query));
  return { name: "cases", city };
}

export function hrefOf(route: Route): string {
  switch (route.name) {
    case "home":
      return "#/";
    case "cases":
      return `#/${encodeURIComponent(route.city)}/cases`;
    case "case":
      return `#/${encodeURIComponent(route.city)}/cases/${encodeURIComponent(route.id)}${route.tab === "overview" ? "" : `?tab=${route.tab}`}`;
    case "new": {
      const parcel = route.parcel ? `?parcel=${encodeURIComponent(route.parcel)}` : "";
      return `#/${encodeURIComponent(route.city)}/new${parcel}`;
    }
    case "layers":
      return `#/${encodeURIComponent(route.city)}/layers`;
    case "survey":
      return `#/${encodeURIComponent(route.city)}/survey${route.rank === null ? "" : `/${route.rank}`}`;
    case "layer":
      return `#/${encodeURIComponent(route.city)}/layers/${encodeURIComponent(route.layer)}`;
    case "sight":
      return `#/${encodeURIComponent(route.city)}/layers/${encodeURIComponent(route.layer)}/sight/${encodeURIComponent(route.id)}`;
    case "delivery":
      return `#/${encodeURIComponent(route.city)}/layers/${encodeURIComponent(route.layer)}/${route.id}${route.tab === "summary" ? "" : `?tab=${route.tab}`}`;
    case "digs":
      return digHref(route);
    case "desk":
      return `#/${encodeURIComponent(route.city)}/desk${route.id ? `/${encodeURIComponent(route.id)}` : ""}`;
    case "tariffs":
      return `#/${encodeURIComponent(route.city)}/tariffs`;
    case "crisis":
      return crisisHref(route);
  }
}

/** A one-time login token in the address, as printed by the server at start: `#token=…`. */
export function tokenIn(hash: string): string | null {
  return hash.startsWith("#token=") ? decode(hash.slice("#token=".length)) : null;
}

function layersRoute(city: string, layer: string | undefined, delivery: string | undefined, query: string): Route {
  if (!layer) return { name: "layers", city };
  if (!delivery || !/^\d+$/.test(delivery)) return { name: "layer", city, layer };
  return { name: "delivery", city, layer, id: Number(delivery), tab: tabIn(query, REPORT_TABS) ?? "summary" };
}

/** Short for `{ name: "digs", … }`. */
export const digsAt = (city: string, view: DigScreen = "calendar", id: string | null = null, tab: DigTab = "overview"): DigRoute =>
  ({ name: "digs", city, view, id, tab });

/** Who may read the control list (api/security.py, READ_CONTROL_LIST). */
export const mayReadControl = (role: string | undefined): boolean => ["officer", "front_office", "agency", "auditor"].includes(role ?? "");

function digRoute(city: string, page: string | undefined, id: string | undefined, query: string): DigRoute {
  const of = new URLSearchParams(query).get("dig");
  if (page === "list" || page === "reports") return digsAt(city, page);
  if (page === "new" || page === "report" || page === "plan-new" || page === "paving-new") return digsAt(city, page, of);
  if (page === "control") return digsAt(city, page, id ?? null);
  if ((page === "plan" || page === "paving") && id) return digsAt(city, page, id);
  if (page) return digsAt(city, "dig", page, tabIn(query, DIG_TABS) ?? "overview");
  return digsAt(city);
}

function digHref({ city, view, id, tab }: DigRoute): string {
  const base = `#/${encodeURIComponent(city)}/digs`;
  const one = id ? encodeURIComponent(id) : "";
  if (view === "calendar") return base;
  if (view === "dig") return `${base}/${one}${tab === "overview" ? "" : `?tab=${tab}`}`;
  if (view === "control") return `${base}/control${one ? `/${one}` : ""}`;
  if (view === "plan" || view === "paving") return `${base}/${view}/${one}`;
  return `${base}/${view}${one ? `?dig=${one}` : ""}`;
}

function crisisRoute(city: string, incident: string | undefined, query: URLSearchParams): Route {
  return { name: "crisis", city, incident: incident ?? null, at: query.get("at"), utility: query.get("utility") };
}

function crisisHref({ city, incident, at, utility }: Extract<Route, { name: "crisis" }>): string {
  const asked = Object.entries({ at, utility }).flatMap(([name, value]) => (value ? [`${name}=${encodeURIComponent(value)}`] : []));
  const one = incident ? `/${encodeURIComponent(incident)}` : "";
  return `#/${encodeURIComponent(city)}/crisis${one}${asked.length ? `?${asked.join("&")}` : ""}`;
}

function tabIn<T extends string>(query: string, tabs: readonly T[]): T | null {
  const asked = new URLSearchParams(query).get("tab");
  return tabs.find((tab) => tab === asked) ?? null;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
