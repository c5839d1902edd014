/**
 * What every scene begins and ends with: Chromium (the one that is running, or one of its own), signing in, pictures, and what was seen, told as one JSON object.
 *
 *   const { seen, page, go, shoot, run } = await scene({ base, token, lang, pictures, name: "digs" });
 *   await run(async () => { await go("schutterwald/digs"); … });
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch, openPage, settled } from "./browser.mjs";

/** Before signing in the page asks who is here; what a driver says of its own speed is no fault of the page. */
const EXPECTED = /401|Unauthorized|GL Driver Message|GPU stall/;
/** Small, because maps are drawn in software; wide enough for the panel beside the map. */
export const WIDE = { width: 1024, height: 640 };
export const PHONE = { width: 390, height: 844 };
/** A slow machine is no failure: what a scene waits for is a condition, and it may take this long. */
export const LONG = { timeout: 120_000 };

export async function scene({ base, token, lang, pictures, name, viewport = WIDE }) {
  const complaints = [];
  const seen = { lang };
  if (pictures) mkdirSync(pictures, { recursive: true });
  const browser = await launch();
  let shots = 0;

  /** A window of its own; `hasTiles: false` leaves the map without its tiles, where a scene does not look at it. */
  async function window(size = viewport, { hasTiles = true } = {}) {
    const opened = await openPage(browser, size, (text) => { if (!EXPECTED.test(text)) complaints.push(text); });
    opened.setDefaultTimeout(LONG.timeout);
    if (!hasTiles) await opened.route("**/tiles/**", (route) => route.fulfill({ status: 204 }));
    return opened;
  }
  async function signIn(opened) {
    await opened.goto(`${base}/?lang=${lang}#token=${token}`);
    await opened.waitForSelector("aside.panel");
    seen.dir = await opened.evaluate(() => document.documentElement.dir);
  }
  /** Moves within the page, as a link would: nothing is loaded anew. */
  async function go(opened, hash) {
    await opened.evaluate((to) => { location.hash = to; }, `#/${hash}`);
  }
  async function shoot(opened, what) {
    if (!pictures) return;
    await settled(opened);
    shots += 1;
    await opened.screenshot({ path: join(pictures, `${name}-${lang}-${String(shots).padStart(2, "0")}-${what}.png`) });
  }
  /** One request of the city's API beside the page, with the token's own rights. */
  async function call(method, path, body, bearer = token) {
    const response = await fetch(path.startsWith("http") ? path : `${base}/v1/cities/${path}`, {
      method, headers: { Authorization: `Bearer ${bearer}`, "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }
  /** Plays the scene, tells what was seen, and ends with 1 when the page complained or a step failed. */
  async function run(play) {
    try {
      await play();
    } catch (error) {
      complaints.push(String(error));
      for (const context of pictures ? browser.contexts() : []) {
        await context.pages()[0]?.screenshot({ path: join(pictures, `${name}-${lang}-failed.png`) }).catch(() => undefined);
      }
    } finally {
      for (const context of browser.contexts()) await context.close().catch(() => undefined);
      await browser.close();
    }
    console.log(JSON.stringify({ ...seen, complaints }));
    process.exit(complaints.length ? 1 : 0);
  }
  return { seen, complaints, window, signIn, go, shoot, call, run };
}
