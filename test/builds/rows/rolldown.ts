import { join } from "node:path";
import { rolldown, type InputOptions, type OutputOptions, type Plugin } from "rolldown";
import perdure from "unplugin-perdure/rolldown";
import { audit, external, main, options, program, stripsFirst, versioned, type Build } from "../build.ts";

const row = (name: string, output: OutputOptions, input: InputOptions = {}, before: readonly Plugin[] = []): Build => ({
  name: `${versioned("rolldown")}: ${name}`,
  async build(root, out) {
    const bundle = await rolldown({
      cwd: root,
      input: main,
      platform: "node",
      external: [...external],
      plugins: [...before, perdure(options(root, out))],
      ...input,
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

export const twice: Build = row("two copies of the plugin", {}, {}, [perdure({ root: program })]);

export const late: readonly Build[] = [row("behind a plugin that strips types", {}, {}, [stripsFirst])];

export const rows: readonly Build[] = [
  row("ESM, minified", { minify: true }),
  row("CommonJS", { format: "cjs" }),
  row("two entries with common chunks", {}, { input: [main, audit] }),
  row("module by module", { preserveModules: true }),
  row("the runtime inside of the bundle", {}, { external: [] }),
];
