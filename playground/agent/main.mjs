// Compiles the agent and its launcher with Vite, then runs the launcher: `node main.mjs [directory for build and store]`
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "vite";

const root = import.meta.dirname;
const home = resolve(process.argv[2] ?? `${root}/.perdure`);

await build({ root, logLevel: "warn", build: { outDir: `${home}/build`, emptyOutDir: true } });
const { launch } = await import(pathToFileURL(`${home}/build/launch.mjs`).href);
process.exitCode = (await launch(home)) ? 0 : 1;
