/**
 * One officer's afternoon, in a real browser against the real system:
 *
 *   node e2e/flow.mjs BASE_URL TOKEN LANG PARCEL [PICTURES_DIR]
 *
 * signs in, looks for a parcel, submits a request, waits for the companies, approves, sees the orders confirmed.
 * Prints one JSON object of what was seen; exits with 1 when the page reported an error or a step failed.
 */
import { settled } from "./browser.mjs";
import { LONG, scene, WIDE } from "./scene.mjs";

const [base, token, lang, parcel, pictures] = process.argv.slice(2);
const { seen, window, signIn, shoot, run } = await scene({ base, token, lang, pictures, name: "flow" });
const page = await window();
const { width } = WIDE;

await run(async () => {
  await page.goto(`${base}/?lang=${lang}`);
  await page.waitForSelector("#token");
  await page.fill("#token", "not-a-live-token-at-all");
  await page.click("form .primary");
  await page.waitForSelector('[role="alert"]');
  seen.refusedToken = await page.locator('[role="alert"] .code').innerText();

  await signIn(page);
  seen.addressAfterLogin = page.url();
  seen.htmlLang = await page.evaluate(() => document.documentElement.lang);
  await settled(page);
  const panel = await page.locator("aside.panel").boundingBox();
  seen.panelSide = panel.x + panel.width / 2 < width / 2 ? "left" : "right";
  const zoom = await page.locator(".maplibregl-ctrl-zoom-in").boundingBox();
  seen.controlsSide = zoom.x < width / 2 ? "left" : "right";

  // the request: empty, then filled
  const city = await page.evaluate(async () => (await (await fetch("/v1/cities")).json())[0].id);
  await page.goto(`${base}/?lang=${lang}#/${city}/new`);
  await page.waitForSelector("#parcel");
  await page.click('form button[type="submit"]');
  seen.problemsWhenEmpty = await page.locator("form .problem").count();
  await page.fill("#parcel", parcel);
  await page.press("#parcel", "Enter");
  await page.waitForSelector(".card.stack .code");
  await settled(page);
  seen.corners = Number(await page.locator("[data-corners]").getAttribute("data-corners"));
  // the chosen parcel stands in the free part of the map, not under the panel
  const [x] = (await page.locator(".map").getAttribute("data-framed")).split(",").map(Number);
  seen.parcelSide = x < width / 2 ? "left" : "right";
  await page.fill("#name", lang === "fa" ? "سارا احمدی" : "Sara Ahmadi");
  await page.fill("#depth", lang === "fa" ? "۲٫۴" : "2.4");
  await shoot(page, "flow-1-request");
  await page.click('form button[type="submit"]');
  await page.waitForSelector(".tally", LONG);
  seen.caseNo = await page.locator("aside.panel h1 .code").innerText();
  seen.caseNoDir = await page.locator("aside.panel h1 .code").getAttribute("dir");
  seen.findings = await page.locator(".finding").count();
  await shoot(page, "flow-2-findings");

  // the companies answer; the page hears of it without being touched
  await page.click('nav a[href*="tab=agencies"]');
  await page.waitForFunction(() => location.hash.includes("tab=agencies"));
  const approve = page.locator(".page > footer .primary");
  await approve.waitFor(LONG);
  await page.waitForFunction(() => document.querySelectorAll(".offer").length >= 3, null, LONG);
  seen.offers = await page.locator(".offer").count();
  await shoot(page, "flow-3-answers");

  await approve.click();
  await page.waitForSelector("dialog[open]");
  if (await page.locator("#remedy-all").count()) {
    await page.selectOption("#remedy-all", "protective-measures");
    await page.fill("#note-all", lang === "fa" ? "حفاری دستی با حضور نمایندهٔ شرکت" : "Dug by hand, the company's representative attending");
  }
  await shoot(page, "flow-4-approve");
  await page.click("dialog button[type=submit]");
  await page.waitForSelector("dialog[open]", { state: "detached" });
  await page.waitForFunction(() => document.querySelectorAll(".order .chip.good").length >= 6, null, LONG);
  seen.orders = await page.locator(".order h4").count();
  await page.waitForFunction(() => document.querySelector(".page header .chip")?.classList.contains("good"), null, LONG);
  await page.locator(".order").first().scrollIntoViewIfNeeded();
  await shoot(page, "flow-5-orders");
  await page.click('nav a[href*="tab=history"]');
  await page.waitForSelector("ol li .n");
  seen.history = await page.locator("ol li .n").count();

  // the case stays where it is when the language changes
  await page.click("header button[lang]");
  await page.waitForFunction((before) => document.documentElement.lang !== before, lang);
  seen.switchedDir = await page.evaluate(() => document.documentElement.dir);
  seen.stillThere = (await page.locator("aside.panel h1 .code").innerText()) === seen.caseNo;
});
