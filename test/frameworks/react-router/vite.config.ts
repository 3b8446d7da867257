import { reactRouter } from "@react-router/dev/vite";
import perdure from "unplugin-perdure/vite";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [perdure(), reactRouter()],
});
