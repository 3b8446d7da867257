import { defineConfig } from "tsdown";

export default defineConfig({
  entry: ["src/index.ts", "src/chat.ts"],
  platform: "node",
  target: "node20.19",
  dts: { build: true, sourcemap: false },
  sourcemap: false,
  logLevel: "warn",
  inputOptions: { checks: { pluginTimings: false } },
});
