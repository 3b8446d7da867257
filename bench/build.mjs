/** Compiles the measured workflows with the real plugin, as a user would: node build.mjs */
import { mkdirSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../node_modules/.cache/perdure-bench");

export const flowsFile = join(folder, "flows.mjs");

export async function buildFlows() {
  const [{ build }, { default: perdure }] = await Promise.all([import("esbuild"), import("unplugin-perdure/esbuild")]);
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: [join(import.meta.dirname, "flows.ts")],
    outfile: flowsFile,
    bundle: true,
    packages: "external",
    format: "esm",
    platform: "node",
    plugins: [perdure()],
    logLevel: "error",
  });
}
