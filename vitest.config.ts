import { defineConfig } from "vitest/config";

export default defineConfig({
  ssr: { resolve: { conditions: ["perdure-source", "module", "node", "import", "default"] } },
  resolve: { conditions: ["perdure-source", "module", "node", "import", "default"] },
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts", "playground/**/*.test.ts"],
    testTimeout: 60_000,
  },
});
