import { defineConfig } from "tsdown";
import { licenses } from "../../.ci/licenses.ts";

/** The command, with its libraries inside: the package's own modules stay outside, so that the program that it loads shares them. */
export default defineConfig({
  entry: { cli: "../cli/src/main.ts" },
  platform: "node",
  target: "node20.19",
  clean: false,
  dts: false,
  minify: false,
  sourcemap: false,
  deps: { alwaysBundle: [/^(?!perdure(?:\/|$)|node:)/], neverBundle: [/^perdure(?:\/|$)/], onlyBundle: false },
  plugins: [licenses("dist/THIRD_PARTY_LICENSES")],
  logLevel: "warn",
  inputOptions: {
    checks: { pluginTimings: false },
    resolve: { conditionNames: ["perdure-source", "import", "node", "default"] },
  },
});
