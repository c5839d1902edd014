/**
 * One Chromium for many scenes:
 *
 *   node e2e/host.mjs
 *
 * Prints the address at which scenes find it (as CHROMIUM_ENDPOINT in their environment), and ends with its input.
 */
import { chromium } from "playwright-core";
import { OPTIONS } from "./browser.mjs";

const server = await chromium.launchServer({ ...OPTIONS, host: "127.0.0.1" });
console.log(server.wsEndpoint());
process.stdin.resume();
process.stdin.on("end", () => void server.close().then(() => process.exit(0)));
