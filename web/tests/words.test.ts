/** The circle of words: what the page says exists in both languages, with the same variables, and nothing of the page's own is unused. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeCatalogue } from "../src/i18n/catalogue";
import { BAR_PARTIES, BAR_STATES } from "../src/lib/control";
import { DESK_REASONS } from "../src/lib/desk";
import { DIG_ACTS } from "../src/lib/dig_forms";
import { DIG_PHASES, DIG_STATUSES, FAULTS, PAVEMENTS } from "../src/lib/digs";

const SOURCE = join(__dirname, "../src");
const files = (readdirSync(SOURCE, { recursive: true }) as string[]).filter((name) => /\.(ts|svelte)$/.test(name));
const source = files.map((name) => readFileSync(join(SOURCE, name), "utf8").replace(/^ *(\/\/|\/?\*).*$/gm, "")).join("\n");
const ftl = { en: read("en"), fa: read("fa") };

function read(language: string): string {
  return readFileSync(join(__dirname, `../../locales/${language}.ftl`), "utf8");
}
const idsOf = (text: string): string[] => [...text.matchAll(/^([A-Za-z][\w-]*) *=/gm)].map((match) => match[1] ?? "");

/** Ids written as literals: t("ui-…"), and those the form's checks return. */
const literal = new Set([...source.matchAll(/\bt\(\s*"([\w-]+)"/g), ...source.matchAll(/"(ui-[\w-]+)"/g)].map((match) => match[1] ?? ""));
/** Groups of words looked up by an enum's value: word("status", …). */
const groups = new Set([...source.matchAll(/\bword(?:Of)?\(\s*"([\w-]+)"/g)].map((match) => match[1] ?? ""));

/** The values that the server sends, by group, as the page must be able to say them. */
const DESK_ORDERS = ["try", "confirm", "cancel"];
const DESK_OPS = ["inquire", ...DESK_ORDERS];
const VALUES: Record<string, readonly string[]> = {
  status: ["consulting", "awaiting_decision", "refused", "exchanging", "active", "needs_decision", "completing", "completed", "withdrawn", "revoked"],
  works: ["new_building", "extension", "demolish_rebuild", "repair", "excavation_only"],
  wish: ["now", "later", "not_needed"],
  verdict: ["violates", "undecidable", "no_information", "clear"],
  utility: ["water", "sewer", "stormwater", "electricity", "gas", "telecom", "heating"],
  step: ["pending", "sending", "done", "refused", "unknown", "parked", "superseded"],
  op: ["inquire", "query", "try", "confirm", "cancel"],
  exchange: ["trying", "confirming", "cancelling", "confirmed", "cancelled"],
  purpose: ["construction", "permanent"],
  consultation: ["pending", "lapsed"],
  decision: ["approved", "refused", "revoked"],
  tariff: ["residential", "commercial", "industrial", "public", "construction", "none"],
  "freshness-short": ["fresh", "stale", "missing"],
  sensitivity: ["public", "shared", "sensitive"],
  delivery: ["received", "reading", "checking", "staged", "published", "unchanged", "held", "refused", "previewed", "rolled_back", "corrected", "interrupted", "failed"],
  decide: ["accept", "correct", "refuse"],
  severity: ["error", "warning", "notice", "fact"],
  measure: ["depth", "accuracy", "dates", "valid-geometry", "conformance"],
  "agreement-how": ["previous", "contained", "doors"],
  issue: ["missing-geometry", "out-of-range", "outside-city", "repaired-polygon"],
  "agreement-reason": ["too-few-anchors", "elsewhere", "nothing-in-common", "ambiguous", "too-uncertain"],
  misreading: ["geographic", "projected", "ground-distances"],
  reading: ["as-delivered", "axes-swapped", "other-zone"],
  property: ["cover_m", "diameter_mm", "role", "material"],
  freshness: ["fresh", "stale", "missing", "absent"],
  role: ["main", "service", "feeder", "transmission", "other", "officer", "front_office", "applicant", "agency", "crisis", "system", "auditor"],
  method: ["machine", "hand", "vacuum", "boring", "hand_boring"],
  unit: ["residential", "commercial", "other"],
  weekday: ["1", "2", "3", "4", "5", "6", "7"],
  condition: ["protective-measures", "relocate-first", "override-violation", "accept-silence", "trial-pit", "ask-owner", "hand-dig", "owner-watch", "move-or-protect", "locate-first"],
  "rule-status": ["confirmed", "unconfirmed"],
  capacity: ["m3_month", "diameter_inch", "ampere", "phases", "m3_hour"],
  "capacity-field": ["m3_month", "diameter_inch", "ampere", "phases", "m3_hour"],
  task: ["consultation_half_time", "consultation_nearly_due", "consultation_overdue", "inquiry_failed", "needs_decision", "confirm_refused", "confirm_overdue", "cancel_refused", "cancel_overdue", "outcome_unknown", "late_accept", "books_differ", "unexplained_order"],
  unexplained: ["unknown-case", "unknown-order", "other-company", "other-case", "other-number", "refused"],
  order: ["held", "confirmed", "cancelled", "expired", "tombstoned", "absent"],
  confidence: ["sure", "likely", "asked", "said", "low", "medium", "high"],
  why: ["name", "name-unique", "unit-in-name", "unit-and-sign", "inch-marks", "usual-values", "as-named", "jalali-days", "gregorian-days", "unique-values", "guess", "said"],
  question: ["crs-unstated", "heights-or-depths", "id-unclear", "no-code-list", "unit-unclear", "utility-unclear", "values-unreadable", "words-unknown"],
  target: ["parcel", "building", "street", "landuse", "address", "tree", "network_line", "network_node", "network_device"],
  "unit-name": ["m", "dm", "cm", "mm", "km", "ft", "in", "-m", "-dm", "-cm", "-mm", "-ft", "-in", "bar", "mbar", "kPa", "MPa", "psi", "kV", "V", "kVA", "MVA", "m2", "ha", "jalali", "gregorian", "girth-m", "girth-cm", "girth-mm", "radius-m", "radius-cm", "radius-mm"],
  "network-state": ["open", "closed", "unknown"],
  fault: ["self-intersection", "ring-self-intersection", "hole-lies-outside-shell", "nested-holes", "nested-shells", "duplicate-rings", "interior-is-disconnected", "too-few-points-in-geometry-component", "invalid-coordinate"],
  "dig-kind": ["connection", "development", "incident", "plan"],
  "dig-kind-how": ["connection", "development", "incident"],
  "dig-status": [...DIG_STATUSES],
  "dig-action": [...Object.keys(DIG_ACTS), "done", "cancelled"],
  "dig-ask": Object.entries(DIG_ACTS).filter(([name]) => name !== "change" && name !== "regularise").map(([name]) => name),
  "dig-field": Object.values(DIG_ACTS).flatMap((fields) => fields.map((field) => field.name)),
  "dig-phase": [...DIG_PHASES],
  "dig-silence": ["deemed", "overdue-incident", "answers-run-out", "permit-expires", "permit-over", "delay-fine", "guarantee-ends"],
  "dig-answer": ["no_objection", "conflict", "re_examine"],
  "dig-inquiry": ["pending", "answered", "silent", "revoked"],
  "dig-need": ["complete", "consent", "inquiries_valid", "not_barred", "settled", "renewals_left", "works_begun", "tests_passed", "no_open_defects", "guarantee_over"],
  "dig-record": ["visit", "supervision", "renewal", "defect", "test", "override", "late_answer"],
  "dig-warning": ["half_time", "nearly_due", "silent", "overrun", "late_answer"],
  cost: ["damage", "supervision", "fine"],
  "cost-input": ["area_m2", "pavement", "rate", "method_factor", "age_factor", "quality_coefficient", "repeat_coefficient", "earlier_digs", "damage", "share", "shared_length_m", "joint_width_m"],
  pavement: [...PAVEMENTS],
  plan: ["planned", "done", "cancelled"],
  join: ["offered", "half_accepted", "agreed", "declined"],
  "trench-fault": [...FAULTS],
  "trench-status": ["open", "accepted", "rejected"],
  refusal: ["no-capacity", "tariff-change-refused", "debt", "unknown-parcel", "tombstoned", "already-confirmed", "other"],
  "network-kind": ["valve", "hydrant", "manhole", "transformer"],
  "network-status": ["in_service", "out_of_service", "planned", "abandoned", "unknown"],
  quality: ["A", "B", "C", "D"],
  assumption: ["cover-unknown", "rule-unconfirmed"],
  event: ["case.submitted", "case.approved", "permit.issued", "exchange.opened", "response.received"],
  offer: ["installation", "meter", "trench"],
  "pit-why": ["depth", "depth-unknown", "position", "position-and-depth"],
  zone: ["machine_ok", "hand_only", "no_dig"],
  relation: ["parallel", "crossing", "oblique"],
  obstacle: ["building_foundation", "plot_line", "tree"],
  "service-line": ["proposed", "unserved", "built", "recorded", "unrecorded"],
  unserved: ["no-main", "no-capacity", "no-way", "too-far", "beyond-a-service"],
  demand: ["m3_month", "ampere_phases", "m3_hour"],
  "price-status": ["illustrative"],
  "left-out": ["sensitive-area-too-large", "never-delivered"],
  error: ["as-built-unusable"],
  doubt: ["no-source", "no-valves", "snapped-joins", "snaps-in-section", "parts-without-source", "unplaced-devices", "never-surveyed", "records-only", "layers-missing", "layers-stale"],
  priority: ["hospital", "emergency_services", "school", "shelter"],
  "incident-kind": ["gas_leak", "water_burst", "power_outage", "sewer_collapse", "cable_cut", "excavation_damage", "fire", "flood", "earthquake", "other"],
  "incident-event": ["opened", "note", "called", "arrived", "valve_closed", "valve_opened", "valve_stuck", "valve_freed", "squeezed", "evacuated", "supply_cut", "supply_restored", "area_changed", "closed"],
  "incident-status": ["open", "closed"],
  "line-class": ["gravity", "pressure"],
  "dig-status": ["emergency", "working", "defects", "handover_requested", "expired", "revoked"],
  "building-use": ["hospital", "fire_station", "school", "mosque", "community_centre"],
  start: ["line", "device", "source", "node"],
  reason: DESK_REASONS,
  "tariff-basis": ["assumed", "confirmed", "recorded"],
  "desk-op": DESK_OPS,
  "desk-ask": DESK_OPS,
  "desk-lapse": [...DESK_OPS, "late"],
  "desk-done": DESK_ORDERS,
  "desk-refuse": DESK_ORDERS,
  "desk-refused-then": DESK_ORDERS,
  "desk-number": ["try", "confirm"],
  "bar-party": BAR_PARTIES, "bar-state": BAR_STATES,
};
/** Groups whose values are open: the page shows the value itself when it has no words. */
const OPEN = new Set(["agency", "landuse", "issue-param"]);

describe.each(["en", "fa"] as const)("in %s", (language) => {
  const catalogue = makeCatalogue(language, ftl[language]);

  it("every literal id has words", () => {
    expect([...literal].filter((id) => !catalogue.has(id))).toEqual([]);
  });
  it("every value of every group has words", () => {
    const missing = Object.entries(VALUES).flatMap(([group, values]) =>
      values.filter((value) => !catalogue.has(`${group}-${value}`) && !catalogue.has(`${group}-${value.replace(/[_.]/g, "-")}`)).map((value) => `${group}-${value}`));
    expect(missing).toEqual([]);
  });
  it("no id of the page is unused", () => {
    expect(idsOf(ftl[language]).filter((id) => id.startsWith("ui-") && !literal.has(id))).toEqual([]);
  });
  it("no id stands twice", () => {
    const ids = idsOf(ftl[language]);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });
});

it("both languages name the same variables", () => {
  const variables = (text: string): Map<string, string> =>
    new Map(text.split(/\n(?=[A-Za-z])/).map((entry) => [
      entry.split(" ", 1)[0] ?? "", [...new Set([...entry.matchAll(/\$([\w-]+)/g)].map((match) => match[1]))].sort().join(" "),
    ]));
  const [en, fa] = [variables(ftl.en), variables(ftl.fa)];
  expect([...en].filter(([id, names]) => id.startsWith("ui-") && fa.get(id) !== names)).toEqual([]);
});

it("every group that is looked up is known here or open", () => {
  expect([...groups].filter((group) => !(group in VALUES) && !OPEN.has(group))).toEqual([]);
});

it("Persian plurals say 0 and 1 with their number (CLDR calls both `one`)", () => {
  const catalogue = makeCatalogue("fa", ftl.fa);
  expect(catalogue.text("ui-count-cases", { count: 0 })).toContain("۰");
  expect(catalogue.text("ui-count-cases", { count: 1 })).toContain("۱");
});

it("values are isolated from the sentence's direction", () => {
  expect(makeCatalogue("fa", ftl.fa).text("ui-count-cases", { count: 3 })).toMatch(/^\u2068/);
});

it("styles are logical: nothing knows left from right", () => {
  const css = files.map((name) => readFileSync(join(SOURCE, name), "utf8").match(/<style>[\s\S]*<\/style>/)?.[0] ?? "").join("\n") + readFileSync(join(SOURCE, "app.css"), "utf8");
  expect(css.match(/(margin|padding|border|inset)-(left|right)|text-align: (left|right)|[{;\s](left|right|float):/g) ?? []).toEqual([]);
});
