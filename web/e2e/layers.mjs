/**
 * One clerk's deliveries, in a real browser against the real system:
 *
 *   node e2e/layers.mjs BASE_URL TOKEN LANG CITY LAYER taken-back|corrected|both GOOD_FILE SHIFTED_FILE BROKEN_FILE [PICTURES_DIR]
 *
 * looks a layer up, sees what a preview would do, delivers it, reads the report, takes it back, and sends one that cannot
 * be read; or, after the report, delivers one that lies elsewhere, which is held, and has it corrected.
 * Prints one JSON object of what was seen; exits with 1 when the page reported an error or a step failed.
 */
import { settled } from "./browser.mjs";
import { LONG, scene, WIDE } from "./scene.mjs";

const [base, token, lang, city, layer, part, good, shifted, broken, pictures] = process.argv.slice(2);
const made = await scene({ base, token, lang, pictures, name: "layers" });
const { seen, window, signIn, go, run } = made;
const page = await window();
const shoot = (what) => made.shoot(page, what);
const home = `${city}/layers/${layer}`;
const chip = () => page.locator(".page > header .chip");
const text = async (selector) => (await page.locator(selector).first().innerText()).trim();

/** Chooses a file, sends it and waits for its end; returns how it ended as the page's steps tell. */
async function deliver(file, { preview = false } = {}) {
  await go(page, home);
  await page.waitForSelector(".drop");
  await page.setInputFiles("#delivery-file", file);
  if (preview) await page.locator(".check input").first().check();
  await page.click("form button[type=submit]");
  await page.waitForURL(new RegExp(`/layers/${layer}/\\d+`), LONG);
  await page.waitForSelector("ol li:last-child:not(.upcoming)", LONG);
  const end = await page.locator("ol li:last-child").getAttribute("class");
  return { id: Number(/(\d+)(\?.*)?$/.exec(page.url())[1]), end: end.split(" ").find((one) => !one.startsWith("svelte")) };
}
const tab = async (name) => {
  await page.click(`nav a[href*="tab=${name}"]`);
  await page.waitForFunction((asked) => location.hash.includes(`tab=${asked}`), name);
};
/** Presses an action in the footer, answers the question, and waits for the dialog to go. */
async function act(index) {
  await page.locator(".page > footer button").nth(index).click();
  await page.waitForSelector("dialog[open]");
  seen.dialogs = (seen.dialogs ?? 0) + 1;
  await shoot(`dialog-${seen.dialogs}`);
  await page.click("dialog button[type=submit]");
  await page.waitForSelector("dialog[open]", { state: "detached" });
}

/** A delivery with faults: its report, an issue and a change on the map. */
async function reported() {
  const first = await deliver(good);
  seen.good = first.end;
  await shoot("report");
  await tab("issues");
  await page.waitForSelector("details[open] li button:not(:disabled)");
  seen.rules = await page.locator("details summary").count();
  await page.locator("details.warn[open] li button:not(:disabled)").first().click();
  await page.waitForSelector("details li.chosen");
  await settled(page);
  const [x] = (await page.locator(".map").getAttribute("data-framed")).split(",").map(Number);
  seen.issueSide = x < WIDE.width / 2 ? "left" : "right";
  await shoot("issues");
  await tab("changes");
  await page.waitForSelector(".list li");
  seen.changes = await page.locator(".list li").count();
  await page.locator(".list li button:not(:disabled)").first().click();
  await shoot("changes");
  return first.id;
}

async function takenBack() {
  seen.preview = (await deliver(good, { preview: true })).end;
  seen.counts = (await page.locator(".counts dd").allInnerTexts()).map((one) => one.trim());
  await shoot("preview");
  const first = await reported();
  await act(0);
  await page.waitForFunction((before) => !location.hash.includes(`/${before}`), first);
  await chip().waitFor();
  seen.rolledBack = Number(/(\d+)(\?.*)?$/.exec(page.url())[1]) > first;
  await shoot("rolled-back");
  seen.broken = (await deliver(broken)).end;
  seen.why = (await text(".problem")).length > 20;
  await shoot("refused");
}

async function corrected() {
  await reported();
  const held = await deliver(shifted);
  seen.held = held.end;
  seen.verdict = await page.locator(".verdict.bad svg").count();
  seen.choices = await page.locator(".page > footer button").count();
  await shoot("held");
  await page.locator(".page > footer .primary").click();
  await page.waitForSelector("dialog[open]");
  await shoot("correct");
  await page.click("dialog button[type=submit]");
  await page.waitForSelector("dialog[open]", { state: "detached" });
  await page.waitForFunction((before) => !location.hash.includes(`/${before}`), held.id);
  await chip().waitFor();
  seen.corrected = await page.locator("ol li.done").count();
  await shoot("corrected");
}

await run(async () => {
  await signIn(page);
  await page.click('nav a[href$="/layers"]');
  await page.waitForSelector(`a[href$="/layers/${layer}"]`);
  await page.waitForFunction(() => document.querySelectorAll(".list .count").length > 3, null, LONG);
  seen.layers = await page.locator(".list li a").count();
  await shoot("list");
  await page.click(`a[href$="/layers/${layer}"]`);
  await page.waitForSelector(".deliveries li");
  seen.formats = await page.locator("a[download]").count();
  await shoot("layer");

  // a wrong kind of file is told before it is sent
  await page.setInputFiles("#delivery-file", { name: "notes.docx", mimeType: "application/octet-stream", buffer: Buffer.from("x") });
  seen.wrongKind = await page.locator(".problem").count();
  seen.mayNotSend = await page.locator("form button[type=submit]").isDisabled();

  if (part !== "corrected") await takenBack();
  if (part !== "taken-back") await corrected();
  await go(page, home);
  await page.waitForSelector(".deliveries li");
  seen.deliveries = await page.locator(".deliveries li").count();
  await shoot("after");
});
