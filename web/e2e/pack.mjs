/**
 * An offline pack's page in a browser that has no network:
 *
 *   node e2e/pack.mjs INDEX_HTML LANGUAGE WIDTH HEIGHT PICTURE
 *
 * Prints one JSON object: what the page asked for beyond itself, its direction, the features drawn, what a click in the
 * middle of the map tells, complaints.
 */
import { pathToFileURL } from "node:url";
import { launch, openPage, settled } from "./browser.mjs";

const [file, language, width, height, picture] = process.argv.slice(2);
const complaints = [];
const asked = [];
const browser = await launch();
const page = await openPage(browser, { width: Number(width), height: Number(height) }, (text) => complaints.push(text));
await page.context().setOffline(true);
page.on("request", (request) => {
  if (!/^(data|blob):/.test(request.url())) asked.push(request.url().split(":")[0]);
});
try {
  await page.goto(`${pathToFileURL(file).href}?lang=${language}`);
  await settled(page);
  const canvas = await page.locator(".map canvas").boundingBox();
  const told = async () => (await page.locator("aside .popup h3").count()) > 0;
  // a street or a parcel is somewhere near the middle: look for it along a line
  for (let step = 0; step < 12 && !(await told()); step += 1) {
    await page.mouse.click(canvas.x + canvas.width * (0.3 + step * 0.04), canvas.y + canvas.height * 0.5);
    await page.waitForTimeout(150);
  }
  await page.screenshot({ path: picture });
  const seen = await page.evaluate(() => ({
    dir: document.documentElement.dir,
    idle: document.querySelector(".map")?.dataset.idle,
    layers: document.querySelectorAll("label.layer").length,
    contacts: document.querySelectorAll("li.contact").length,
    overflow: document.documentElement.scrollWidth > document.documentElement.clientWidth,
  }));
  console.log(JSON.stringify({ ...seen, told: await told(), asked, complaints }));
} finally {
  await browser.close();
}
