import { describe, expect, it } from "vitest";
import { blankApproval, conditionsOf, isComplete } from "../src/lib/approval";
import { lyingOf, pinsOf, sideOf, sorted } from "../src/lib/findings";
import { phasesOf } from "../src/lib/phases";
import { hrefOf, parseRoute, tokenIn, type Route } from "../src/lib/route";
import type { CaseMap, CaseView, Consultation, Exchange, Finding } from "../src/lib/types";
import { bodyOf, blankDraft, problemsOf } from "../src/request/draft";

const NOW = new Date("2026-11-22T12:00:00Z");

const finding = (over: Partial<Finding>): Finding => ({
  layer_id: "gas_lines", feature_id: "G1", utility: "gas", verdict: "violates", separation_h_m: 0.2, separation_v_m: null, required_h_m: 1,
  required_v_m: null, p_violation: 1, clause: null, source: null, rule_status: null, uncertainty_h_m: 1, uncertainty_v_m: null,
  owner: "gas", explanation: null, params: {}, ...over,
});
const asked = (agency: string, over: Partial<Consultation> = {}): Consultation => ({
  agency, status: "pending", asked_at: "2026-11-20T08:00:00Z", answered_at: null, due_at: "2026-11-30T22:00:00Z", serviceable: null,
  reason_code: null, reason: null, conditions: [], offer: null, ...over,
});
const view = (over: Partial<CaseView>): CaseView => ({
  case_id: "c", case_no: "2026-000001", city: "x", status: "consulting", version: 1, parcel_id: "p", works: "repair", storeys: 1, units: {},
  applicant: { name: "n" }, verdict: "clear", submitted_at: "2026-11-20T08:00:00Z", wishes: {}, dossier: null, findings: [],
  excavation: { geometry: { type: "Polygon", coordinates: [] }, depth_m: 1, area_m2: 1, method: "hand" }, missing_information: [],
  consultations: [], decision: null, permit: null, exchanges: [], tariffs: [], tasks: [], actions: [], ...over,
});
const exchange = (over: Partial<Exchange>): Exchange => ({
  purpose: "construction", revision: 1, state: "trying", effective_at: "2026-11-24T23:00:00Z", decide_by: "2026-11-24T22:00:00Z",
  hold_until: "2026-11-30T23:00:00Z",
  agencies: ["water", "power"].map((agency) => ({
    agency, order_number: null, try: agency === "water" ? "done" : "pending", confirm: null, cancel: null, attempts: 1, refusal: null,
    connection: null, tariff_from: "residential", tariff_to: "construction", receipt: null,
  })),
  ...over,
});
const current = (one: CaseView) => phasesOf(one, NOW).find((phase) => phase.state === "current");

describe("why am I waiting", () => {
  it("for the companies that have not answered, since and until when", () => {
    const phase = current(view({ consultations: [asked("water"), asked("gas", { status: "answered", answered_at: "2026-11-21T08:00:00Z" })] }));
    expect(phase?.key).toBe("consultation");
    expect(phase?.waiting).toEqual([{ who: "water", since: "2026-11-20T08:00:00Z", until: "2026-11-30T22:00:00Z", overdue: false }]);
  });
  it("says who is late", () => {
    expect(current(view({ consultations: [asked("water", { due_at: "2026-11-21T00:00:00Z" })] }))?.waiting[0]?.overdue).toBe(true);
  });
  it("for the municipality, since the last answer", () => {
    const phase = current(view({ status: "awaiting_decision", consultations: [asked("gas", { status: "answered", answered_at: "2026-11-21T08:00:00Z" })] }));
    expect(phase?.waiting).toEqual([{ who: "municipality", since: "2026-11-21T08:00:00Z", until: null, overdue: false }]);
  });
  it("for the company that does not hold its order yet", () => {
    const phase = current(view({ status: "exchanging", exchanges: [exchange({})] }));
    expect(phase?.key).toBe("construction");
    expect(phase?.waiting.map((one) => [one.who, one.until])).toEqual([["power", "2026-11-24T22:00:00Z"]]);
  });
  it("stands in the return of the tariff when that is what failed", () => {
    expect(current(view({ status: "needs_decision", exchanges: [exchange({}), exchange({ purpose: "permanent" })] }))?.key).toBe("permanent");
  });
  it("stops where the case was refused", () => {
    const phases = phasesOf(view({ status: "refused" }), NOW);
    expect(phases.map((phase) => phase.state)).toEqual(["done", "done", "stopped", "upcoming", "upcoming", "upcoming", "upcoming"]);
  });
  it("is over when completed", () => {
    expect(phasesOf(view({ status: "completed" }), NOW).every((phase) => phase.state === "done")).toBe(true);
  });
});

describe("findings", () => {
  it("stand worst first", () => {
    const all = [finding({ verdict: "clear" }), finding({ verdict: "undecidable", p_violation: 0.4 }), finding({ verdict: "undecidable", p_violation: 0.6 }), finding({})];
    expect(sorted(all).map((one) => [one.verdict, one.p_violation])).toEqual([["violates", 1], ["undecidable", 0.6], ["undecidable", 0.4], ["clear", 1]]);
  });
  it("are pinned where the line is nearest to the dig, and not upon each other", () => {
    const line = (feature_id: string) => ({
      type: "Feature" as const, geometry: { type: "LineString" as const, coordinates: [[0, 0], [2, 0]] },
      properties: { kind: "finding", layer_id: "gas_lines", feature_id },
    });
    const map: CaseMap = {
      type: "FeatureCollection",
      features: [
        { type: "Feature", geometry: { type: "Point", coordinates: [1, 1] }, properties: { kind: "excavation" } }, line("G1"), line("G2"), line("G3"),
      ],
    };
    const pins = pinsOf([finding({}), finding({ feature_id: "G2" }), finding({ feature_id: "G3", verdict: "clear" })], map);
    expect(pins.map((pin) => [pin.ref, pin.at, pin.crowd])).toEqual([["gas_lines/G1", [1, 0], 0], ["gas_lines/G2", [1, 0], 1]]);
  });
});

describe("an approval", () => {
  const pit = { code: "trial-pit", params: {} };
  const watch = { code: "owner-watch", params: { owner: "gas" } };
  const open = () => blankApproval(view({
    findings: [finding({}), finding({ feature_id: "G2" }), finding({ feature_id: "G3", verdict: "undecidable" })],
    consultations: [asked("water", { status: "lapsed" })],
    dossier: { parcel_id: "p", buildings: [], streets: [], networks: [], freshness: [], suggested_conditions: [pit, watch] },
  }));
  it("is not complete while a violation or a silence stands without a reason", () => {
    const approval = open();
    expect(isComplete(approval)).toBe(false);
    approval.common = { remedy: "protective-measures", note: "by hand" };
    expect(isComplete(approval)).toBe(false);
    approval.silences[0]!.note = "asked by telephone";
    expect(isComplete(approval)).toBe(true);
  });
  it("names what it answers, and leaves to the server what the server adds", () => {
    const approval = open();
    approval.common = { remedy: "protective-measures", note: " by hand " };
    approval.silences[0]!.note = "asked";
    approval.extra = "First\n\n Second ";
    expect(conditionsOf(approval)).toEqual([
      { code: "protective-measures", params: { findings: ["gas_lines/G1", "gas_lines/G2"] }, note: "by hand" },
      { code: "accept-silence", params: { agency: "water" }, note: "asked" },
      watch,
      { code: "other", params: {}, note: "First" },
      { code: "other", params: {}, note: "Second" },
    ]);
  });
});

describe("addresses", () => {
  const routes: Route[] = [
    { name: "cases", city: "karhula" }, { name: "case", city: "karhula", id: "01a2", tab: "findings" },
    { name: "case", city: "karhula", id: "01a2", tab: "overview" }, { name: "new", city: "karhula", parcel: "08/5 440" }, { name: "new", city: "karhula", parcel: null },
  ];
  it.each(routes)("come back as they went: %j", (route) => expect(parseRoute(hrefOf(route))).toEqual(route));
  it("know a login token", () => {
    expect(tokenIn("#token=a%2Fb")).toBe("a/b");
    expect(tokenIn("#/karhula/cases")).toBeNull();
  });
});

describe("the request", () => {
  it("says what is missing, field by field", () => {
    expect(Object.keys(problemsOf(blankDraft(["water"]))).sort()).toEqual(["corners", "name", "parcelId"]);
    expect(problemsOf({ ...blankDraft([]), storeys: 2.5, depth_m: 0 })).toMatchObject({ storeys: "ui-problem-storeys", depth_m: "ui-problem-depth" });
  });
  it("states its CRS and leaves out what was left empty", () => {
    const draft = {
      ...blankDraft(["water", "gas"]), parcelId: " p ", name: "n", corners: [[0, 0], [1, 0], [1, 1]] as [number, number][],
      wishes: { water: { wish: "now" as const, capacity: { m3_month: 20, diameter_inch: null } }, gas: { wish: "later" as const, capacity: { m3_hour: 6 } } },
    };
    const body = bodyOf(draft);
    expect(body.excavation.crs).toBe("EPSG:4326");
    expect(body.wishes).toEqual({ water: { wish: "now", capacity: { m3_month: 20 } }, gas: { wish: "later" } });
    expect(body.applicant).toEqual({ name: "n" });
    expect(body.parcel_id).toBe("p");
  });
});

describe("where a line lies", () => {
  it("a line through the dig is told by its length in it, never by the shift that would take it out", () => {
    expect(lyingOf(finding({ separation_h_m: 0.2 }))).toEqual({ how: "apart", metres: 0.2 });
    expect(lyingOf(finding({ separation_h_m: -25.6, relation: "crossing", params: { through: 0.8 } }))).toEqual({ how: "through", metres: 0.8 });
    expect(lyingOf(finding({ separation_h_m: -25.6, relation: "oblique" }))).toEqual({ how: "through", metres: null }); // kept before lengths were
    expect(lyingOf(finding({ separation_h_m: -0.4, relation: null }))).toEqual({ how: "inside", metres: 0.4 }); // a tree, a device
    expect(lyingOf(finding({ separation_h_m: null }))).toBeNull();
  });
  it("two lines at the two sides of a trench are not at one place", () => {
    expect([-0.38, -0.05, 0, 0.004, 0.38].map(sideOf)).toEqual(["left", "left", "middle", "middle", "right"]);
  });
});
