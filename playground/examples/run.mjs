// Compiles src/<example>.ts with esbuild and the Perdure plugin, then runs it: `node run.mjs order-pipeline`
import { mkdirSync, readdirSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import perdure from "unplugin-perdure/esbuild";

const root = import.meta.dirname;
const examples = readdirSync(`${root}/src`).map((file) => file.replace(/\.ts$/, ""));
const [, , name] = process.argv;

if (!examples.includes(name)) {
  console.error(`Which example? node run.mjs ${examples.join(" | ")}`);
  process.exit(1);
}

const output = `${root}/.perdure/${name}.mjs`;
mkdirSync(`${root}/.perdure`, { recursive: true });
process.env.PERDURE_STORE ??= `sqlite:${root}/.perdure/${name}.db`;

await build({
  absWorkingDir: root,
  entryPoints: [`src/${name}.ts`],
  outfile: output,
  bundle: true,
  packages: "external",
  platform: "node",
  target: "node20",
  format: "esm",
  sourcemap: true,
  logLevel: "warning",
  plugins: [perdure()],
});
await import(pathToFileURL(output).href);
