import { resolve } from "node:path";
import { defineConfig } from "vite";
import { licenses } from "../../../.ci/licenses.ts";

/** Builds the page into files with fixed names that stand in one folder, so that a handler can serve them from any path. */
export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  plugins: [licenses(resolve(import.meta.dirname, "../dist/page/THIRD_PARTY_LICENSES"))],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../dist/page",
    emptyOutDir: true,
    target: "es2022",
    // the polyfill and preloads of other chunks are of no use to a page of one file
    modulePreload: false,
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: { entryFileNames: "app.js", assetFileNames: "app[extname]", codeSplitting: false },
    },
  },
});
