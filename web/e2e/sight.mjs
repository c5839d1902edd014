/**
 * A clerk's file that nobody has seen before, in a real browser against the real system:
 *
 *   node e2e/sight.mjs BASE_URL TOKEN LANG CITY LAYER FILES accept|forget [PICTURES_DIR]
 *
 * FILES are the parts of one Shapefile without a .prj, separated by commas, the .shp first. They are chosen one after
 * the other, their mapping is looked at, the reference system is said, a column and a word are mapped, all is accepted.
 * Prints one JSON object of what was seen; exits with 1 when the page reported an error or a step failed.
 */
import { LONG, scene } from "./scene.mjs";

const [base, token, lang, city, layer, list, end, pictures] = process.argv.slice(2);
const [shp, ...parts] = list.split(",");
const made = await scene({ base, token, lang, pictures, name: "sight" });
const { seen, window, signIn, go, run } = made;
const page = await window();
const shoot = (what) => made.shoot(page, what);
/** Waits until the server has said what would become of the file as it is mapped now. */
const looked = () => page.waitForSelector("form#sight[aria-busy=false]", LONG);
const accept = page.locator("footer button[type=submit]");

await run(async () => {
  await signIn(page);
  await go(page, `${city}/layers/${layer}`);
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

  await page.waitForURL(/\/sight\/[0-9a-f]{32}/, LONG);
  await page.waitForSelector("#sight-crs", LONG);
  await looked();
  seen.guessed = await page.locator("#sight-crs").inputValue();
  seen.systems = await page.locator("#sight-crs optgroup").first().locator("option").count();
  seen.mayNotAccept = await accept.isDisabled();
  await shoot("sight-asked");

  await page.selectOption("#sight-crs", { value: await page.locator("#sight-crs optgroup option").first().getAttribute("value") });
  await page.waitForSelector(".counts", LONG);
  await looked();
  // depths that could be centimetres or millimetres: asked as well
  seen.unitsAsked = await page.locator("li.open #column-cover_m").count();
  seen.stillNot = await accept.isDisabled();
  await page.selectOption("#column-cover_m ~ select", "-cm");
  await page.waitForSelector("li.open #column-cover_m", { state: "detached", ...LONG });
  await looked();
  seen.unmapped = await page.locator("#column-role").inputValue();
  // a column that its name does not tell is chosen, and one of its words
  await page.evaluate(() => document.querySelectorAll("#sight details").forEach((one) => { one.open = true; }));
  const role = await page.locator("#column-role option").evaluateAll((options) => options.map((one) => one.value).find((one) => one.startsWith("نوع")));
  await page.selectOption("#column-role", role);
  await page.waitForSelector("#codes-role", LONG);
  await looked();
  seen.words = await page.locator("section[aria-labelledby=codes-role] tbody tr").count();
  await page.locator("section[aria-labelledby=codes-role] tr.open select").first().selectOption("other");
  await page.waitForFunction(() => document.querySelectorAll("section[aria-labelledby=codes-role] tr.open").length === 0, null, LONG);
  await looked();
  seen.counts = (await page.locator(".counts dd").allInnerTexts()).map((one) => one.trim());
  seen.agrees = await page.locator(".verdict.good").count();
  seen.rows = await page.locator(".scroll tbody tr").count();
  seen.zoom = Number(await page.locator(".map").getAttribute("data-zoom"));
  await shoot("sight-mapped");

  if (end === "forget") {
    await page.locator("footer .quiet").click();
    await page.waitForSelector(".drop");
    seen.forgotten = true;
    return;
  }
  await accept.click();
  await page.waitForURL(new RegExp(`/layers/${layer}/\\d+`), LONG);
  await page.waitForSelector("ol li:last-child:not(.upcoming)", LONG);
  seen.end = (await page.locator("ol li:last-child").getAttribute("class")).split(" ").find((one) => !one.startsWith("svelte"));
  seen.shown = await page.locator(".now").count();
  await shoot("sight-published");
});
