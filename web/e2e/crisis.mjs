/**
 * Two incidents at the crisis desk, in a real browser: a gas leak in Schutterwald, a burst water main in Karhula.
 *
 *   node e2e/crisis.mjs BASE_URL TOKEN LANG gas|water|both [PICTURES_DIR] [WIDTHxHEIGHT]
 *
 * Clicks the map, reads valves and counts off the page beside what the API answers to the same question, takes a valve for
 * stuck, opens an incident, ticks a valve off, writes, closes; a second window hears of it without being touched.
 * Prints one JSON object of what was seen; exits with 1 when the page reported an error or a step failed.
 */
import { settled } from "./browser.mjs";
import { scene } from "./scene.mjs";

const [base, token, lang, part, pictures, size = "960x640"] = process.argv.slice(2);
const [width = 960, height = 640] = size.split("x").map(Number);
const made = await scene({ base, token, lang, pictures, name: `crisis-${width}`, viewport: { width, height } });
const { seen, window, signIn, run } = made;
const page = await window();
const shoot = (what) => made.shoot(page, what);
const LEAK = [7.8753971, 48.4571901];
const GAS_CITY = "schutterwald";
const WATER_CITY = "karhula";
const BURST = "WM00535";
const SAID = { fa: "لولهٔ گاز هنگام حفاری سوراخ شد", en: "Gas pipe holed by a digger" };
const NOTE = { fa: "آتش‌نشانی خیابان را بست", en: "The fire brigade has closed the street" };

const scrollTo = (selector) => page.locator(selector).first().scrollIntoViewIfNeeded();
/** The API's own answer to a question, asked with the page's session. */
const ask = (path, body) => page.evaluate(async ([at, sent]) => {
  const answer = await fetch(`/v1/cities/${at}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(sent) });
  if (!answer.ok) throw new Error(`${at}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}, [path, body]);
const figures = () => page.locator(".lost").first().locator("[data-figure]").evaluateAll((all) => all.map((one) => Number(one.dataset.figure)));
const valves = () => page.locator("[data-valve]").evaluateAll((all) => all.map((one) => [one.dataset.valve, one.dataset.state]));
const show = (name) => page.click(`[data-part="${name}"]`);
const go = async (hash) => {
  await made.go(page, hash);
  await page.waitForSelector(".crisis h1", { state: "attached" });
};
const lostOf = ({ lost }) => [lost.connections, lost.parcels, lost.units];
const idsOf = (devices) => devices.map((one) => one.feature_id).sort();

async function gasLeak() {
  await go(`${GAS_CITY}/crisis`);
  await shoot("empty");

  // --- a gas leak: what is here
  await go(`${GAS_CITY}/crisis?at=${LEAK.join(",")}`);
  await page.waitForSelector("[data-here]");
  const here = await ask(`${GAS_CITY}/ground/here`, { geometry: { type: "Point", coordinates: LEAK } });
  seen.here = [Number(await page.locator("[data-here]").getAttribute("data-here")), here.features.numberMatched];
  const owners = new Set(here.features.features.filter((one) => one.properties.utility).map((one) => one.properties.owner));
  seen.owners = [await page.locator(".owner").count(), owners.size];
  const phones = new Set(here.contacts.filter((one) => owners.has(one.agency)).map((one) => `tel:${one.phone.replaceAll(/[^\d+]/g, "")}`));
  seen.phones = [await page.locator('.owner a[href^="tel:"]').evaluateAll((all) => all.map((one) => one.getAttribute("href")).sort()), [...phones].sort()];
  await shoot("here");

  // one click on the line itself
  await settled(page);
  const map = await page.locator(".map").boundingBox();
  const [x, y] = (await page.locator(".map").getAttribute("data-framed")).split(",").map(Number);
  await page.mouse.click(map.x + x, map.y + y);
  await page.waitForSelector("[data-took]");
  await page.waitForSelector(".subject h2 .code");
  const gas = await ask(`${GAS_CITY}/networks/gas/isolation`, { at: { lon: LEAK[0], lat: LEAK[1] } });
  seen.clicked = [await page.locator(".subject h2 .code").innerText(), gas.start.feature_id];
  seen.squeezed = [await page.locator("[data-squeeze]").evaluateAll((all) => all.map((one) => one.dataset.squeeze)), gas.squeeze_points.map((one) => one.feature_id)];
  seen.letters = await page.locator(".sign-squeeze").count();
  seen.gasValves = [(await valves()).length, gas.valves.length];
  seen.gasLost = [await page.locator("[data-squeezed-lost]").getAttribute("data-squeezed-lost").then(Number), gas.squeeze.connections_lost];
  seen.confidence = [await page.locator("[data-confidence]").first().getAttribute("data-confidence"), gas.confidence.level];
  await shoot("gas-shut");
  await scrollTo(".trust");
  await shoot("gas-trust");
  await page.click('[data-way="upstream"]');
  await page.waitForFunction(() => document.querySelector('[data-way="upstream"]').getAttribute("aria-pressed") === "true");
  await page.waitForSelector("[data-flow]");
  const up = await ask(`${GAS_CITY}/networks/gas/trace`, { at: { lon: LEAK[0], lat: LEAK[1] }, direction: "upstream" });
  seen.upstream = [Number(await page.locator("[data-flow]").getAttribute("data-flow")), up.numberMatched];
  await scrollTo("[data-flow]");
  await shoot("gas-upstream");

  // --- what else is in danger
  await show("danger");
  await page.waitForSelector("[data-owner]");
  const danger = await ask(`${GAS_CITY}/networks/gas/cascade`, { at: { lon: LEAK[0], lat: LEAK[1] } });
  seen.danger = [await page.locator("[data-owner]").evaluateAll((all) => all.map((one) => one.dataset.owner)), danger.in_danger_by_owner.map((one) => one.owner)];
  await shoot("gas-danger");

  // --- an incident, heard of in another window
  const other = await window({ width: 480, height: 480 }, { hasTiles: false });
  await signIn(other);
  await made.go(other, `${GAS_CITY}/crisis`);
  await other.click('[data-part="incident"]');
  await other.waitForSelector(".live.live", { state: "attached" });
  await show("incident");
  await shoot("incident-none");
  await page.click(".button.danger.primary");
  await page.waitForSelector("dialog[open]");
  seen.kind = await page.locator("#incident-kind").inputValue();
  await page.fill("#incident-title", SAID[lang]);
  await shoot("incident-open");
  await page.click("dialog button[type=submit]");
  await page.waitForSelector("dialog[open]", { state: "detached" });
  await page.waitForSelector('[data-event="opened"]');
  const incidentNo = await page.locator(".body h2 .code").first().innerText();
  seen.incidentNo = incidentNo;
  await other.waitForSelector(`[data-incident="${incidentNo}"]`);
  seen.heardOpening = true;
  await other.click(`[data-incident="${incidentNo}"]`);
  await other.waitForSelector('[data-event="opened"]');
  // it has grown: the area is drawn anew, and everybody sees it in the log
  await page.click("#redraw");
  await settled(page);
  const frame = await page.locator(".map").boundingBox();
  const [mx, my] = (await page.locator(".map").getAttribute("data-framed")).split(",").map(Number);
  for (const [dx, dy] of [[-50, -50], [50, -50], [50, 50]]) await page.mouse.click(frame.x + mx + dx, frame.y + my + dy, { delay: 30 });
  await page.waitForSelector("[data-finish]:not(:disabled)");
  await page.click("[data-finish]");
  await page.waitForSelector('[data-event="area_changed"]');
  await other.waitForSelector('[data-event="area_changed"]');
  seen.redrawn = await page.evaluate(async (no) => {
    const { incidents } = await (await fetch(`/v1/cities/${location.hash.split("/")[1]}/incidents`)).json();
    return incidents.find((one) => one.incident_no === no).geometry.type;
  }, incidentNo);
  await shoot("incident-redrawn");
  await page.fill("#log-text", NOTE[lang]);
  await page.click(".body form.section button[type=submit]");
  await page.waitForSelector('[data-event="note"]');
  await other.waitForSelector('[data-event="note"]');
  seen.heardNote = (await other.locator('[data-event="note"]').innerText()).includes(NOTE[lang]);
  seen.contacts = await page.evaluate(async () => {
    const answer = await fetch(document.querySelector('a[href$="contacts.csv"]').getAttribute("href"));
    return [answer.status, (await answer.text()).includes("agency")];
  });
  await shoot("incident-log");
  if (pictures) {
    const [file] = await Promise.all([page.waitForEvent("download"), page.click("[data-pack]")]);
    seen.pack = file.suggestedFilename();
    await page.waitForSelector('[data-pack="ready"]');
  }
  await page.click(".button.danger:not(.primary)");
  await page.fill("#outcome", NOTE[lang]);
  await page.click("dialog button[type=submit]");
  await page.waitForSelector('[data-event="closed"]');
  await other.waitForSelector('[data-event="closed"]');
  seen.heardClosing = true;
  await other.context().close();
}

async function burstMain() {
  // --- a burst main: valves, one of them stuck, one of them closed
  await go(`${WATER_CITY}/crisis`);
  const main = { feature_id: BURST };
  const water = await ask(`${WATER_CITY}/networks/water/isolation`, { at: main });
  // a valve is found by its number: the map goes there, and it can be shut off from there
  const [wanted] = water.valves;
  await page.fill("#crisis-parcel", wanted.feature_id.toLowerCase());
  await page.click(`[data-found="${wanted.feature_id}"]`);
  await page.click("[data-found-here] .primary");
  await page.waitForSelector("[data-took]");
  seen.looked = [await page.locator(".subject h2 .code").innerText(), wanted.feature_id];
  const [lon, lat] = water.start.point;
  await go(`${WATER_CITY}/crisis?at=${lon.toFixed(6)},${lat.toFixed(6)}&utility=water`);
  await page.waitForFunction((main) => document.querySelector(".subject h2 .code")?.textContent === main, BURST);
  await page.waitForSelector("[data-valve]");
  seen.burst = [await page.locator(".subject h2 .code").innerText(), BURST];
  seen.valves = [(await valves()).map(([id]) => id).sort(), idsOf(water.valves)];
  seen.lost = [await figures(), lostOf(water)];
  seen.signs = await page.locator(".sign-valve").count();
  await settled(page);
  seen.signsInView = await page.locator(".sign-valve").evaluateAll((all, size) => all.filter((one) => {
    const box = one.getBoundingClientRect();
    return box.left >= 0 && box.top >= 0 && box.right <= size[0] && box.bottom <= size[1];
  }).length, [width, height]);
  await shoot("water-shut");
  await scrollTo("[data-valve]");
  await shoot("water-valves");

  const costly = water.valves.reduce((most, one) => ((one.if_stuck?.more_connections ?? 0) > (most.if_stuck?.more_connections ?? 0) ? one : most));
  const numbers = () => page.locator("[data-valve]").evaluateAll((all) => Object.fromEntries(all.map((one) => [one.dataset.valve, one.querySelector(".number").innerText])));
  const before = await numbers();
  await page.click(`[data-stuck="${costly.feature_id}"]`);
  await page.waitForSelector(`[data-valve="${costly.feature_id}"][data-state="stuck"]`);
  const grown = await ask(`${WATER_CITY}/networks/water/isolation`, { at: main, stuck_valves: [costly.feature_id] });
  seen.stuckValves = [(await valves()).filter(([, state]) => state === "todo").map(([id]) => id).sort(), idsOf(grown.valves)];
  seen.stuckLost = [await figures(), lostOf(grown)];
  const after = await numbers();
  seen.numbersStay = Object.keys(before).every((id) => !(id in after) || before[id] === after[id]);
  await shoot("water-stuck");
  await page.click(`[data-stuck="${costly.feature_id}"]`);
  await page.waitForSelector(`[data-valve="${costly.feature_id}"][data-state="todo"]`);

  const [first] = await valves();
  const tick = `[data-valve="${first[0]}"] [role=checkbox]`;
  await page.click(tick);
  await page.waitForSelector("dialog[open]");
  seen.waterKind = await page.locator("#incident-kind").inputValue();
  await page.click("dialog button[type=submit]");
  await page.waitForSelector(`[data-valve="${first[0]}"][data-state="done"]`);
  const closed = await ask(`${WATER_CITY}/networks/water/isolation`, { at: main });
  seen.ticked = [first[0], ...idsOf(closed.already_closed)];
  await scrollTo(`[data-valve="${first[0]}"]`);
  await shoot("water-ticked");
  await show("incident");
  await page.waitForSelector('[data-event="valve_closed"]');
  await shoot("water-log");
  await show("danger");
  await page.waitForSelector(".zone");
  await shoot("water-danger");
  await show("shut");
  // what was closed is opened again: the network stands as it was found
  await page.click(tick);
  await page.waitForSelector(`[data-valve="${first[0]}"][data-state="todo"]`);
  await show("incident");
  await page.waitForSelector('[data-event="valve_opened"]');
  await page.click(".button.danger:not(.primary)");
  await page.fill("#outcome", NOTE[lang]);
  await page.click("dialog button[type=submit]");
  await page.waitForSelector('[data-event="closed"]');

  // the question stays when the language changes
  await show("shut");
  await page.waitForSelector("[data-valve]");
  await page.click("header button[lang]");
  await page.waitForFunction((was) => document.documentElement.lang !== was, lang);
  await page.waitForSelector("[data-valve]");
  seen.switchedDir = await page.evaluate(() => document.documentElement.dir);
  seen.stillThere = (await valves()).map(([id]) => id).sort();
}

await run(async () => {
  await signIn(page);
  seen.inNavigation = await page.locator("nav a.crisis").count();
  if (part !== "water") await gasLeak();
  if (part !== "gas") await burstMain();
});
