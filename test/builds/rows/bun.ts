import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { audit, main, versioned, write, type Build } from "../build.ts";

const run = promisify(execFile);
const bun = join(import.meta.dirname, "../../../node_modules/.bin/bun");

/** Bun's bundler is available only in Bun. */
const row = (name: string, config: object, file: string, copies = 1): Build => ({
  name: `${versioned("bun")}: ${name}`,
  async build(root, out) {
    const script = join(out, "build.mjs");
    write(script, source(root, out, config, copies));
    await run(bun, [script], { cwd: root });
    return [join(out, file)];
  },
});

const source = (root: string, out: string, config: object, copies: number): string => `
import { writeFileSync } from "node:fs";
import perdure from "unplugin-perdure/bun";

const root = ${JSON.stringify(root)};
const onManifest = (manifest) => writeFileSync(${JSON.stringify(join(out, "manifest.json"))}, JSON.stringify(manifest));
const result = await Bun.build({
  root: root + "/src",
  outdir: ${JSON.stringify(out)},
  target: "node",
  external: ["perdure", "perdure/*"],
  sourcemap: "linked",
  plugins: [...Array.from({ length: ${copies - 1} }, () => perdure({ root })), perdure({ root, onManifest })],
  ...${JSON.stringify(config)},
});
for (const log of result.logs) console.error(String(log));
`;

export const twice: Build = row(
  "two copies of the plugin",
  { entrypoints: [main], naming: "[name].mjs" },
  "main.mjs",
  2,
);

export const rows: readonly Build[] = [
  row("ESM, minified", { entrypoints: [main], minify: true, naming: "[name].mjs" }, "main.mjs"),
  row("CommonJS", { entrypoints: [main], format: "cjs", naming: "[name].cjs" }, "main.cjs"),
  row(
    "two entries with common chunks",
    { entrypoints: [main, audit], splitting: true, naming: { entry: "[name].mjs", chunk: "[name]-[hash].mjs" } },
    "main.mjs",
  ),
];
