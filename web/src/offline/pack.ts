/** Entry of the page that opens without network: its data, tiles, style and font are inside the one file. */
import { mount } from "svelte";
import "../app.css";
import { i18n } from "../i18n/i18n.svelte";
import { applyLanguage } from "../i18n/language";
import PackPage from "./PackPage.svelte";
import { readPack } from "./pack_data";
import { serveTiles } from "./pack_tiles";

const pack = readPack(document.getElementById("pack-data")?.textContent ?? "");
i18n.timeZone = pack.city.timezone;
applyLanguage(i18n.language);
serveTiles(pack.tiles);

const target = document.getElementById("app");
if (target) mount(PackPage, { target, props: { pack } });
