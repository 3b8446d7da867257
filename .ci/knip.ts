/** What counts as an entry point when `knip` looks for unused files, exports and dependencies. */
import type { KnipConfig } from "knip";
import compiler from "../packages/compiler/tsdown.config.ts";
import runtime from "../packages/runtime/tsdown.config.ts";

/** knip cannot read these entries by itself: the configurations build them from lists. */
const entriesOf = ({ entry }: { readonly entry?: unknown }): string[] => Object.values(entry ?? {}).map(String);

/** Packages that tests name in the configurations they write, or start as programs. */
const namedInTests = [
  "@swc/core",
  "bun",
  "esbuild-loader",
  "swc-loader",
  "ts-loader",
  "ts-patch",
  "typescript-5.9",
  "typescript-7",
];

/** Exports that only their own file uses, from before this check. Take `export` away there, then the file out of this list. */
const known = [
  "packages/runtime/src/**/schema.ts",
  "packages/compiler/test/maps.ts",
  "packages/store/test/commands.ts",
  "test/builds/{harness,unbundled/sample}.ts",
  "test/check/leaves.ts",
];

export default {
  workspaces: {
    ".": {
      entry: [
        ".ci/*.{mjs,ts}",
        "bench/*.{mjs,ts}",
        // programs that tests build, or start in a process of their own
        "test/builds/*.mjs",
        "test/builds/ssr/app/{*.js,src/*.{ts,tsx}}",
        "test/concurrency/cases/*.mjs",
        "test/real-code/scripts/*.mjs",
      ],
      project: [
        ".ci/**/*.{mjs,ts}",
        "bench/**/*.{mjs,ts}",
        "test/**/*.{js,mjs,ts,tsx}",
        // sources that are only compiled, never imported
        "!**/fixtures/**",
        "!test/builds/**/program/**",
      ],
      ignoreDependencies: [
        ...namedInTests,
        // a module that the tests of concurrency make up
        "world",
      ],
      // test/errors fills a small file system
      ignoreBinaries: ["mount", "umount"],
    },
    "packages/compiler": {
      entry: entriesOf(compiler),
      project: ["src/**/*.ts", "test/**/*.ts", "*.cjs", "!**/fixtures/**"],
    },
    "packages/runtime": {
      entry: entriesOf(runtime),
      project: ["src/**/*.ts", "test/**/*.ts"],
      // the driver of @perdure/store, which is bundled into this package
      ignoreDependencies: ["better-sqlite3"],
    },
    "packages/store": {
      entry: ["test/process.ts"],
      project: ["src/**/*.ts", "test/**/*.ts"],
    },
    "packages/protocol": {
      project: ["src/**/*.ts", "test/**/*.ts"],
    },
    "playground/etl": {
      // read as a module, not run: it takes the plugin from dist
      vite: { config: [], entry: ["vite.config.ts", "src/job.ts", "launcher/launch.ts"] },
      // found with require.resolve, for the data beside its code
      ignoreDependencies: ["vega-datasets"],
    },
    "playground/examples": {
      entry: ["run.mjs", "src/*.ts"],
    },
  },
  ignoreIssues: Object.fromEntries(known.map((files) => [files, ["exports", "types"]])),
  // the adapters import the types of the bundlers that they are for
  rules: { optionalPeerDependencies: "off" },
} satisfies KnipConfig;
