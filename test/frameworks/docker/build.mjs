import { build } from "esbuild";
import perdure from "unplugin-perdure/esbuild";

await build({
  entryPoints: ["src/main.ts"],
  bundle: true,
  platform: "node",
  format: "esm",
  packages: "external",
  outdir: "dist",
  sourcemap: true,
  plugins: [perdure()],
});
