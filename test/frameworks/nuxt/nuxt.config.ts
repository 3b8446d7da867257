import perdure from "unplugin-perdure/rollup";

export default defineNuxtConfig({
  compatibilityDate: "2026-11-01",
  nitro: { rollupConfig: { plugins: [perdure()] } },
});
