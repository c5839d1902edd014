/**
 * Pictures of every page, Persian and English, wide and narrow:
 *
 *   node scripts/screens.mjs http://127.0.0.1:8080 TOKEN out/
 *
 * The case pages show the newest case of the first city, or the one given as a fourth argument.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch, openPage, settled } from "../e2e/browser.mjs";

const [base, token, out = "screens", wantedCase] = process.argv.slice(2);
if (!base || !token) {
  console.error("usage: screens.mjs BASE_URL TOKEN [OUT_DIR] [CASE_ID]");
  process.exit(2);
}
mkdirSync(out, { recursive: true });
const SIZES = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } };

const browser = await launch();
for (const lang of ["fa", "en"]) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    const page = await openPage(browser, viewport, (text) => console.error(`[${lang} ${size}] ${text}`));
    const shoot = async (name) => {
      await settled(page);
      await page.screenshot({ path: join(out, `${name}-${lang}-${size}.png`) });
    };
    await page.goto(`${base}/?lang=${lang}`);
    await page.waitForSelector("#token");
    await shoot("login");
    await page.goto(`${base}/?lang=${lang}#token=${token}`);
    await page.waitForSelector("aside.panel");
    await shoot("worklist");
    const found = await page.evaluate(async () => {
      const [city] = await (await fetch("/v1/cities")).json();
      const cases = (await (await fetch(`/v1/cities/${city.id}/cases?limit=1`)).json()).cases ?? [];
      const parcels = (await (await fetch(`/v1/cities/${city.id}/parcels?q=0`)).json()).parcels ?? [];
      return { city: city.id, case: cases[0]?.case_id, parcel: cases[0]?.parcel_id ?? parcels[0]?.parcel_id };
    });
    const caseId = wantedCase ?? found.case;
    if (caseId) {
      for (const tab of ["overview", "findings", "agencies", "history"]) {
        await page.goto(`${base}/?lang=${lang}#/${found.city}/cases/${caseId}?tab=${tab}`);
        await page.waitForSelector("aside.panel h1 .code");
        if (tab === "findings") await page.locator(".finding button").first().click().catch(() => undefined);
        await shoot(`case-${tab}`);
      }
    }
    await page.goto(`${base}/?lang=${lang}#/${found.city}/new?parcel=${found.parcel}`);
    await page.waitForSelector(".card.stack");
    await shoot("new");
    await page.evaluate(() => document.querySelector("form")?.scrollTo({ top: 900 }));
    await shoot("new-form");
    for (const [name, ready] of [["desk", ".list"], ["tariffs", ".list"]]) {
      await page.goto(`${base}/?lang=${lang}#/${found.city}/${name}`);
      await page.waitForSelector(ready);
      await shoot(name);
    }
    await page.context().close();
  }
}
await browser.close();
