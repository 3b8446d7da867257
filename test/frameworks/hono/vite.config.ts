import perdure from "unplugin-perdure/vite";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [perdure()],
  build: { ssr: "src/main.ts", sourcemap: true },
});
