import { defineConfig } from "tsdown";

const bundlers = ["vite", "rollup", "rolldown", "esbuild", "webpack", "rspack", "farm", "bun"];
const withoutBundler = ["register", "register-thread", "tsc", "perdure-tsc"];

export default defineConfig({
  entry: {
    index: "src/index.ts",
    check: "src/check/index.ts",
    "check-worker": "src/check/worker.ts",
    ...Object.fromEntries([...bundlers, ...withoutBundler].map((name) => [name, `src/adapters/${name}.ts`])),
  },
  platform: "node",
  target: "node20.19",
  dts: { build: true },
  sourcemap: true,
  copy: { from: "../../docs/diagnostics", to: "dist" },
  deps: { alwaysBundle: [/^@perdure\//, "valibot"] },
  logLevel: "warn",
  inputOptions: {
    checks: { pluginTimings: false },
    resolve: { conditionNames: ["perdure-source", "import", "node", "default"] },
  },
});
