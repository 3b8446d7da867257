import { defineConfig } from "tsdown";
import { licenses } from "../../.ci/licenses.ts";

export default defineConfig({
  entry: ["src/index.ts"],
  platform: "node",
  target: "node20.19",
  dts: { build: true, sourcemap: false },
  sourcemap: false,
  deps: { alwaysBundle: [/^@perdure\//] },
  plugins: [licenses("dist/THIRD_PARTY_LICENSES")],
  logLevel: "warn",
  inputOptions: {
    checks: { pluginTimings: false },
    resolve: { conditionNames: ["perdure-source", "import", "node", "default"] },
  },
});
