/**
 * Coordinated digs in a real browser against the real system:
 *
 *   node e2e/digs.mjs BASE_URL TOKEN LANG CITY LON LAT PHOTO SECOND_TOKEN [PICTURES_DIR]
 *
 * An agency's plan is put on the calendar by the API; on the page a trench is drawn beside it, filed, the pair is seen and
 * both sides join, a third work meets them, and the whole is split; its contractor is put on the control list and taken off;
 * the street is repaved, by mistake. Then something unknown is reported from the trench on a phone, in three taps with a photo, and answered.
 * Prints one JSON object of what was seen; exits with 1 when the page reported an error or a step failed.
 */
import { settled } from "./browser.mjs";
import { LONG, PHONE, scene } from "./scene.mjs";

const [base, token, lang, city, lon, lat, photo, second, pictures] = process.argv.slice(2);
const { seen, window, signIn, go, shoot, call, run } = await scene({ base, token, lang, pictures, name: "digs" });
const middle = [Number(lon), Number(lat)];
/** A line to the east, 60 m long, around the place. */
const half = 30 / (111_195 * Math.cos((middle[1] * Math.PI) / 180));

const inDays = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

let page = await window();
/** Another person sits down at the same page. */
const becomes = (who) => page.evaluate((said) => fetch("/v1/session", { method: "POST", headers: { "Content-Type": "application/json" }, body: said }).then((answer) => answer.ok), JSON.stringify({ token: who }));

await run(async () => {
  const along = (north) => ({ type: "LineString", coordinates: [[middle[0] - half, middle[1] + north], [middle[0] + half, middle[1] + north]] });
  const planned = (agency, title, north) => call("POST", `${city}/planned-works`, {
    agency, agency_ref: `E2E-${lang}-${crypto.randomUUID()}`, title, width_m: 0.8, pavement: "asphalt", geometry: along(north), crs: "EPSG:4326",
    starts_on: inDays(32), ends_on: inDays(45),
  });
  const plan = await planned("power", "Cable of the plan", 0);
  await signIn(page);

  // the plan is in the calendar of its time, and on the map under the same number
  await go(page, `${city}/digs`);
  await page.waitForSelector(".strip [aria-pressed=true]", LONG);
  const works = page.locator(`[data-work="plan:${plan.plan_id}"]`);
  for (let i = 0; i < 3 && !(await works.count()); i += 1) {
    const before = await page.getAttribute("[data-window]", "data-window");
    await page.click(".strip .head .icon >> nth=1");
    await page.waitForFunction((was) => document.querySelector("[data-window]")?.dataset.window !== was, before);
  }
  await works.waitFor(LONG);
  seen.number = (await works.locator(".no").innerText()).trim();
  seen.signs = (await page.locator(".sign.dig-sign").allInnerTexts()).map((text) => text.trim()).includes(seen.number);
  seen.months = await page.locator(".months button").count();
  await shoot(page, "digs-1-calendar");

  // its own page frames it: there the trench is drawn along it
  await works.locator("a").first().click();
  await page.waitForSelector("aside .facts");
  await settled(page);
  const [x, y] = (await page.getAttribute(".map", "data-framed")).split(",").map(Number);
  const box = await page.locator(".map").boundingBox();
  await go(page, `${city}/digs/new`);
  await page.waitForSelector("#title");
  await page.click("aside footer .primary");
  await page.waitForSelector("form .problem");
  seen.problems = await page.locator("form .problem").count();
  await page.check('input[name="kind"][value="development"]', { force: true });
  await page.fill("#title", lang === "fa" ? "نوسازی شبکهٔ گاز" : "Renewal of the gas main");
  await page.selectOption("#agency", "gas");
  await page.click("#draw");
  await settled(page);
  for (const shift of [-90, 90]) {
    const corners = Number(await page.getAttribute("[data-corners]", "data-corners"));
    await page.mouse.click(box.x + x + shift, box.y + y + 5);
    await page.waitForFunction((was) => Number(document.querySelector("[data-corners]").dataset.corners) > was, corners);
  }
  await page.click("form .row .primary");
  seen.trench = await page.locator("[data-corners]").innerText();
  await shoot(page, "digs-2-new");
  await page.click("aside footer .primary");
  await page.waitForSelector(".pair", { state: "attached", ...LONG });
  seen.digNo = await page.locator("aside header p .code").first().innerText();
  const id = await page.evaluate(() => location.hash.split("/").at(-1).split("?")[0]);

  // the two could share one trench: the counter writes down what both sides said
  const pair = page.locator(`[data-pair="dig:${id}+plan:${plan.plan_id}"]`);
  await pair.waitFor({ state: "attached", ...LONG });
  // two by two they are folded where more than two works meet
  await page.evaluate(() => document.querySelectorAll("details.pairs").forEach((one) => { one.open = true; }));
  await pair.waitFor(LONG);
  seen.offered = await pair.getAttribute("data-state");
  await shoot(page, "digs-3-pair");
  await pair.locator(`[data-join="dig:${id}"]`).click();
  await page.waitForSelector(`[data-pair="dig:${id}+plan:${plan.plan_id}"][data-state="half_accepted"]`, LONG);
  await pair.locator(`[data-join="plan:${plan.plan_id}"]`).click();
  await page.waitForSelector(`[data-pair="dig:${id}+plan:${plan.plan_id}"][data-state="agreed"]`, LONG);
  seen.agreed = await pair.locator(".ok").count();
  await shoot(page, "digs-4-agreed");

  // a third work meets them: one trench for all, whose parts sum to the whole, and each side's word
  const third = await planned("water", "Main of the plan", 0.00003);
  const whole = page.locator('[data-split][data-agreed="false"]');
  await whole.locator(`[data-party="plan:${third.plan_id}"]`).waitFor(LONG);
  seen.split = await whole.evaluate((card) => ({
    total: Number(card.dataset.total), parts: [...card.querySelectorAll("[data-cost]")].map((one) => Number(one.dataset.cost)), sum: card.querySelector("[data-sum]").textContent,
  }));
  await shoot(page, "digs-split");
  await whole.locator(`[data-accept="dig:${id}"]`).click();
  await whole.locator(`[data-accept="dig:${id}"]`).waitFor({ state: "detached", ...LONG });
  await whole.locator(`[data-accept="plan:${third.plan_id}"]`).click();
  await page.waitForSelector('[data-split="3"][data-agreed="true"]', LONG);
  await shoot(page, "digs-split-agreed");

  // its contractor is put on the control list: the dig says so, leads to the entry, and there it is lifted; played in one of the languages
  if (lang === "fa") {
    const name = `Sabz ${crypto.randomUUID().slice(0, 8)}`;
    await call("POST", `${city}/digs/${id}/change`, { contractor: { name } });
    await go(page, `${city}/digs/control`);
    await page.click("#bar-new");
    await page.fill("#bar-name", name);
    await page.fill("#bar-reason", "ترانشهٔ باز");
    await page.click("dialog[open] button[type=submit]");
    await page.waitForSelector(`[data-bar][data-state="active"]:has-text("${name}")`, LONG);
    await shoot(page, "digs-control");
    await go(page, `${city}/digs/${id}`);
    await page.click("[data-listed] a");
    await page.waitForSelector("[data-bar].asked");
    await page.click("[data-bar].asked [data-lift]");
    await page.fill("#bar-why", "E2E");
    await page.click("dialog[open] button[type=submit]");
    await page.waitForSelector('[data-bar].asked[data-state="lifted"]', LONG);
    await page.click("[data-bar].asked .history summary");
    await page.waitForSelector("[data-bar].asked .history li >> nth=1", LONG);
    seen.listed = await page.locator("[data-bar].asked .history li").count();
  }

  // the street was paved anew meanwhile: both works are named at once, and the request is barred
  await go(page, `${city}/digs/plan/${plan.plan_id}`);
  await page.waitForSelector("aside .facts");
  await settled(page);
  const [px, py] = (await page.getAttribute(".map", "data-framed")).split(",").map(Number);
  await go(page, `${city}/digs/paving-new`);
  await page.fill("#title", lang === "fa" ? "خیابان گلستان" : "Garden street");
  await page.fill("#source", "1405/32");
  await page.click("#draw");
  await settled(page);
  for (const shift of [-60, 60]) {
    const corners = Number(await page.getAttribute("[data-corners]", "data-corners"));
    await page.mouse.click(box.x + px + shift, box.y + py);
    await page.waitForFunction((was) => Number(document.querySelector("[data-corners]").dataset.corners) > was, corners);
  }
  await page.click("#draw-done");
  await page.click("aside footer .primary");
  await page.waitForSelector("[data-until]");
  seen.barred = await page.locator("[data-barred]").evaluateAll((all) => all.map((one) => one.dataset.barred.split(":")[0]).sort());
  await shoot(page, "digs-paved");
  // it was another street: not for who filed the request to say, but for a second officer; this in the other language
  if (lang === "en") {
    await becomes(second);
    await page.click("#take-back");
    await page.fill("#take-back-why", "It was another street");
    await page.click("dialog[open] button[type=submit]");
    await page.waitForSelector("[data-taken-back]", LONG);
    seen.freed = await page.locator("[data-barred]").count();
    await shoot(page, "digs-taken-back");
    await becomes(token);
  }
  await go(page, `${city}/digs/${id}`);

  // the life, and one step of it
  await page.click('a[data-tab="overview"]');
  await page.waitForSelector('.life [aria-current="step"]');
  seen.waits = await page.locator('.life [aria-current="step"]').getAttribute("data-phase");
  await page.click('[data-act="visit"]');
  await page.waitForSelector("dialog[open]");
  await shoot(page, "digs-5-visit");
  await page.click("dialog button[type=submit]");
  await page.waitForSelector('[data-act="inquire"]', LONG);
  await page.click('[data-act="inquire"]');
  await page.click("dialog[open] button[type=submit]");
  await page.waitForSelector('.life [data-phase="inquiry"] .waiting .silence, .life [data-phase="costs"][aria-current]', LONG);
  seen.silence = await page.locator(".life .silence").count();
  await shoot(page, "digs-6-inquiring");
  await page.context().close();

  // from the trench, on a phone: three taps
  page = await window(PHONE);
  await signIn(page);
  await go(page, `${city}/digs/report?dig=${id}`);
  await page.waitForSelector("[data-fault]");
  seen.headerFits = await page.evaluate(() => [...document.querySelectorAll("body > * header > *, header nav a")].every((one) => {
    const box = one.getBoundingClientRect();
    return box.width === 0 || (box.left >= 0 && box.right <= innerWidth);
  }));
  await shoot(page, "digs-7-what");
  await page.click('[data-fault="not_shown"]');
  await page.waitForSelector('[data-place="dig"]');
  await shoot(page, "digs-8-where");
  await page.click('[data-place="dig"]');
  await page.waitForSelector(".camera input");
  await shoot(page, "digs-9-photo");
  await page.setInputFiles(".camera input", photo);
  await page.waitForSelector(".sent .code", LONG);
  seen.report = await page.locator(".sent .code").innerText();
  await shoot(page, "digs-10-sent");
  await page.click(".sent .primary");
  const line = page.locator(`[data-report="${seen.report}"]`);
  await line.locator("img").scrollIntoViewIfNeeded();
  await page.waitForFunction((no) => (document.querySelector(`[data-report="${no}"] img`)?.naturalWidth ?? 0) > 0, seen.report);
  await shoot(page, "digs-11-reports");
  await line.locator('[data-answer="accept"]').click();
  await page.click("dialog[open] button[type=submit]");
  await page.waitForSelector(`[data-report="${seen.report}"][data-status="accepted"]`, LONG);
  seen.answered = true;
});
