import react from "@vitejs/plugin-react";
import perdure from "unplugin-perdure/vite";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react(), perdure()],
  build: { emptyOutDir: false },
});
