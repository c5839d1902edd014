import { readdirSync, readFileSync } from "node:fs";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Puts the licences of everything that goes into the build beside it, the font's own file among them. */
function licences(): Plugin {
  const bundled = (): string[] => {
    const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as { packages: Record<string, { dev?: boolean }> };
    return Object.keys(lock.packages).filter((path) => path !== "" && (!lock.packages[path]?.dev || path.endsWith("/svelte")));
  };
  const textOf = (path: string): string[] =>
    readdirSync(path).filter((name) => /^(licen[cs]e|ofl|copying)/i.test(name)).map((name) => readFileSync(`${path}/${name}`, "utf8"));
  return {
    name: "licences",
    apply: "build",
    generateBundle() {
      const parts = bundled().flatMap((path) => textOf(path).map((text) => `${path.replace("node_modules/", "")}\n\n${text.trim()}\n`));
      this.emitFile({ type: "asset", fileName: "licences.txt", source: parts.join(`\n${"-".repeat(72)}\n\n`) });
      this.emitFile({ type: "asset", fileName: "assets/Vazirmatn-OFL.txt", source: readFileSync("node_modules/vazirmatn/OFL.txt") });
    },
  };
}

// Everything the page needs is served from its own origin: fonts, worker and
// style are bundled, tiles and data come from the API. No other host is asked.
export default defineConfig({
  plugins: [svelte(), licences()],
  base: "./",
  build: { outDir: "dist", emptyOutDir: true, target: "es2022", chunkSizeWarningLimit: 1500, assetsInlineLimit: 0 },
  server: {
    fs: { allow: [".."] },
    proxy: { "/v1": { target: "http://127.0.0.1:8080", changeOrigin: false } },
  },
  worker: { format: "es" },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
