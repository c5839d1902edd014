/** What follows from an excavation's data alone: days in two calendars, the life, the pairs, the forms. */
import { describe, expect, it } from "vitest";
import { dayOf, daysBetween, daysIn, partsOf, plusDays, stretchOf, strip, todayIn } from "../src/lib/days";
import {
  actBody, blankDig, buttonsOf, changeOf, DIG_ACTS, draftOf, filingOf, isActReady, problemsOfDig, reportForm, shapeOfDig,
} from "../src/lib/dig_forms";
import { middleOf, pairsIn, phasesOfDig, savedOf, signAt, speaksFor, waitingFor, worksIn, type DigView, type Overlap, type Pair, type Split, type Work } from "../src/lib/digs";
import { barBody, blankBar, isLiftable, problemsOfBar } from "../src/lib/control";
import { digsAt, hrefOf, parseRoute } from "../src/lib/route";
import { isSameSplit, openOf, partiesOf } from "../src/lib/split";
import { drawing } from "../src/map/polygon";
import type { LngLat, Me } from "../src/lib/types";

const NOW = new Date("2026-11-22T10:00:00Z");
const view = (said: Partial<DigView>): DigView => ({
  dig_id: "d1", dig_no: "D2026-000001", city: "c", kind: "development", status: "requested", version: 1, title: "Main", agency: "gas", case_id: null,
  parcel_id: null, applicant: { name: "gas" }, handler: null, works: { pavement: "asphalt", length_m: 10, width_m: 1 }, contractor: null, supervisor: null,
  excavation: null, starts_on: null, ends_on: null, allowed_delay_days: 5, renewals: 0, verdict: null, findings: [], missing_information: [],
  suggested_conditions: [], inquiries: [], moratorium: null, earlier_digs: 0, repeat_coefficient: 1, costs: null, payment: null, permit: null, reason: null,
  started_on: null, restored_on: null, regularise_by: null, valid_until: null, guarantee_until: null, answers_due_at: null,
  submitted_at: "2026-11-20T08:00:00Z", created_at: "2026-11-20T08:00:00Z", records: [], warnings: [], overlaps: [], trench: null, actions: [], blocked: {}, ...said,
});
const inquiry = (agency: string, status: "pending" | "answered" | "silent", due_at: string) => ({
  agency, round: 1, status, asked_at: "2026-11-10T00:00:00Z", due_at, handler: null, answered_at: null, answered_by: null, answer: null, conditions: [],
  note: null, valid_until: null, liable: false,
});

describe("days", () => {
  it("every day of twelve years goes to the Jalali calendar and back", () => {
    for (let day = "2024-01-01"; day < "2036-01-01"; day = plusDays(day, 1)) expect(dayOf(partsOf(day, "fa"), "fa")).toBe(day);
  });
  it("known days", () => {
    expect(partsOf("2026-11-22", "fa")).toEqual({ year: 1405, month: 9, day: 1 });
    expect(partsOf("2026-11-22", "en")).toEqual({ year: 2026, month: 11, day: 22 });
    expect([daysIn(1403, 12, "fa"), daysIn(1404, 12, "fa"), daysIn(1405, 6, "fa"), daysIn(2028, 2, "en")]).toEqual([30, 29, 31, 29]);
  });
  it("months and quarters follow one another without a gap", () => {
    for (const language of ["fa", "en"] as const) for (const span of ["month", "quarter"] as const) {
      const all = strip("2026-11-22", span, 2, 14, language);
      expect(all).toHaveLength(14);
      all.slice(1).forEach((one, i) => expect(plusDays(all[i]?.to ?? "", 1)).toBe(one.from));
      expect(all[2]).toEqual(stretchOf("2026-11-22", span, language));
    }
    expect(stretchOf("2026-11-22", "quarter", "fa")).toEqual({ from: "2026-09-23", to: "2026-12-21" });
    expect(stretchOf("2026-11-22", "quarter", "en")).toEqual({ from: "2026-10-01", to: "2026-12-31" });
  });
  it("it is another day elsewhere", () => {
    const late = new Date("2026-11-22T23:30:00Z");
    expect([todayIn("UTC", late), todayIn("Asia/Tehran", late)]).toEqual(["2026-11-22", "2026-11-23"]);
    expect(daysBetween("2026-11-22", "2026-12-22")).toBe(30);
  });
});

describe("the life of a dig", () => {
  const states = (one: DigView): Record<string, string> => Object.fromEntries(phasesOfDig(one, NOW).map((phase) => [phase.key, phase.state]));
  it("an incident is dug first, and regularised after", () => {
    const line = phasesOfDig(view({ kind: "incident", status: "emergency", regularise_by: "2026-11-21T00:00:00Z" }), NOW);
    const here = line.find((one) => one.state === "current");
    expect(here?.key).toBe("regularise");
    expect(here?.waiting).toEqual([{ who: "gas", since: null, until: "2026-11-21T00:00:00Z", isDay: false, overdue: true, silence: "overdue-incident" }]);
    expect(phasesOfDig(view({}), NOW).some((one) => one.key === "regularise")).toBe(false);
  });
  it("each silent company is named with its own end, answered ones are not", () => {
    const one = view({ status: "inquiring", inquiries: [inquiry("water", "pending", "2026-11-25T00:00:00Z"), inquiry("power", "answered", "2026-11-25T00:00:00Z")] });
    expect(waitingFor(one, NOW).map(({ who, overdue, silence }) => [who, overdue, silence])).toEqual([["water", false, "deemed"]]);
  });
  it("a day is over at its end", () => {
    const permit = { permit_no: "E", issued_at: "", issued_by: "", last_day: "2026-11-22", conditions: [], liable: [] };
    expect(waitingFor(view({ status: "working", permit }), NOW)[0]).toMatchObject({ until: "2026-11-22", isDay: true, overdue: false, silence: "delay-fine" });
    expect(waitingFor(view({ status: "working", permit: { ...permit, last_day: "2026-11-21" } }), NOW)[0]?.overdue).toBe(true);
  });
  it("what was ended stops where it had come", () => {
    expect(states(view({ status: "refused", inquiries: [inquiry("water", "silent", "2026-11-01T00:00:00Z")] }))).toMatchObject({ visit: "done", inquiry: "stopped", costs: "upcoming" });
    expect(states(view({ status: "withdrawn" })).visit).toBe("stopped");
    expect(Object.values(states(view({ status: "closed" }))).every((state) => state === "done")).toBe(true);
  });
});

describe("acts", () => {
  it("the way on comes first and one alone is in full colour; a moratorium is lifted where there is one", () => {
    const buttons = buttonsOf(view({ actions: ["withdraw", "refuse", "override_moratorium", "visit", "change"] }));
    expect(buttons).toEqual([{ name: "visit", style: "primary" }, { name: "change", style: "" }, { name: "refuse", style: "danger" }, { name: "withdraw", style: "" }]);
    const barred = view({ actions: ["override_moratorium"], moratorium: { title: "", paved_on: "", until: "", source: "", lifted_by: null } });
    expect(buttonsOf(barred)).toHaveLength(1);
    const names = (said: Partial<DigView>): string[] => buttonsOf(view({ actions: ["fix_defects", "reinquire"], ...said })).map((one) => one.name);
    const defect = { record_id: "r", kind: "defect", agency: null, at: "", by: "", body: {}, closed_at: null };
    expect([names({}), names({ records: [defect] }), names({ blocked: { calculate: ["consent"] } })]).toEqual([[], ["fix_defects"], ["reinquire"]]);
  });
  it("a form is ready when what is required is there, and sends only what was said", () => {
    const pay = DIG_ACTS["pay"] ?? [];
    expect(isActReady(pay, { receipt_no: "R-1", amount: NaN })).toBe(false);
    expect(isActReady(pay, { receipt_no: " ", amount: 5 })).toBe(false);
    expect(isActReady(pay, { receipt_no: "R-1", amount: 5 })).toBe(true);
    expect(actBody(pay, { receipt_no: " R-1 ", amount: 5, paid_on: null, other: "x" })).toEqual({ receipt_no: "R-1", amount: 5 });
    expect(actBody(DIG_ACTS["record_test"] ?? [], { stage: "2", passed: "no" })).toEqual({ stage: 2, passed: false });
    expect(actBody(DIG_ACTS["report_defects"] ?? [], { defects: "a\n\n b " })).toEqual({ defects: ["a", "b"] });
  });
});

describe("the request", () => {
  const line: LngLat[] = [[7.1, 48.1], [7.2, 48.1]];
  const full = { ...blankDig("development"), title: "Main", agency: "gas", corners: line, startsOn: "2026-12-01", endsOn: "2026-12-10" };
  it("one click is a pit, two are an axis, an area needs three", () => {
    expect([shapeOfDig([], false), shapeOfDig(line.slice(0, 1), false)?.type, shapeOfDig(line, false)?.type, shapeOfDig(line, true)]).toEqual([null, "Point", "LineString", null]);
    expect(drawing([...line, [7.2, 48.2]], false, true).features.map((one) => one.geometry.type)).toEqual(["LineString"]);
    expect(drawing(line.slice(0, 1), false, true).features.map((one) => one.geometry.type)).toEqual(["Point"]);
  });
  it("what is missing is named; an incident needs no dates", () => {
    expect(problemsOfDig(full, false)).toEqual({});
    expect(Object.keys(problemsOfDig({ ...blankDig(), depth_m: NaN }, true)).sort()).toEqual(["agency", "applicant", "corners", "dates", "depth_m", "title"]);
    expect(problemsOfDig({ ...full, kind: "incident", startsOn: null, endsOn: null }, false)).toEqual({});
    expect(problemsOfDig({ ...full, endsOn: "2026-11-30" }, false)).toEqual({ dates: "ui-problem-dates-order" });
    expect(problemsOfDig({ ...full, method: "boring", top_m: 2, depth_m: 1.5 }, false)).toEqual({ top_m: "ui-problem-top" });
  });
  it("is sent in degrees that say so; a bore with its upper side", () => {
    expect(filingOf(full)).toMatchObject({ kind: "development", agency: "gas", excavation: { crs: "EPSG:4326", geometry: { type: "LineString" } }, starts_on: "2026-12-01" });
    expect(changeOf({ ...full, method: "boring", top_m: 0.8 })["excavation"]).toMatchObject({ method: "boring", top_m: 0.8 });
    expect(changeOf(full)["excavation"]).not.toHaveProperty("top_m");
    expect(filingOf(full)).not.toHaveProperty("applicant");
  });
  it("a draft is opened with the trench it has", () => {
    const ring = [[0, 0], [1, 0], [1, 1], [0, 0]];
    const opened = draftOf(view({ excavation: { geometry: { type: "Polygon", coordinates: [ring] }, depth_m: 1.4, area_m2: 3, method: "hand" } }));
    expect(opened).toMatchObject({ isArea: true, depth_m: 1.4, method: "hand", corners: [[0, 0], [1, 0], [1, 1]] });
    expect(draftOf(view({}))).toMatchObject({ isArea: false, corners: [] });
    const contractor = { name: "Sabz", licence_no: "L-7", phone: "5" };
    expect(changeOf({ ...draftOf(view({ contractor })), corners: [[7, 48]], isArea: false })["contractor"], "a change loses nothing that was said").toEqual(contractor);
  });
});

describe("the calendar", () => {
  const work = (ref: string, starts_on: string, ends_on: string, agency = "gas"): Work => ({
    ref, kind: "plan", dig_kind: null, number: "", title: ref, agency, status: "planned", starts_on, ends_on, length_m: null, width_m: null, pavement: null,
    geometry: { type: "Polygon", coordinates: [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]] },
  });
  const [a, b, c] = [work("a", "2026-12-01", "2026-12-31"), work("b", "2027-01-01", "2027-01-05"), work("c", "2026-11-01", "2026-12-01")];
  const pair = (x: string, y: string, said: Partial<Pair>): Pair => ({
    a: x, b: y, a_accepted: false, b_accepted: false, state: "offered", distance_m: 1, gap_days: 0, relation: "along", shared_m: 10, joint_width_m: 1,
    saved_m: 10, saved_m2: 10, shares: {}, ...said,
  });
  it("a work is shown in every time it touches", () => {
    expect(worksIn([a, b, c], { from: "2026-12-01", to: "2026-12-31" }).map((one) => one.ref)).toEqual(["a", "c"]);
  });
  it("pairs: half accepted first, then what saves most; crossings last; the other may lie outside the window", () => {
    const pairs = [pair("a", "b", { saved_m: 5 }), pair("a", "c", { saved_m: 9 }), pair("b", "c", { shared_m: 0, saved_m: 0, relation: "crossing" }), pair("c", "a", { state: "half_accepted", saved_m: 1 }), pair("a", "gone", {})];
    const shown = pairsIn(pairs, [a, b, c], [a]);
    expect(shown.map((one) => one.pair.saved_m)).toEqual([1, 9, 5]);
    expect(savedOf(shown)).toBe(14);
    // three in one street: the third pair adds nothing
    expect(savedOf(pairsIn([pair("a", "b", {}), pair("b", "c", {}), pair("a", "c", {})], [a, b, c], [a]))).toBe(20);
    expect(pairsIn(pairs, [a, b, c], [a, b, c]).at(-1)?.pair.relation).toBe("crossing");
  });
  it("an agency speaks for its own works, the counter for all", () => {
    const me = (role: string, agency: string | null): Me => ({ actor_id: "x", role, name: null, agency, city: null });
    expect([me("agency", "gas"), me("agency", "water"), me("officer", null), me("auditor", null), null].map((one) => speaksFor(one, a))).toEqual([true, false, true, false, false]);
  });
  it("numbers stand at different corners of works that lie on each other", () => {
    expect(new Set([0, 1, 2, 3].map((index) => String(signAt(a.geometry, index)))).size).toBeGreaterThan(1);
    expect(middleOf(a.geometry)).toEqual([0.5, 0.5]);
  });
});

it("a report sends what was tapped and the photo", () => {
  const form = reportForm({ kind: "other_depth", at: [7.123456789, 48], digId: "d", utility: "", depth_m: 1.4, note: " " }, new File(["x"], "a.jpg", { type: "image/jpeg" }));
  expect([...form.keys()].sort()).toEqual(["depth_m", "dig_id", "kind", "lat", "lon", "photo"]);
  expect([form.get("lon"), form.get("depth_m")]).toEqual(["7.1234568", "1.4"]);
});

it("addresses go there and back", () => {
  for (const route of [digsAt("c"), digsAt("c", "list"), digsAt("c", "reports"), digsAt("c", "new"), digsAt("c", "new", "d-1"), digsAt("c", "report", "d-1"), digsAt("c", "plan", "p-1"), digsAt("c", "dig", "d-1", "costs"), digsAt("c", "control"), digsAt("c", "control", "b-1")]) {
    expect(parseRoute(hrefOf(route))).toEqual(route);
  }
});

describe("one trench for many", () => {
  const work = (ref: string, cost_alone: number, cost_shared: number) => ({ ref, title: ref, agency: null, status: "requested", width_m: 1, alone_m: 0, shared_m: 60, cost_alone, cost_shared });
  const split: Split = {
    formula: "joint-trench-2", currency: "EUR", saved_m: 1, saved_m2: 1, total: 0.6, truncated: false, unconfirmed: [], stretches: [],
    works: [work("dig:a", 0, 0.1), work("dig:b", 0.1, 0.2), work("dig:c", 0, 0.1), work("plan:d", 0, 0.1)],
  };
  const met = (with_ref: string, said: Partial<Overlap>): Overlap => ({
    with_ref, with_id: with_ref, with_kind: "dig", title: "", agency: null, status: "", starts_on: "", ends_on: "", mine: null, theirs: null, state: "offered",
    distance_m: 1, gap_days: 1, relation: "along", shared_m: 60, joint_width_m: 1, saved_m: 60, saved_m2: 60, shares: {}, ...said,
  });
  it("the own work comes first, parts sum without a binary remainder, and each says whose word is missing", () => {
    const near = [met("dig:a", { theirs: "gas" }), met("dig:c", { state: "declined" }), met("dig:x", { shared_m: 0 })];
    const parties = partiesOf(split, "dig:b", near, []);
    expect(parties.map((one) => [one.ref, one.no, one.cost, one.word])).toEqual([
      ["dig:b", 1, 0.3, "open"], ["dig:a", 2, 0.1, "said"], ["dig:c", 3, 0.1, "declined"], ["plan:d", 4, 0.1, "far"],
    ]);
    expect(parties[0]?.share).toBeCloseTo(0.5);
    expect(openOf(near)).toEqual(["dig:a"]);
    expect(partiesOf(split, "dig:b", near, ["dig:a", "dig:b"]).map((one) => one.word)).toEqual(["in", "in", "declined", "far"]);
  });
  it("an offer of the same works as the agreed trench is not told twice", () => {
    expect([isSameSplit(split, split), isSameSplit(split, { ...split, works: split.works.slice(1) }), isSameSplit(split, null)]).toEqual([true, false, false]);
  });
});

it("an entry of the control list says what is missing, and sends only what was said", () => {
  const draft = blankBar();
  expect(Object.keys(problemsOfBar(draft, "2026-11-22")).sort()).toEqual(["name", "reason"]);
  const said = { ...draft, name: " Sabz ", reason: "debt", untilOn: "2026-11-22" };
  expect([problemsOfBar(said, "2026-11-22"), problemsOfBar(said, "2026-11-23"), problemsOfBar({ ...said, fromOn: "2026-12-01" }, "2026-11-22")].map((one) => "until" in one)).toEqual([false, true, true]);
  expect(barBody(said)).toEqual({ party: "contractor", name: "Sabz", reason: "debt", until_on: "2026-11-22" });
  expect(barBody({ ...said, party: "agency", agency: "gas" })).toEqual({ party: "agency", agency: "gas", reason: "debt", until_on: "2026-11-22" });
  expect((["active", "ahead", "over", "lifted"] as const).map((state) => isLiftable({ state }))).toEqual([true, true, false, false]);
});
