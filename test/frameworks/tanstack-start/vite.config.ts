import { tanstackStart } from "@tanstack/react-start/plugin/vite";
import react from "@vitejs/plugin-react";
import perdure from "unplugin-perdure/vite";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [perdure(), tanstackStart(), react()],
});
