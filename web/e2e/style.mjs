/**
 * The city's ready style in MapLibre, as a page that is not ours would use it:
 *
 *   node e2e/style.mjs STYLE_URL TOKEN LON LAT ZOOM PICTURE
 *
 * Without a token ("-") the page is of another host: a little server of its own, on another port. With one it is put
 * under the style's own host, because only there may a page send a token along. Prints one JSON object: rendered
 * features by layer, colours of the picture, complaints.
 */
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { launch, openPage } from "./browser.mjs";

const [style, token, lon, lat, zoom, picture] = process.argv.slice(2);
const MAPLIBRE = join(dirname(fileURLToPath(import.meta.url)), "../node_modules/maplibre-gl/dist");
const PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A client</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="lib/maplibre-gl.css"><style>html, body, #map { margin: 0; height: 100% }</style></head>
<body><div id="map"></div></body></html>`;
const TYPES = { mjs: "text/javascript", css: "text/css" };
// What a driver says of its own speed when a picture is read back is no fault of the page.
const EXPECTED = /GL Driver Message|GPU stall/;
const complaints = [];

const browser = await launch();
const page = await openPage(browser, { width: 900, height: 700 }, (text) => {
  if (!EXPECTED.test(text)) complaints.push(text);
});
/** The page, or a file of MapLibre. */
async function given(path) {
  const name = path.split("/client/")[1] ?? "";
  if (name === "") return { contentType: "text/html", body: PAGE };
  const file = name.replace("lib/", "");
  return { contentType: TYPES[file.split(".").pop()], body: await readFile(join(MAPLIBRE, file)) };
}

const elsewhere = createServer(async (request, response) => {
  const { contentType, body } = await given(request.url);
  response.writeHead(200, { "content-type": contentType }).end(body);
});
let origin = new URL(style).origin;
if (token === "-") {
  await new Promise((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${elsewhere.address().port}`;
} else {
  await page.route(`${origin}/client/**`, async (route) => route.fulfill(await given(new URL(route.request().url()).pathname)));
}

try {
  await page.goto(`${origin}/client/`);
  const seen = await page.evaluate(
    async ({ style, token, center, zoom }) => {
      const maplibre = await import(new URL("lib/maplibre-gl.mjs", location.href).href);
      maplibre.setWorkerUrl(new URL("lib/maplibre-gl-worker.mjs", location.href).href);
      const errors = [];
      const map = new maplibre.Map({
        container: "map", style, center, zoom, fadeDuration: 0, attributionControl: false,
        canvasContextAttributes: { preserveDrawingBuffer: true },
        transformRequest: (url) => (token === "-" ? { url } : { url, headers: { Authorization: `Bearer ${token}` } }),
      });
      map.on("error", (event) => errors.push(String(event.error?.message ?? event.error)));
      const still = await Promise.race([
        new Promise((resolve) => map.once("idle", () => resolve(true))),
        new Promise((resolve) => setTimeout(() => resolve(false), 120_000)),
      ]);
      if (!still) errors.push("the map never came to rest");
      const rendered = {};
      for (const each of map.queryRenderedFeatures()) rendered[each.sourceLayer] = (rendered[each.sourceLayer] ?? 0) + 1;
      const middle = map.project(map.getCenter());
      const around = [[middle.x - 60, middle.y - 60], [middle.x + 60, middle.y + 60]];
      const found = map.queryRenderedFeatures(around, { layers: ["parcels"] });
      const canvas = map.getCanvas();
      const flat = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
      flat.drawImage(canvas, 0, 0);
      const { data } = flat.getImageData(0, 0, canvas.width, canvas.height);
      const colours = new Map();
      for (let at = 0; at < data.length; at += 4) {
        const key = (data[at] << 16) | (data[at + 1] << 8) | data[at + 2];
        colours.set(key, (colours.get(key) ?? 0) + 1);
      }
      return {
        errors, rendered, pixels: data.length / 4,
        layers: map.getStyle().layers.map((each) => each.id),
        parcel: found[0]?.properties ?? null,
        colours: Object.fromEntries([...colours].sort((a, b) => b[1] - a[1]).slice(0, 400)
          .map(([key, count]) => [`#${key.toString(16).padStart(6, "0")}`, count])),
      };
    },
    { style, token, center: [Number(lon), Number(lat)], zoom: Number(zoom) },
  );
  await page.screenshot({ path: picture });
  console.log(JSON.stringify({ ...seen, complaints }));
} finally {
  await browser.close();
  elsewhere.close();
}
