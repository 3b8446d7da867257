import { join } from "node:path";
import { rolldown, type InputOptions, type OutputOptions } from "rolldown";
import perdure from "unplugin-perdure/rolldown";
import { audit, external, main, options, versioned, type Build } from "../build.ts";

const row = (name: string, output: OutputOptions, input: InputOptions = {}): Build => ({
  name: `${versioned("rolldown")}: ${name}`,
  async build(root, out) {
    const bundle = await rolldown({ cwd: root, input: main, platform: "node", external: [...external], plugins: [perdure(options(root, out))], ...input });
    const extension = output.format === "cjs" ? "cjs" : "mjs";
    await bundle.write({ dir: out, sourcemap: true, entryFileNames: `[name].${extension}`, chunkFileNames: `[name].${extension}`, ...output });
    await bundle.close();
    return [join(out, `main.${extension}`)];
  },
});

export const rows: readonly Build[] = [
  row("ESM, minified", { minify: true }),
  row("CommonJS", { format: "cjs" }),
  row("two entries with common chunks", {}, { input: [main, audit] }),
  row("module by module", { preserveModules: true }),
  row("the runtime inside of the bundle", {}, { external: [] }),
];
