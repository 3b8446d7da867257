/**
 * Builds one entry with one bundler in a process of its own and prints the output of the bundler, then the files it has written:
 * node bundle.mjs <bundler> <root> <entry> <node | browser> [modules with plugins for Bun that run before ours]
 * $MODE: development or production, for webpack and Rspack. $OPTIONS: the options of our plugin, in JSON. $EXTERNAL: one more package to leave external
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [, , bundler = "", root = "", entry = "", target = "node", ...first] = process.argv;
const input = join(root, entry);
const out = mkdtempSync(join(tmpdir(), "perdure-out-"));
const browser = target === "browser";
process.chdir(root);

const onManifest = (manifest) => process.env.MANIFEST && console.log(`manifest: ${JSON.stringify(manifest)}`);
const options = JSON.parse(process.env.OPTIONS ?? "{}");
const plugin = async () => (await import(`unplugin-perdure/${bundler}`)).default({ ...options, onManifest });

/** An alias that only the bundler knows. */
const alias = { "@lib": join(root, "lib") };
const aliases = {
  name: "aliases",
  resolveId(source) {
    return source.startsWith("@lib/") ? join(root, "lib", source.slice(5)) : undefined;
  },
};

const virtualCode = (id) => `export * from ${JSON.stringify(join(root, "lib", id.replace(/^.*:/, "")))};`;

/** Makes `virtual:help.ts` a module that exports all of `lib/help.ts`, and imports from there what `auto$` begins. */
const virtual = {
  name: "virtual",
  resolveId: (source) => (source.startsWith("virtual:") ? `\0${source}` : undefined),
  load: (id) => (id.startsWith("\0virtual:") ? virtualCode(id) : undefined),
  transform(code, id) {
    const [name, exported] = /\bauto\$(\w+)/.exec(code) ?? [];
    if (!id.endsWith("order.ts") || name === undefined) return undefined;
    return `import { ${exported} as ${name} } from ${JSON.stringify(join(root, "lib/help.ts"))};${code}`;
  },
};

/** The same for esbuild and Bun, without the automatic import. */
const virtualSetup = {
  name: "virtual",
  setup(build) {
    build.onResolve({ filter: /^virtual:/ }, ({ path }) => ({ path: path.slice(8), namespace: "virtual" }));
    build.onLoad({ filter: /.*/, namespace: "virtual" }, ({ path }) => ({
      contents: virtualCode(path),
      loader: "js",
      resolveDir: root,
    }));
  },
};

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
      mode: process.env.MODE,
      target: browser ? "web" : "node20",
      devtool: false,
      output: { path: out, filename: "main.js" },
      module: { rules: [{ test: /\.ts$/, ...rule }] },
      resolve: { alias },
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
    const bundle = await rollup({ input, external, plugins: [aliases, virtual, typescript, await plugin()] });
    return bundle.write({ dir: out });
  },
  async rolldown() {
    const { rolldown } = await import("rolldown");
    const bundle = await rolldown({
      input,
      external,
      platform: target,
      resolve: { alias },
      plugins: [virtual, await plugin()],
    });
    return bundle.write({ dir: out, entryFileNames: "main.js" });
  },
  async vite() {
    const { build } = await import("vite");
    const page = entry.endsWith(".html") ? {} : { rolldownOptions: { input, external } };
    return build({
      root,
      configFile: false,
      resolve: { alias },
      plugins: [virtual, await plugin()],
      build: { outDir: out, ...page, ...(browser ? {} : { ssr: true }) },
    });
  },
  async esbuild() {
    const { build } = await import("esbuild");
    return build({
      entryPoints: [input],
      bundle: true,
      external: ["perdure", ...more],
      alias,
      format: "esm",
      platform: target,
      outdir: out,
      plugins: [virtualSetup, await plugin()],
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
        resolve: { alias },
        output: { path: out, targetEnv: target },
      },
    });
  },
  async bun() {
    const before = await Promise.all(first.map(async (file) => (await import(join(root, file))).default));
    const bunAliases = {
      name: "aliases",
      setup: (build) =>
        build.onResolve({ filter: /^@lib\// }, ({ path }) => ({ path: join(root, "lib", path.slice(5)) })),
    };
    return globalThis.Bun.build({
      entrypoints: [input],
      target,
      external: ["perdure", "perdure/*", ...more],
      outdir: out,
      plugins: [bunAliases, virtualSetup, ...before, await plugin()],
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
