import node from "@astrojs/node";
import { defineConfig } from "astro/config";
import perdure from "unplugin-perdure/vite";

export default defineConfig({
  output: "server",
  adapter: node({ mode: "standalone" }),
  vite: { plugins: [perdure()] },
});
