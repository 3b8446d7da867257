import { defineConfig } from "tsdown";

export default defineConfig({
  entry: ["src/index.ts", "src/internal.ts", "src/testing.ts"],
  platform: "node",
  target: "node20.19",
  dts: true,
  sourcemap: true,
  noExternal: [/^@perdure\//],
  inputOptions: { resolve: { conditionNames: ["perdure-source", "import", "node", "default"] } },
});
