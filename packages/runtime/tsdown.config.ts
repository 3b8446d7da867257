import { defineConfig } from "tsdown";

export default defineConfig({
  entry: ["src/index.ts", "src/internal.ts", "src/testing.ts", "src/tools.ts"],
  platform: "node",
  target: "node20.19",
  dts: { build: true },
  sourcemap: true,
  copy: { from: "../../docs/messages.md", to: "dist" },
  deps: { alwaysBundle: [/^@perdure\//, "valibot"] },
  logLevel: "warn",
  inputOptions: {
    checks: { pluginTimings: false },
    resolve: { conditionNames: ["perdure-source", "import", "node", "default"] },
  },
});
