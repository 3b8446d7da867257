import perdure from "unplugin-perdure/vite";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [perdure()],
  build: {
    ssr: true,
    target: "node20",
    sourcemap: true,
    rollupOptions: {
      // the plugin follows the workflow into the AI SDK, which takes a few seconds
      checks: { pluginTimings: false },
      input: { server: "src/server.ts", launch: "launcher/launch.ts" },
      output: { entryFileNames: "[name].mjs" },
    },
  },
});
