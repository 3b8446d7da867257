import { build, type BuildOptions } from "esbuild";
import { copyFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import perdure from "unplugin-perdure/esbuild";
import { audit, loading, main, options, sources, versioned, write, type Build } from "../build.ts";

type Make = (config: BuildOptions) => Promise<unknown>;

const row = (name: string, run: (make: Make, out: string, root: string) => Promise<string>): Build => ({
  name: `${versioned("esbuild")}: ${name}`,
  async build(root, out) {
    const plugins = [perdure(options(root, out))];
    const make: Make = (config) =>
      build({
        absWorkingDir: root,
        entryPoints: [main],
        bundle: true,
        external: ["perdure"],
        platform: "node",
        format: "esm",
        outdir: out,
        outExtension: { ".js": ".mjs" },
        sourcemap: true,
        logLevel: "silent",
        plugins,
        ...config,
      });
    return [await run(make, out, root)];
  },
});

export const twice: Build = row("two copies of the plugin", async (make, out, root) => {
  await make({ plugins: [perdure({ root }), perdure(options(root, out))] });
  return join(out, "main.mjs");
});

const commonJs: BuildOptions = { format: "cjs", outExtension: { ".js": ".cjs" } };

export const rows: readonly Build[] = [
  row("ESM", async (make, out) => {
    await make({});
    return join(out, "main.mjs");
  }),
  row("CommonJS, minified", async (make, out) => {
    await make({ ...commonJs, minify: true });
    return join(out, "main.cjs");
  }),
  row("two entries with common chunks, minified", async (make, out) => {
    await make({ entryPoints: [main, audit], splitting: true, minify: true });
    return join(out, "main.mjs");
  }),
  row("the same modules in two bundles", async (make, out) => {
    await make({ entryPoints: [main, audit] });
    return loading(out, "./audit.mjs", "./main.mjs");
  }),
  row("ESM and CommonJS in one process", async (make, out) => {
    await make({ ...commonJs, entryPoints: [audit], minify: true });
    await make({});
    return loading(out, "./audit.cjs", "./main.mjs");
  }),
  row("the runtime inside of the bundle, and in another one again", async (make, out) => {
    await make({ entryPoints: [main, audit], external: [], minify: true });
    return loading(out, "./audit.mjs", "./main.mjs");
  }),
  row("file by file", async (make, out, root) => {
    await make({ entryPoints: [...sources], bundle: false, external: [], outbase: root });
    copyFileSync(join(root, "src/prices.json"), join(out, "src/prices.json"));
    for (const file of scriptsIn(out))
      write(file, readFileSync(file, "utf8").replaceAll(/(?<=["']\.\/[a-z]+)\.ts(?=["'])/g, ".mjs"));
    return join(out, "src/main.mjs");
  }),
];

const scriptsIn = (out: string): string[] =>
  readdirSync(join(out, "src"))
    .filter((name) => name.endsWith(".mjs"))
    .map((name) => join(out, "src", name));
