/** What the page knows: who is here, which city, which address, and the live connection. */
import { i18n } from "../i18n/i18n.svelte";
import { api, ApiError, speak } from "./api";
import { Live } from "./live.svelte";
import { isAtDesk, ownAgency } from "./desk";
import { hrefOf, parseRoute, tokenIn, type Route } from "./route";
import type { City, CitySummary, Me } from "./types";

export type Session = "opening" | "none" | "open" | "failed";

class App {
  session = $state<Session>("opening");
  failure = $state<ApiError | null>(null);
  me = $state<Me | null>(null);
  cities = $state.raw<CitySummary[]>([]);
  city = $state.raw<City | null>(null);
  route = $state.raw<Route>(parseRoute(location.hash));
  /** The city of an address that is not served here; said until the next address. */
  absent = $state<string | null>(null);
  readonly live = new Live();

  async start(): Promise<void> {
    speak(i18n.language);
    const token = tokenIn(location.hash);
    if (token !== null) history.replaceState(null, "", location.pathname + location.search + "#/");
    addEventListener("hashchange", () => void this.#moved().catch((cause: unknown) => this.#failed(cause, true)));
    await this.open(token);
  }

  /** Opens a session with a token, or finds the one the cookie carries. */
  async open(token: string | null): Promise<void> {
    this.session = "opening";
    this.failure = null;
    try {
      if (token) await api.openSession(token);
      this.me = await api.me();
      this.cities = await api.cities();
      await this.#moved();
      this.session = "open";
    } catch (cause) {
      this.#failed(cause, token !== null);
    }
  }

  async close(): Promise<void> {
    await api.closeSession().catch(() => undefined);
    this.live.close();
    this.me = null;
    this.session = "none";
  }

  /** A refusal anywhere that says the session is over sends the person to the login page. */
  heard(error: unknown): void {
    if (error instanceof ApiError && error.status === 401) {
      this.live.close();
      this.session = "none";
      this.failure = error;
    }
  }

  /** Reads the city's layers again: a delivery has changed how fresh they are. */
  async readCity(): Promise<void> {
    const id = this.city?.id;
    if (!id) return;
    const city = await api.city(id).catch(() => null);
    if (city && this.city?.id === id) this.city = city;
  }

  /** Whether the person's role may do this at all; whether it may be done now, the server says. */
  may(action: string): boolean {
    return this.me?.may.includes(action) ?? false;
  }

  go(route: Route): void {
    location.hash = hrefOf(route);
  }

  /** Having no session yet is no failure to speak of; a token that was refused is. */
  #failed(cause: unknown, hadToken: boolean): void {
    const error = cause instanceof ApiError ? cause : new ApiError(0, "page-failed", {}, String(cause));
    const isOutside = error.status === 401 || error.status === 403;
    this.failure = isOutside && !hadToken ? null : error;
    this.session = isOutside ? "none" : "failed";
  }

  /** A company whose people stand in for a system begins at its desk, everybody else at the worklist. */
  #home(city: string): Route {
    const own = this.city && ownAgency(this.me, this.city);
    return own && isAtDesk(own) ? { name: "desk", city, id: null } : { name: "cases", city };
  }

  /** The city of an address; null for one that is not served here. */
  async #cityOf(id: string): Promise<City | null> {
    try {
      return await api.city(id);
    } catch (cause) {
      if (cause instanceof ApiError && cause.status === 404 && this.cities[0] && id !== this.cities[0].id) return null;
      throw cause;
    }
  }

  async #moved(): Promise<void> {
    const token = tokenIn(location.hash);
    if (token !== null) {
      history.replaceState(null, "", location.pathname + location.search + "#/");
      await this.open(token);
      return;
    }
    const route = parseRoute(location.hash);
    const wanted = route.name === "home" ? this.cities[0]?.id : route.city;
    if (route.name !== "home") this.absent = null;
    if (wanted && wanted !== this.city?.id) {
      const city = await this.#cityOf(wanted);
      if (!city) {
        this.absent = wanted;
        this.go({ name: "home" }); // an address of a city that is not here: begin where one may
        return;
      }
      this.city = city;
      i18n.timeZone = this.city.timezone;
    }
    this.route = route.name === "home" && wanted ? this.#home(wanted) : route;
  }
}

export const app = new App();
