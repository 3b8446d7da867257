import { join } from "node:path";
import perdure from "unplugin-perdure/vite";
import { build, type InlineConfig, type Plugin } from "vite";
import { audit, external, main, options, program, stripsFirst, versioned, write, type Build } from "../build.ts";

const row = (
  name: string,
  config: NonNullable<InlineConfig["build"]>,
  file = "main.mjs",
  more: InlineConfig = {},
  before: readonly Plugin[] = [],
): Build => ({
  name: `${versioned("vite")}: ${name}`,
  async build(root, out) {
    await build({
      root,
      configFile: false,
      logLevel: "silent",
      plugins: [...before, perdure(options(root, out))],
      build: { outDir: out, emptyOutDir: false, sourcemap: true, ...config },
      ...more,
    });
    return [join(out, file)];
  },
});

const esm = { output: { entryFileNames: "[name].mjs" } };

export const twice: Build = row("two copies of the plugin", { ssr: main, rolldownOptions: esm }, "main.mjs", {}, [
  perdure({ root: program }),
]);

export const late: readonly Build[] = [
  row("behind a plugin that strips types", { ssr: main, rolldownOptions: esm }, "main.mjs", {}, [stripsFirst]),
];

export const rows: readonly Build[] = [
  row("SSR build", { ssr: main, rolldownOptions: esm }),
  row(`SSR build of two entries, minified by ${versioned("terser")}`, {
    ssr: true,
    minify: "terser",
    rolldownOptions: { input: [main, audit], ...esm },
  }),
  row(
    "library in CommonJS, minified",
    {
      lib: { entry: main, formats: ["cjs"], fileName: () => "main.cjs" },
      minify: true,
      rolldownOptions: { external: [...external] },
    },
    "main.cjs",
  ),
  row("SSR build with the runtime inside", { ssr: main, rolldownOptions: esm }, undefined, {
    ssr: { noExternal: true },
  }),
  {
    name: `${versioned("vite")}: development, module runner`,
    build(root, out) {
      write(join(out, "dev.mjs"), server(root, out));
      return Promise.resolve([join(out, "dev.mjs")]);
    },
  },
];

const server = (root: string, out: string): string => `
import { writeFileSync } from "node:fs";
import { createServer, createServerModuleRunner } from "vite";
import perdure from "unplugin-perdure/vite";

const onManifest = (manifest) => writeFileSync(${JSON.stringify(join(out, "manifest.json"))}, JSON.stringify(manifest));
const server = await createServer({
  root: ${JSON.stringify(root)},
  configFile: false,
  logLevel: "silent",
  cacheDir: ${JSON.stringify(join(out, "cache"))},
  server: { middlewareMode: true, ws: false, watch: null },
  appType: "custom",
  plugins: [perdure({ root: ${JSON.stringify(root)}, onManifest })],
});
const runner = createServerModuleRunner(server.environments.ssr, { hmr: false });
const { finished } = await runner.import("/src/main.ts");
await finished;
await runner.close();
await server.close();
`;
