/**
 * A clerk's file that nobody has seen before, in a real browser against the real system:
 *
 *   node e2e/sight.mjs BASE_URL TOKEN LANG CITY LAYER FILES [PICTURES_DIR]
 *
 * FILES are the parts of one Shapefile without a .prj, separated by commas, the .shp first. They are chosen one after
 * the other, their mapping is looked at, the reference system is said, a column and a word are mapped, all is accepted.
 * Prints one JSON object of what was seen; exits with 1 when the page reported an error or a step failed.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch, openPage, settled } from "./browser.mjs";

const [base, token, lang, city, layer, list, pictures] = process.argv.slice(2);
const [shp, ...parts] = list.split(",");
const EXPECTED = /401|Unauthorized/; // before signing in, the page asks who is here
const PATIENCE = { timeout: 120_000 };
const complaints = [];
const seen = { lang, layer };

if (pictures) mkdirSync(pictures, { recursive: true });
const browser = await launch();
const page = await openPage(browser, { width: 1440, height: 900 }, (text) => {
  if (!EXPECTED.test(text)) complaints.push(text);
});
const shoot = async (name) => {
  if (!pictures) return;
  await settled(page);
  await page.screenshot({ path: join(pictures, `${name}-${lang}.png`) });
};
/** Waits until the server has said what would become of the file as it is mapped now. */
const looked = () => page.waitForSelector("form#sight[aria-busy=false]", PATIENCE);
const accept = page.locator("footer button[type=submit]");

try {
  await page.goto(`${base}/?lang=${lang}#token=${token}`);
  await page.waitForSelector("aside.panel");
  await page.goto(`${base}/?lang=${lang}#/${city}/layers/${layer}`);
  await page.waitForSelector(".drop");
  // the same files may be dropped: by keyboard the button opens the chooser
  await page.locator(".drop button").first().focus();
  seen.byKeyboard = await page.evaluate(() => document.activeElement?.closest(".drop") !== null);
  await page.setInputFiles("#delivery-file", shp);
  seen.lacking = await page.locator(".problem[role=alert]").count();
  seen.mayNotSend = await page.locator("[data-look]").isDisabled();
  await page.setInputFiles("#delivery-file", parts);
  await page.waitForSelector(".problem[role=alert]", { state: "detached" });
  seen.parts = await page.locator(".parts .there").count();
  await shoot("sight-files");
  await page.click("[data-look]");

  await page.waitForURL(/\/sight\/[0-9a-f]{32}/, PATIENCE);
  await page.waitForSelector("#sight-crs", PATIENCE);
  await looked();
  seen.guessed = await page.locator("#sight-crs").inputValue();
  seen.systems = await page.locator("#sight-crs optgroup").first().locator("option").count();
  seen.mayNotAccept = await accept.isDisabled();
  await shoot("sight-asked");

  await page.selectOption("#sight-crs", { value: await page.locator("#sight-crs optgroup option").first().getAttribute("value") });
  await page.waitForSelector(".counts", PATIENCE);
  await looked();
  // depths that could be centimetres or millimetres: asked as well
  seen.unitsAsked = await page.locator("li.open #column-cover_m").count();
  seen.stillNot = await accept.isDisabled();
  await page.selectOption("#column-cover_m ~ select", "-cm");
  await page.waitForSelector("li.open #column-cover_m", { state: "detached", ...PATIENCE });
  await looked();
  seen.unmapped = await page.locator("#column-role").inputValue();
  // a column that its name does not tell is chosen, and one of its words
  await page.evaluate(() => document.querySelectorAll("#sight details").forEach((one) => { one.open = true; }));
  const role = await page.locator("#column-role option").evaluateAll((options) => options.map((one) => one.value).find((one) => one.startsWith("نوع")));
  await page.selectOption("#column-role", role);
  await page.waitForSelector("#codes-role", PATIENCE);
  await looked();
  seen.words = await page.locator("section[aria-labelledby=codes-role] tbody tr").count();
  await page.locator("section[aria-labelledby=codes-role] tr.open select").first().selectOption("other");
  await page.waitForFunction(() => document.querySelectorAll("section[aria-labelledby=codes-role] tr.open").length === 0, null, PATIENCE);
  await looked();
  seen.counts = (await page.locator(".counts dd").allInnerTexts()).map((one) => one.trim());
  seen.agrees = await page.locator(".verdict.good").count();
  seen.rows = await page.locator(".scroll tbody tr").count();
  seen.zoom = Number(await page.locator(".map").getAttribute("data-zoom"));
  await shoot("sight-mapped");

  await accept.click();
  await page.waitForURL(new RegExp(`/layers/${layer}/\\d+`), PATIENCE);
  await page.waitForSelector("ol li:last-child:not(.upcoming)", PATIENCE);
  seen.end = (await page.locator("ol li:last-child").getAttribute("class")).split(" ").find((one) => !one.startsWith("svelte"));
  seen.shown = await page.locator(".now").count();
  await shoot("sight-published");
} catch (error) {
  complaints.push(String(error));
  if (pictures) await page.screenshot({ path: join(pictures, `sight-failed-${lang}.png`) });
} finally {
  await browser.close();
}
console.log(JSON.stringify({ ...seen, complaints }));
process.exit(complaints.length ? 1 : 0);
