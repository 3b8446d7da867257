import { defineConfig } from "tsdown";
import { licenses } from "../../.ci/licenses.ts";

const bundlers = ["vite", "rollup", "rolldown", "esbuild", "webpack", "rspack", "farm", "bun"];

export default defineConfig({
  entry: {
    index: "src/index.ts",
    check: "src/check/index.ts",
    "check-worker": "src/check/worker.ts",
    register: "src/adapters/register/register.ts",
    "register-thread": "src/adapters/register/register-thread.ts",
    "typescript-plugin": "src/adapters/language-service/plugin.ts",
    loader: "src/adapters/loader/loader.ts",
    tsc: "src/adapters/ts-patch/transform-program.ts",
    "perdure-tsc": "src/adapters/perdure-tsc/main.ts",
    ...Object.fromEntries(bundlers.map((name) => [name, `src/adapters/bundlers/${name}.ts`])),
  },
  platform: "node",
  target: "node20.19",
  dts: { build: true, sourcemap: false },
  sourcemap: false, // traces and debuggers lead to files that the package contains
  deps: { alwaysBundle: [/^@perdure\//, "ms", "valibot"] },
  plugins: [licenses("dist/THIRD_PARTY_LICENSES")],
  logLevel: "warn",
  inputOptions: {
    checks: { pluginTimings: false },
    resolve: { conditionNames: ["perdure-source", "import", "node", "default"] },
  },
});
