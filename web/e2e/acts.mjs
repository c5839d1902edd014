/**
 * What an officer does when things do not go straight, in a real browser against the real system:
 *
 *   node e2e/acts.mjs BASE_URL TOKEN LANG CITY ACTS PARCELS COMPANY_URL COMPANY_TOKEN [PICTURES_DIR]
 *
 * ACTS: some of withdraw, refuse, revoke, complete, joined by commas; PARCELS: as many parcel ids. COMPANY_URL and COMPANY_TOKEN are the gas company's in that city; it is
 * made to refuse an order once. Requests are prepared through the API; every act is done in the page: refuse,
 * withdraw, put a connection off, try again, register completion, revoke.
 * Prints one JSON object of what was seen; exits with 1 when the page reported an error or a step failed.
 */
import { scene } from "./scene.mjs";

const [base, token, lang, city, list, parcels, company, companyToken, pictures] = process.argv.slice(2);
const wanted = new Set(list.split(","));
const made = await scene({ base, token, lang, pictures, name: "acts" });
const { seen, window, signIn, go, shoot, run } = made;
seen.ends = {};
const call = (method, path, body, bearer) => made.call(method, path.startsWith("http") ? path : `${city}${path}`, body, bearer);
const faults = (rates) => call("PUT", `${company}/sandbox/faults`, { seed: 1, rates }, companyToken);
const POLL_MS = 250;
async function until(id, statuses) {
  for (let waited = 0; waited < 120_000; waited += POLL_MS) {
    const view = await call("GET", `/cases/${id}`);
    if (statuses.includes(view.status)) return view;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
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

// nobody looks at the map here
const page = await window(undefined, { hasTiles: false });
const open = async (id, tab = "overview") => {
  await go(page, `${city}/cases/${id}${tab === "overview" ? "" : `?tab=${tab}`}`);
  // until this case, and not the one before, is shown
  const { case_no: number } = await call("GET", `/cases/${id}`);
  await page.waitForFunction((no) => document.querySelector("aside.panel h1 .code")?.textContent === no, number);
};
/** Presses the action's button, fills its form, sends it, and waits for the case's next status. */
async function act(id, name, statuses, fill = async () => undefined) {
  await open(id);
  await page.locator(`.page > footer [data-act="${name}"]`).click();
  await page.waitForSelector("dialog[open]");
  await fill();
  await shoot(page, `act-${name}`);
  await page.click("dialog button[type=submit]");
  await page.waitForSelector("dialog[open]", { state: "detached" });
  const view = await until(id, statuses);
  seen.ends[name] = view.status;
  return view;
}
const words = lang === "fa" ? "خلاف ضوابط پهنه؛ نقشهٔ اصلاح‌شده بیاورید" : "Against the zoning; bring a corrected plan";

/** One company cannot hold its order: its connection is put off, the others are tried again, and the case is completed. */
async function completed(id) {
  await until(id, ["awaiting_decision"]);
  await faults({ refuse_try: 1 });
  await approve(id);
  await until(id, ["needs_decision"]);
  await faults({});
  await open(id);
  await shoot(page, "act-needs-decision");
  await act(id, "defer", ["needs_decision", "exchanging"], async () => {
    seen.deferrable = await page.locator("dialog input[type=radio]").count();
    await page.locator('dialog input[value="gas"]').check();
  });
  await shoot(page, "act-defer-after");
  if (seen.ends.defer === "needs_decision") await act(id, "retry", ["active"]);
  else await until(id, ["active"]);
  await shoot(page, "act-retry-after");
  await act(id, "complete", ["completed"], () => page.fill("#certificate", "1405/1207"));
  await open(id);
  await page.waitForSelector(".returns li.receipted");
  seen.returns = await page.locator(".returns li.receipted").count();
  await shoot(page, "act-complete-after");
  await open(id, "agencies");
  await shoot(page, "act-complete-agencies");
  await open(id, "history");
  await page.waitForSelector("ol li .n");
  await shoot(page, "act-complete-history");
}

await run(async () => {
  const ids = Object.fromEntries(await Promise.all(parcels.split(",").map(async (parcel, i) => [[...wanted][i], await submit(parcel)])));
  await signIn(page);

  if (wanted.has("withdraw")) {
    await act(ids.withdraw, "withdraw", ["withdrawn"]);
    await shoot(page, "act-withdraw-after");
  }
  if (wanted.has("refuse")) {
    await until(ids.refuse, ["awaiting_decision"]);
    await act(ids.refuse, "refuse", ["refused"], () => page.fill("#reason", words));
    await shoot(page, "act-refuse-after");
  }
  if (wanted.has("revoke")) {
    await approve(ids.revoke);
    await until(ids.revoke, ["active"]);
    await act(ids.revoke, "revoke", ["revoked"], () => page.fill("#reason", words));
    await open(ids.revoke);
    await page.waitForSelector(".returns li");
    seen.revokedReturns = await page.locator(".returns li").count();
    await shoot(page, "act-revoke-after");
  }
  if (wanted.has("complete")) await completed(ids.complete);
});
