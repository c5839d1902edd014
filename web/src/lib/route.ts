/** Addresses of the page, kept in the hash: `#/<city>/cases/<id>`, `#/<city>/new?parcel=…`. */

export const CASE_TABS = ["overview", "findings", "agencies", "history"] as const;
export type CaseTab = (typeof CASE_TABS)[number];

export type Route =
  | { name: "home" }
  | { name: "cases"; city: string }
  | { name: "case"; city: string; id: string; tab: CaseTab }
  | { name: "new"; city: string; parcel: string | null };

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [city, page, id] = path.split("/").map(decode);
  if (!city) return { name: "home" };
  if (page === "new") return { name: "new", city, parcel: new URLSearchParams(query).get("parcel") };
  if (page === "cases" && id) return { name: "case", city, id, tab: tabIn(query) };
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
  }
}

/** A one-time login token in the address, as printed by the server at start: `#token=…`. */
export function tokenIn(hash: string): string | null {
  return hash.startsWith("#token=") ? decode(hash.slice("#token=".length)) : null;
}

function tabIn(query: string): CaseTab {
  const asked = new URLSearchParams(query).get("tab");
  return CASE_TABS.find((tab) => tab === asked) ?? "overview";
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
