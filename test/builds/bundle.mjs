/**
 * Builds one entry with one bundler in a process of its own and prints the output of the bundler, then the files it has written:
 * node bundle.mjs <bundler> <root> <entry> <node | browser> [modules with plugins for Bun that run before ours]
 * $OPTIONS: the options of our plugin, in JSON. $EXTERNAL: one more package to leave external
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [, , bundler = "", root = "", entry = "", target = "node", ...first] = process.argv;
const input = join(root, entry);
const out = mkdtempSync(join(tmpdir(), "perdure-out-"));
const browser = target === "browser";
process.chdir(root);

const plugin = async () =>
  (await import(`unplugin-perdure/${bundler}`)).default(JSON.parse(process.env.OPTIONS ?? "{}"));

/** Strips types, as a plugin for TypeScript does. */
const typescript = {
  name: "typescript",
  async transform(code, id) {
    if (!id.endsWith(".ts")) return undefined;
    const esbuild = await import("esbuild");
    return (await esbuild.transform(code, { loader: "ts" })).code;
  },
};

/** webpack and Rspack, with the same configuration. */
async function packs(pack, rule) {
  const stats = await new Promise((resolve, reject) => {
    const configuration = {
      context: root,
      entry: input,
      mode: "development",
      target: browser ? "web" : "node20",
      devtool: false,
      output: { path: out, filename: "main.js" },
      module: { rules: [{ test: /\.ts$/, ...rule }] },
    };
    plugin().then((perdure) =>
      pack(
        { ...configuration, externals: browser ? { perdure: "var {}" } : more, plugins: [perdure] },
        (error, result) => (error ? reject(error) : resolve(result)),
      ),
    );
  });
  const text = stats.toString({ preset: "errors-warnings" });
  if (text !== "") console.log(text);
  if (stats.hasErrors()) process.exitCode = 1;
}

const more = process.env.EXTERNAL === undefined ? [] : [process.env.EXTERNAL];
const external = [/^perdure(?:\/|$)/, ...more];

const build = {
  async rollup() {
    const { rollup } = await import("rollup");
    const bundle = await rollup({ input, external, plugins: [typescript, await plugin()] });
    return bundle.write({ dir: out });
  },
  async rolldown() {
    const { rolldown } = await import("rolldown");
    const bundle = await rolldown({ input, external, platform: target, plugins: [await plugin()] });
    return bundle.write({ dir: out, entryFileNames: "main.js" });
  },
  async vite() {
    const { build } = await import("vite");
    const page = entry.endsWith(".html") ? {} : { rolldownOptions: { input, external } };
    return build({
      root,
      configFile: false,
      plugins: [await plugin()],
      build: { outDir: out, ...page, ...(browser ? {} : { ssr: true }) },
    });
  },
  async esbuild() {
    const { build } = await import("esbuild");
    return build({
      entryPoints: [input],
      bundle: true,
      external: ["perdure", ...more],
      format: "esm",
      platform: target,
      outdir: out,
      plugins: [await plugin()],
    });
  },
  webpack: async () => packs((await import("webpack")).default, { loader: "esbuild-loader" }),
  rspack: async () =>
    packs((await import("@rspack/core")).rspack, {
      loader: "builtin:swc-loader",
      options: { jsc: { parser: { syntax: "typescript" } } },
    }),
  async farm() {
    const { build } = await import("@farmfe/core");
    return build({
      root,
      plugins: [await plugin()],
      compilation: {
        input: { main: input },
        external: ["^perdure"],
        persistentCache: false,
        output: { path: out, targetEnv: target },
      },
    });
  },
  async bun() {
    const before = await Promise.all(first.map(async (file) => (await import(join(root, file))).default));
    return globalThis.Bun.build({
      entrypoints: [input],
      target,
      external: ["perdure", "perdure/*", ...more],
      outdir: out,
      plugins: [...before, await plugin()],
    });
  },
};

try {
  await build[bundler]();
  for (const file of readdirSync(out, { recursive: true }).filter((name) => name.endsWith("js")))
    console.log(`\n// ${file}\n${readFileSync(join(out, file), "utf8")}`);
} catch (error) {
  console.error(error.message, ...(error.errors ?? []).map(({ message, text }) => message ?? text));
  process.exitCode = 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
