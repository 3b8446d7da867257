import { build, NoopLogger, type UserConfig } from "@farmfe/core";
import { join } from "node:path";
import perdure from "unplugin-perdure/farm";
import { main, options, versioned, type Build } from "../build.ts";

type Compilation = NonNullable<UserConfig["compilation"]>;

const row = (name: string, format: "cjs" | "esm", config: Compilation): Build => ({
  name: `${versioned("@farmfe/core")}: ${name}`,
  ...(config.minify === true && { unmapped: "Farm 1.7 writes an empty source map for a minified entry" }),
  async build(root, out) {
    await build({
      root,
      logger: new NoopLogger(),
      plugins: [perdure(options(root, out))],
      compilation: {
        input: { main },
        external: ["^perdure"],
        output: { path: out, targetEnv: "node", format, entryFilename: `[entryName].${format === "cjs" ? "cjs" : "mjs"}`, filename: `[resourceName].${format === "cjs" ? "cjs" : "mjs"}` },
        sourcemap: true,
        persistentCache: false,
        ...config,
      },
    });
    return [join(out, format === "cjs" ? "main.cjs" : "main.mjs")];
  },
});

export const rows: readonly Build[] = [row("ESM, minified", "esm", { minify: true }), row("CommonJS", "cjs", { minify: false })];
