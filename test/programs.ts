import { dirname, join } from "node:path";
import { build } from "esbuild";
import perdure from "unplugin-perdure/esbuild";
import { generatedDirectory } from "./directories.ts";
import { RunningProgram } from "./running-program.ts";

/**
 * Compiles a program with the esbuild plugin, as a user would, and returns the file to run with Node.
 * @param beside - further files, by name
 */
export async function buildProgram(
  source: string,
  name = "program",
  beside: Readonly<Record<string, string>> = {},
): Promise<string> {
  const directory = generatedDirectory(name, { ...beside, [`${name}.ts`]: source });
  const outfile = join(directory, `${name}.mjs`);
  await bundle(join(directory, `${name}.ts`), outfile);
  return outfile;
}

/** Compiles a file of a program with what it imports into one file. Its directory is the root of the project. */
export async function bundle(file: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [file],
    outfile,
    bundle: true,
    packages: "external",
    format: "esm",
    platform: "node",
    sourcemap: true,
    plugins: [perdure({ root: dirname(file) })],
  });
}

/** Runs a built program in a process of its own. */
export const run = (file: string, env: Record<string, string> = {}, cwd = process.cwd()): RunningProgram =>
  new RunningProgram(process.execPath, ["--enable-source-maps", file], { env: { ...process.env, ...env }, cwd });
