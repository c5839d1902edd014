/**
 * One clerk's deliveries, in a real browser against the real system:
 *
 *   node e2e/layers.mjs BASE_URL TOKEN LANG CITY LAYER GOOD_FILE SHIFTED_FILE BROKEN_FILE [PICTURES_DIR]
 *
 * looks a layer up, sees what a preview would do, delivers it, reads the report, takes it back; then delivers one that
 * lies elsewhere, which is held, and has it corrected; then one that cannot be read.
 * Prints one JSON object of what was seen; exits with 1 when the page reported an error or a step failed.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch, openPage, settled } from "./browser.mjs";

const [base, token, lang, city, layer, good, shifted, broken, pictures] = process.argv.slice(2);
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
const home = `${base}/?lang=${lang}#/${city}/layers/${layer}`;
const chip = () => page.locator(".page > header .chip");
const text = async (selector) => (await page.locator(selector).first().innerText()).trim();

/** Chooses a file, sends it and waits for its end; returns how it ended as the page's steps tell. */
async function deliver(file, { preview = false } = {}) {
  await page.goto(home);
  await page.waitForSelector(".drop");
  await page.setInputFiles("#delivery-file", file);
  if (preview) await page.locator(".check input").first().check();
  await page.click("form button[type=submit]");
  await page.waitForURL(new RegExp(`/layers/${layer}/\\d+`), PATIENCE);
  await page.waitForSelector("ol li:last-child:not(.upcoming)", PATIENCE);
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
  await shoot(`layers-dialog-${seen.dialogs}`);
  await page.click("dialog button[type=submit]");
  await page.waitForSelector("dialog[open]", { state: "detached", ...PATIENCE });
}

try {
  await page.goto(`${base}/?lang=${lang}#token=${token}`);
  await page.waitForSelector("aside.panel");
  await page.click('nav a[href$="/layers"]');
  await page.waitForSelector(`a[href$="/layers/${layer}"]`);
  await page.waitForFunction(() => document.querySelectorAll(".list .count").length > 3, null, PATIENCE);
  seen.layers = await page.locator(".list li a").count();
  await shoot("layers-list");
  await page.click(`a[href$="/layers/${layer}"]`);
  await page.waitForSelector(".deliveries li");
  seen.formats = await page.locator("a[download]").count();
  await shoot("layers-layer");

  // a wrong kind of file is told before it is sent
  await page.setInputFiles("#delivery-file", { name: "notes.docx", mimeType: "application/octet-stream", buffer: Buffer.from("x") });
  seen.wrongKind = await page.locator(".problem").count();
  seen.mayNotSend = await page.locator("form button[type=submit]").isDisabled();

  seen.preview = (await deliver(good, { preview: true })).end;
  seen.counts = (await page.locator(".counts dd").allInnerTexts()).map((one) => one.trim());
  await shoot("layers-preview");

  const first = await deliver(good);
  seen.good = first.end;
  await shoot("layers-report");
  await tab("issues");
  await page.waitForSelector("details[open] li button:not(:disabled)");
  seen.rules = await page.locator("details summary").count();
  await page.locator("details.warn[open] li button:not(:disabled)").first().click();
  await page.waitForSelector("details li.chosen");
  await settled(page);
  const [x] = (await page.locator(".map").getAttribute("data-framed")).split(",").map(Number);
  seen.issueSide = x < 720 ? "left" : "right";
  await shoot("layers-issues");
  await tab("changes");
  await page.waitForSelector(".list li");
  seen.changes = await page.locator(".list li").count();
  await page.locator(".list li button:not(:disabled)").first().click();
  await shoot("layers-changes");

  await act(0);
  await page.waitForFunction((before) => !location.hash.includes(`/${before}`), first.id, PATIENCE);
  await chip().waitFor();
  seen.rolledBack = Number(/(\d+)(\?.*)?$/.exec(page.url())[1]) > first.id;
  await shoot("layers-rolled-back");

  const held = await deliver(shifted);
  seen.held = held.end;
  seen.verdict = await page.locator(".verdict.bad svg").count();
  seen.choices = await page.locator(".page > footer button").count();
  await shoot("layers-held");
  const isOffered = (await page.locator(".page > footer .primary").count()) > 0;
  if (isOffered) {
    await page.locator(".page > footer .primary").click();
    await page.waitForSelector("dialog[open]");
    await shoot("layers-correct");
    await page.click("dialog button[type=submit]");
    await page.waitForSelector("dialog[open]", { state: "detached", ...PATIENCE });
    await page.waitForFunction((before) => !location.hash.includes(`/${before}`), held.id, PATIENCE);
    await chip().waitFor();
    seen.corrected = await page.locator("ol li.done").count();
    await shoot("layers-corrected");
  }

  seen.broken = (await deliver(broken)).end;
  seen.why = (await text(".problem")).length > 20;
  await shoot("layers-refused");
  await page.goto(home);
  await page.waitForSelector(".deliveries li");
  seen.deliveries = await page.locator(".deliveries li").count();
  await shoot("layers-after");
} catch (error) {
  complaints.push(String(error));
  if (pictures) await page.screenshot({ path: join(pictures, `layers-failed-${lang}.png`) });
} finally {
  await browser.close();
}
console.log(JSON.stringify({ ...seen, complaints }));
process.exit(complaints.length ? 1 : 0);
