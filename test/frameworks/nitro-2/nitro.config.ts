import { defineNitroConfig } from "nitropack/config";
import perdure from "unplugin-perdure/rollup";

export default defineNitroConfig({
  compatibilityDate: "2026-11-01",
  rollupConfig: { plugins: [perdure()] },
});
