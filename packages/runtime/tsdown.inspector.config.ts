import { defineConfig } from "tsdown";
import { licenses } from "../../.ci/licenses.ts";

/** `perdure/inspector`, with its libraries and its page inside. Like the command, it shares the modules of the package. */
export default defineConfig({
  entry: { inspector: "../inspector/src/index.ts" },
  platform: "node",
  target: "node20.19",
  clean: false,
  dts: { sourcemap: false },
  sourcemap: false,
  copy: [{ from: "../inspector/dist/page", to: "dist" }],
  deps: { alwaysBundle: [/^(?!perdure(?:\/|$)|node:)/], neverBundle: [/^perdure(?:\/|$)/], onlyBundle: false },
  plugins: [licenses("dist/THIRD_PARTY_LICENSES")],
  logLevel: "warn",
  inputOptions: {
    checks: { pluginTimings: false },
    resolve: { conditionNames: ["perdure-source", "import", "node", "default"] },
  },
});
