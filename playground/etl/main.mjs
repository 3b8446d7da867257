// Compiles the pipeline and its launcher with Vite, then runs the launcher: `node main.mjs [directory for build, stores and reports]`
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "vite";
import { inspectorOf } from "./inspector.mjs";

const root = import.meta.dirname;
const home = resolve(process.argv[2] ?? `${root}/.perdure`);

await build({ root, logLevel: "warn", build: { outDir: `${home}/build`, emptyOutDir: true } });
const { launch } = await import(pathToFileURL(`${home}/build/launch.mjs`).href);
const isRight = await launch(home);
process.exitCode = isRight ? 0 : 1;
if (isRight)
  console.log(`npm run inspect shows the killed run, its lives and its steps, at\n${inspectorOf(home).url}\n`);
