import { defineConfig } from "tsdown";

export default defineConfig({
  entry: { index: "src/index.ts", vite: "src/adapters/vite.ts", esbuild: "src/adapters/esbuild.ts" },
  platform: "node",
  target: "node20.19",
  dts: { build: true },
  sourcemap: true,
  deps: { alwaysBundle: [/^@perdure\//, "valibot"] },
  logLevel: "warn",
  inputOptions: { checks: { pluginTimings: false }, resolve: { conditionNames: ["perdure-source", "import", "node", "default"] } },
});
