import { build, NoopLogger, type JsPlugin, type UserConfig } from "@farmfe/core";
import { join } from "node:path";
import perdure from "unplugin-perdure/farm";
import { main, options, program, stripTypes, versioned, type Build } from "../build.ts";

type Compilation = NonNullable<UserConfig["compilation"]>;

const row = (name: string, format: "cjs" | "esm", config: Compilation, before: readonly JsPlugin[] = []): Build => ({
  name: `${versioned("@farmfe/core")}: ${name}`,
  ...(config.minify === true && { unmapped: "Farm 1.7 writes an empty source map for a minified entry" }),
  async build(root, out) {
    await build({
      root,
      logger: new NoopLogger(),
      plugins: [...before, perdure(options(root, out))],
      compilation: {
        input: { main },
        external: ["^perdure"],
        output: {
          path: out,
          targetEnv: "node",
          format,
          entryFilename: `[entryName].${format === "cjs" ? "cjs" : "mjs"}`,
          filename: `[resourceName].${format === "cjs" ? "cjs" : "mjs"}`,
        },
        sourcemap: true,
        persistentCache: false,
        ...config,
      },
    });
    return [join(out, format === "cjs" ? "main.cjs" : "main.mjs")];
  },
});

export const twice: Build = row("two copies of the plugin", "esm", { minify: false }, [perdure({ root: program })]);

const stripsFirst: JsPlugin = {
  name: "strips-first",
  priority: 1000,
  transform: {
    filters: { resolvedPaths: ["\\.ts$"] },
    async executor({ content, resolvedPath, moduleType }) {
      const stripped = await stripTypes(content, resolvedPath);
      return stripped && { content: stripped.code, sourceMap: stripped.map, moduleType };
    },
  },
};

export const late: readonly Build[] = [
  row("behind a plugin that strips types", "esm", { minify: false }, [stripsFirst]),
];

export const rows: readonly Build[] = [
  row("ESM, minified", "esm", { minify: true }),
  row("CommonJS", "cjs", { minify: false }),
];
