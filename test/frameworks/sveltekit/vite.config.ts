import adapter from "@sveltejs/adapter-node";
import { sveltekit } from "@sveltejs/kit/vite";
import perdure from "unplugin-perdure/vite";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [perdure(), sveltekit({ adapter: adapter() })],
});
