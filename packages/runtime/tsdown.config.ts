import { defineConfig } from "tsdown";
import { licenses } from "../../.ci/licenses.ts";

export default defineConfig({
  entry: ["src/index.ts", "src/engine.ts", "src/internal.ts", "src/otel.ts", "src/testing.ts", "src/tools.ts"],
  platform: "node",
  target: "node20.19",
  dts: { build: true, sourcemap: false },
  sourcemap: false, // traces and debuggers lead to files that the package contains
  // each file of a library would cost as much time at the start of a program as a thousand lines
  deps: { alwaysBundle: [/^@perdure\//, "croner", "devalue", "ms", "valibot"] },
  plugins: [licenses("dist/THIRD_PARTY_LICENSES")],
  logLevel: "warn",
  inputOptions: {
    checks: { pluginTimings: false },
    resolve: { conditionNames: ["perdure-source", "import", "node", "default"] },
  },
});
