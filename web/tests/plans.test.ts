import { describe, expect, it } from "vitest";
import type { PavingView, PlanView } from "../src/lib/digs";
import { blankWork, closedIn, draftOfPlan, pavingBody, planBody, problemsOfWork, takenBackIn, type WorkDraft } from "../src/lib/plans";
import { isOf, pairsOf, surveyShapes, utilitiesOf, type SurveyList } from "../src/lib/survey";

const line: WorkDraft["corners"] = [[7.87, 48.45], [7.871, 48.45]];
const plan = (changes: Partial<WorkDraft> = {}): WorkDraft =>
  ({ ...blankWork("plan"), title: "Cable", agency: "power", corners: line, startsOn: "2027-01-01", endsOn: "2027-01-20", ...changes });

describe("what is entered into the calendar", () => {
  it("says what is missing, of a plan and of a repaved street", () => {
    expect(Object.keys(problemsOfWork(blankWork("plan"))).sort()).toEqual(["agency", "corners", "dates", "title"]);
    expect(Object.keys(problemsOfWork(blankWork("paving"))).sort()).toEqual(["corners", "pavedOn", "source", "title"]);
    expect(problemsOfWork(plan())).toEqual({});
    expect(problemsOfWork(plan({ endsOn: "2026-12-31" }))).toEqual({ dates: "ui-problem-dates-order" });
    expect(problemsOfWork(plan({ corners: line.slice(0, 1) }))).toEqual({ corners: "ui-problem-line" });
    expect(problemsOfWork({ ...blankWork("paving"), title: "Street", corners: line, pavedOn: "2026-05-01", source: "12", years: 2.5 })).toEqual({ years: "ui-problem-years" });
  });

  it("names the plan by the agency's number, else by one of its own; only a line has a width", () => {
    expect(planBody(plan({ ref: " K-7 " }), "P-1")).toMatchObject({ agency_ref: "K-7", width_m: 0.8, geometry: { type: "LineString" } });
    const area = planBody(plan({ isArea: true, corners: [...line, [7.871, 48.451]] }), "P-1");
    expect(area).toMatchObject({ agency_ref: "P-1", geometry: { type: "Polygon" } });
    expect(area).not.toHaveProperty("width_m");
    expect(pavingBody({ ...blankWork("paving"), title: "Street", corners: line, pavedOn: "2026-05-01", source: "12" })).toEqual({
      title: "Street", pavement: "asphalt", paved_on: "2026-05-01", source: "12", geometry: { type: "LineString", coordinates: line }, crs: "EPSG:4326", width_m: 6,
    });
  });

  it("opens a plan that is changed with its outline and its number", () => {
    const ring = [...line, [7.871, 48.451], [7.87, 48.45]];
    const view = { title: "Cable", agency: "power", agency_ref: "K-7", works: { width_m: 1, depth_m: null, pavement: null }, geometry: { type: "Polygon", coordinates: [ring] } };
    const draft = draftOfPlan({ ...view, starts_on: "2027-01-01", ends_on: "2027-01-20" } as unknown as PlanView);
    expect(draft).toMatchObject({ ref: "K-7", isArea: true, pavement: "asphalt" });
    expect(draft.corners).toHaveLength(3);
  });

  it("a street is closed in every part of its term", () => {
    const street = { paved_on: "2026-05-01", until: "2031-05-01" } as PavingView;
    const isClosed = (from: string, to: string): boolean => closedIn([street], from, to).length === 1;
    expect([isClosed("2026-04-01", "2026-04-30"), isClosed("2026-04-01", "2026-05-01"), isClosed("2031-04-30", "2031-06-30"), isClosed("2031-05-01", "2031-06-30")]).toEqual([false, true, true, false]);
    const wrong = { ...street, taken_back: { by: "x", at: "", reason: "" } };
    expect([closedIn([street, wrong], "2027-01-01", "2027-02-01"), takenBackIn([street, wrong], "2027-01-01", "2027-02-01")]).toEqual([[street], [wrong]]);
  });
});

describe("where to survey first", () => {
  const pair = (rank: number, a: string, b: string): unknown => ({
    type: "Feature", id: rank, geometry: { type: "LineString", coordinates: [[7.87, 48.45], [7.8702, 48.45]] },
    properties: { rank, a_utility: a, b_utility: b, verdict: "violates", severity: 0.9 },
  });
  const list = { features: [pair(1, "gas", "electricity"), pair(2, "gas", "water")] } as unknown as SurveyList;

  it("lists pairs with the place between the two lines", () => {
    const pairs = pairsOf(list);
    expect(pairs.map((one) => [one.rank, one.at.map((value) => value.toFixed(4))])).toEqual([[1, ["7.8701", "48.4500"]], [2, ["7.8701", "48.4500"]]]);
    expect(utilitiesOf(pairs)).toEqual(["gas", "electricity", "water"]);
    expect(pairs.filter((one) => isOf(one, "water")).map((one) => one.rank)).toEqual([2]);
    expect(pairs.filter((one) => isOf(one, ""))).toHaveLength(2);
  });

  it("draws what is shown, the chosen one marked", () => {
    const shapes = surveyShapes(list, new Set([2]), 2);
    expect(shapes.features.map((one) => [one.geometry.type, one.properties?.["id"], one.properties?.["chosen"]])).toEqual([["LineString", "survey:2", true], ["Point", "survey:2", true]]);
  });
});
