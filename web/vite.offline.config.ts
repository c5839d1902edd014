/** The offline pack's page: one script and one style, which the server puts into one file with the data. */
import { readFileSync } from "node:fs";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

const WORKER = "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";

/** MapLibre's worker comes from inside the page too: a page of a file has no other file to load. */
function workerInside(): Plugin {
  const id = "\0worker-inside";
  return {
    name: "worker-inside",
    enforce: "pre",
    resolveId: (source) => (source === WORKER ? id : null),
    load: (wanted) => {
      if (wanted !== id) return null;
      const code = readFileSync("node_modules/maplibre-gl/dist/maplibre-gl-worker.mjs", "utf8").replace(/\n\/\/# sourceMappingURL.*$/m, "");
      return `export default URL.createObjectURL(new Blob([${JSON.stringify(code)}], { type: "text/javascript" }));`;
    },
  };
}

function template(): Plugin {
  return {
    name: "template",
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "pack.html", source: readFileSync("src/offline/pack.html") });
    },
  };
}

export default defineConfig({
  plugins: [workerInside(), svelte(), template()],
  base: "./",
  publicDir: false,
  build: {
    outDir: "dist/offline", emptyOutDir: true, target: "es2022", assetsInlineLimit: 10_000_000, cssCodeSplit: false, chunkSizeWarningLimit: 3000,
    rollupOptions: {
      input: "src/offline/pack.ts",
      output: { format: "es", entryFileNames: "pack.js", assetFileNames: "pack[extname]", codeSplitting: false },
    },
  },
});
