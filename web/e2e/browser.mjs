/** Headless Chromium for the browser tests and the pictures. */
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

export function hasChromium() {
  return existsSync(CHROMIUM);
}

/** Software WebGL, and none of the browser's own calls home. */
export const OPTIONS = {
  executablePath: CHROMIUM,
  args: [
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--force-color-profile=srgb",
  ],
};

/** The Chromium that `host.mjs` keeps, or one of one's own. */
export function launch() {
  const endpoint = process.env.CHROMIUM_ENDPOINT;
  return endpoint ? chromium.connect(endpoint) : chromium.launch(OPTIONS);
}

/** A page of its own; whatever it reports as an error is handed to `complain`. */
export async function openPage(browser, viewport, complain) {
  const context = await browser.newContext({ viewport, reducedMotion: "reduce", serviceWorkers: "block" });
  const page = await context.newPage();
  page.on("pageerror", (error) => complain(`page error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    // an Error object prints as its class; its message says more
    const said = message.args().map((arg) => arg.evaluate((value) => (value instanceof Error ? value.message : String(value))));
    Promise.all(said).then((parts) => complain(parts.join(" ") || message.text()), () => complain(message.text()));
  });
  return page;
}

/** Waits until the map stands still and nothing is loading. */
export async function settled(page) {
  await page.waitForLoadState("load");
  if (await page.locator(".map").count()) {
    await page.waitForSelector('.map[data-idle="true"]', { timeout: 60_000 }).catch(() => undefined);
  }
  await page.waitForTimeout(150);
}
