import { readFileSync } from "node:fs";
import { join } from "node:path";
import { rollup, type OutputOptions, type Plugin } from "rollup";
import { minify } from "terser";
import perdure from "unplugin-perdure/rollup";
import { audit, external, main, options, program, stripsFirst, stripTypes, versioned, type Build } from "../build.ts";

/** Strips types and loads JSON, as plugins do. */
const languages: Plugin = {
  name: "languages",
  load: (id) => (id.endsWith(".json") ? `export default ${readFileSync(id, "utf8")}` : undefined),
  transform: stripTypes,
};

const terser: Plugin = {
  name: "terser",
  async renderChunk(code, _chunk, { format }) {
    const { code: minified = "", map } = await minify(code, {
      module: format === "es",
      toplevel: true,
      sourceMap: true,
    });
    return { code: minified, map: String(map) };
  },
};

const row = (
  name: string,
  output: OutputOptions,
  input: readonly string[] = [main],
  before: readonly Plugin[] = [],
): Build => ({
  name: `${versioned("rollup")}: ${name}`,
  async build(root, out) {
    // the plugin is last in the list; its hooks ask to run first
    const bundle = await rollup({
      input: [...input],
      external: [...external],
      plugins: [...before, languages, perdure(options(root, out))],
    });
    const extension = output.format === "cjs" ? "cjs" : "mjs";
    await bundle.write({
      dir: out,
      sourcemap: true,
      entryFileNames: `[name].${extension}`,
      chunkFileNames: `[name].${extension}`,
      ...output,
    });
    await bundle.close();
    return [join(out, `main.${extension}`)];
  },
});

export const twice: Build = row("two copies of the plugin", {}, [main], [perdure({ root: program })]);

export const late: readonly Build[] = [row("behind a plugin that strips types", {}, [main], [stripsFirst])];

export const rows: readonly Build[] = [
  row("ESM", {}),
  row(`CommonJS, minified by ${versioned("terser")}`, { format: "cjs", plugins: [terser] }),
  row(`two entries with common chunks, minified by ${versioned("terser")}`, { plugins: [terser] }, [main, audit]),
  row("module by module", { preserveModules: true }),
];
