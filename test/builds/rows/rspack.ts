import { rspack, type Configuration, type RuleSetRule } from "@rspack/core";
import { join } from "node:path";
import perdure from "unplugin-perdure/rspack";
import { audit, main, options, program, versioned, type Build } from "../build.ts";

const swcLoader = {
  loader: "builtin:swc-loader",
  options: { jsc: { parser: { syntax: "typescript" }, target: "es2022" } },
};

const row = (name: string, config: Configuration, file = "main.cjs", rule: RuleSetRule = swcLoader): Build => ({
  name: `${versioned("@rspack/core")}: ${name}`,
  async build(root, out) {
    const common: Configuration = {
      context: root,
      entry: { main },
      target: "node20",
      mode: "production",
      devtool: "source-map",
      output: { path: out, filename: "[name].cjs", chunkFilename: "[name].chunk.cjs" },
      module: { rules: [{ test: /\.ts$/, ...rule }] },
      plugins: [perdure(options(root, out))],
    };
    const merged = {
      ...common,
      ...config,
      plugins: [...(config.plugins ?? []), ...(common.plugins ?? [])],
      output: { ...common.output, ...config.output },
    };
    await new Promise<void>((resolve, reject) => {
      rspack(merged, (error, stats) =>
        error || stats?.hasErrors() ? reject(error ?? new Error(stats?.toString("errors-only"))) : resolve(),
      );
    });
    return [join(out, file)];
  },
});

const esm: Configuration = {
  output: { module: true, chunkFormat: "module", filename: "[name].mjs", chunkFilename: "[name].chunk.mjs" },
};

export const twice: Build = row("two copies of the plugin", { plugins: [perdure({ root: program })] });

export const late: readonly Build[] = [
  row("behind builtin:swc-loader", {}, "main.cjs", { ...swcLoader, enforce: "pre" }),
];

export const rows: readonly Build[] = [
  row("production, CommonJS", {}),
  row("development", { mode: "development" }),
  row(
    "production, ESM, two entries with common chunks",
    { ...esm, entry: { main, audit }, optimization: { splitChunks: { chunks: "all", minSize: 0 } } },
    "main.mjs",
  ),
];
