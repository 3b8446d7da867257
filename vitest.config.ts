import { availableParallelism } from "node:os";
import { runnerImport } from "vite";
import { defineConfig } from "vitest/config";

const report = process.env["PERDURE_TEST_REPORT"];
const conditions = ["perdure-source", "node"];

/** The plugin, loaded from its sources like everything else that tests import. So tests need no build and cannot use an outdated one. */
const { default: perdure } = (
  await runnerImport<typeof import("unplugin-perdure/vite")>("unplugin-perdure/vite", {
    logLevel: "warn",
    environments: {
      inline: { resolve: { conditions: ["perdure-source"], noExternal: [/^@perdure\//, /^unplugin-perdure/] } },
    },
  })
).module;

export default defineConfig({
  // Perdure's own sources are no part of a program, though some tests with workflows import them
  plugins: [perdure({ exclude: [/[\\/]node_modules[\\/]/, /[\\/]packages[\\/]\w+[\\/]src[\\/]/] })],
  ssr: { resolve: { conditions } },
  resolve: { conditions },
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts", "playground/**/*.test.ts"],
    maxWorkers: Math.ceil(availableParallelism() * 1.5), // many tests wait for programs that they have started
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } }, // Vitest's second is short for a program on a busy machine
    reporters: report === undefined ? ["default"] : ["default", "json"],
    coverage: {
      include: ["packages/*/src/**/*.ts"],
      reporter: ["text-summary", "html"],
      reportsDirectory: "node_modules/.cache/coverage",
      reportOnFailure: true,
    },
    ...(report !== undefined && { outputFile: { json: report } }),
  },
});
