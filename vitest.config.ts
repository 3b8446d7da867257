import perdure from "unplugin-perdure/vite";
import { defineConfig } from "vitest/config";

const report = process.env["PERDURE_TEST_REPORT"];
const conditions = ["perdure-source", "module", "node", "import", "default"];

export default defineConfig({
  // Perdure's own sources are no part of a program, though some tests with workflows import them
  plugins: [perdure({ exclude: [/[\\/]node_modules[\\/]/, /[\\/]packages[\\/]\w+[\\/]src[\\/]/] })],
  ssr: { resolve: { conditions } },
  resolve: { conditions },
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts", "playground/**/*.test.ts"],
    testTimeout: 120_000,
    reporters: report === undefined ? ["default"] : ["default", "json"],
    ...(report !== undefined && { outputFile: { json: report } }),
  },
});
