import perdure from "unplugin-perdure/vite";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [perdure()],
  build: {
    ssr: true,
    target: "node20",
    sourcemap: true,
    rollupOptions: {
      input: { server: "src/server.ts", launch: "launcher/launch.ts" },
      output: { entryFileNames: "[name].mjs" },
    },
  },
});
