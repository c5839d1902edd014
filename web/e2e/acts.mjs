/**
 * What an officer does when things do not go straight, in a real browser against the real system:
 *
 *   node e2e/acts.mjs BASE_URL TOKEN LANG CITY PARCELS COMPANY_URL COMPANY_TOKEN [PICTURES_DIR]
 *
 * PARCELS: four parcel ids, joined by commas. COMPANY_URL and COMPANY_TOKEN are the gas company's in that city; it is
 * made to refuse an order once. Requests are prepared through the API; every act is done in the page: refuse,
 * withdraw, put a connection off, try again, register completion, revoke.
 * Prints one JSON object of what was seen; exits with 1 when the page reported an error or a step failed.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch, openPage, settled } from "./browser.mjs";

const [base, token, lang, city, parcels, company, companyToken, pictures] = process.argv.slice(2);
const EXPECTED = /401|Unauthorized/;
const PATIENCE = { timeout: 120_000 };
const complaints = [];
const seen = { lang, ends: {} };
if (pictures) mkdirSync(pictures, { recursive: true });

async function call(method, path, body, bearer = token) {
  const response = await fetch(path.startsWith("http") ? path : `${base}/v1/cities/${city}${path}`, {
    method, headers: { Authorization: `Bearer ${bearer}`, "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}
const faults = (rates) => call("PUT", `${company}/sandbox/faults`, { seed: 1, rates }, companyToken);
async function until(id, statuses) {
  for (let i = 0; i < 120; i++) {
    const view = await call("GET", `/cases/${id}`);
    if (statuses.includes(view.status)) return view;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  throw new Error(`${id} did not become ${statuses.join(" or ")}`);
}
async function submit(parcel) {
  const { buildings } = await call("GET", `/parcels/${parcel}`);
  const view = await call("POST", "/cases", {
    parcel_id: parcel, works: "extension", storeys: 2, units: { residential: 1, commercial: 0, other: 0 },
    excavation: { geometry: buildings[0].geometry, crs: "EPSG:4326", depth_m: 1.2, method: "hand" },
    wishes: Object.fromEntries(["water", "power", "gas"].map((agency) => [agency, { wish: "now", capacity: {} }])),
    applicant: { name: lang === "fa" ? "بهرام کاوه" : "Ben Carter" },
  });
  return view.case_id;
}
async function approve(id) {
  const view = await until(id, ["awaiting_decision"]);
  const refs = [...new Set(view.findings.filter((one) => one.verdict === "violates").map((one) => one.ref))];
  const conditions = refs.length ? [{ code: "protective-measures", params: { findings: refs }, note: "." }] : [];
  await call("POST", `/cases/${id}/approve`, { expected_version: view.version, conditions });
}

const browser = await launch();
const page = await openPage(browser, { width: 1440, height: 900 }, (text) => {
  if (!EXPECTED.test(text)) complaints.push(text);
});
const shoot = async (name) => {
  if (!pictures) return;
  await settled(page);
  await page.screenshot({ path: join(pictures, `${name}-${lang}.png`) });
};
const open = async (id, tab = "overview") => {
  await page.goto(`${base}/?lang=${lang}#/${city}/cases/${id}?tab=${tab}`);
  await page.waitForSelector("aside.panel h1 .code");
};
/** Presses the action's button, fills its form, sends it, and waits for the case's next status. */
async function act(id, name, statuses, fill = async () => undefined) {
  await open(id);
  await page.locator(`.page > footer [data-act="${name}"]`).click();
  await page.waitForSelector("dialog[open]");
  await fill();
  await shoot(`act-${name}`);
  await page.click("dialog button[type=submit]");
  await page.waitForSelector("dialog[open]", { state: "detached", timeout: 20_000 });
  const view = await until(id, statuses);
  seen.ends[name] = view.status;
  return view;
}
const words = lang === "fa" ? "خلاف ضوابط پهنه؛ نقشهٔ اصلاح‌شده بیاورید" : "Against the zoning; bring a corrected plan";

try {
  const [a, b, c, d] = await Promise.all(parcels.split(",").map(submit));
  await page.goto(`${base}/?lang=${lang}#token=${token}`);
  await page.waitForSelector("aside.panel");

  await act(b, "withdraw", ["withdrawn"]);
  await shoot("act-withdraw-after");
  await until(a, ["awaiting_decision"]);
  await act(a, "refuse", ["refused"], () => page.fill("#reason", words));
  await shoot("act-refuse-after");

  await approve(d);
  await until(d, ["active"]);
  await act(d, "revoke", ["revoked"], () => page.fill("#reason", words));
  await open(d);
  await page.waitForSelector(".returns li");
  seen.revokedReturns = await page.locator(".returns li").count();
  await shoot("act-revoke-after");

  await until(c, ["awaiting_decision"]);
  await faults({ refuse_try: 1 });
  await approve(c);
  await until(c, ["needs_decision"]);
  await faults({});
  await open(c);
  await shoot("act-needs-decision");
  await act(c, "defer", ["needs_decision", "exchanging"], async () => {
    seen.deferrable = await page.locator("dialog input[type=radio]").count();
    await page.locator('dialog input[value="gas"]').check();
  });
  await shoot("act-defer-after");
  if (seen.ends.defer === "needs_decision") await act(c, "retry", ["active"]);
  else await until(c, ["active"]);
  await shoot("act-retry-after");
  await act(c, "complete", ["completed"], () => page.fill("#certificate", "1405/1207"));
  await open(c);
  await page.waitForSelector(".returns li.receipted");
  seen.returns = await page.locator(".returns li.receipted").count();
  await shoot("act-complete-after");
  await open(c, "agencies");
  await shoot("act-complete-agencies");
  await open(c, "history");
  await page.waitForSelector("ol li .n");
  await shoot("act-complete-history");
} catch (error) {
  complaints.push(String(error));
  if (pictures) await page.screenshot({ path: join(pictures, `act-failed-${lang}.png`) });
} finally {
  await browser.close();
}
console.log(JSON.stringify({ ...seen, complaints }));
process.exit(complaints.length ? 1 : 0);
