import { join } from "node:path";
import perdure from "unplugin-perdure/webpack";
import webpack, { type Configuration, type RuleSetRule } from "webpack";
import { audit, main, options, program, versioned, type Build } from "../build.ts";

const row = (name: string, loader: RuleSetRule, config: Configuration, file = "main.cjs"): Build => ({
  name: `${versioned("webpack")}: ${name}`,
  async build(root, out) {
    const common: Configuration = {
      context: root,
      entry: { main },
      target: "node20",
      mode: "production",
      devtool: "source-map",
      output: { path: out, filename: "[name].cjs", chunkFilename: "[name].chunk.cjs" },
      module: { rules: [{ test: /\.ts$/, ...loader }] },
      plugins: [perdure(options(root, out))],
    };
    const merged = {
      ...common,
      ...config,
      plugins: [...(config.plugins ?? []), ...(common.plugins ?? [])],
      output: { ...common.output, ...config.output },
    };
    await new Promise<void>((resolve, reject) => {
      webpack(merged, (error, stats) =>
        error || stats?.hasErrors() ? reject(error ?? new Error(stats?.toString("errors-only"))) : resolve(),
      );
    });
    return [join(out, file)];
  },
});

const esbuildLoader = { loader: "esbuild-loader", options: { target: "es2022" } };
const swcLoader = { loader: "swc-loader", options: { jsc: { parser: { syntax: "typescript" }, target: "es2022" } } };
const tsLoader = { loader: "ts-loader", options: { transpileOnly: true } };
const esm: Configuration = {
  experiments: { outputModule: true },
  output: { module: true, chunkFormat: "module", filename: "[name].mjs", chunkFilename: "[name].chunk.mjs" },
};

export const twice: Build = row("two copies of the plugin", swcLoader, { plugins: [perdure({ root: program })] });

export const late: readonly Build[] = [esbuildLoader, swcLoader, tsLoader].map((rule) =>
  row(`behind ${versioned(rule.loader)}`, { ...rule, enforce: "pre" }, {}),
);

export const rows: readonly Build[] = [
  row(`production, CommonJS, ${versioned("swc-loader")}`, swcLoader, {}),
  row(`development, ${versioned("ts-loader")}`, tsLoader, { mode: "development" }),
  row(
    `production, ESM, two entries with common chunks, ${versioned("esbuild-loader")}`,
    esbuildLoader,
    { ...esm, entry: { main, audit }, optimization: { splitChunks: { chunks: "all", minSize: 0 } } },
    "main.mjs",
  ),
];
