import { PerdureError } from "@perdure/protocol";
import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { readPackageJson } from "../../files/package-json.ts";

/** The `tsc` installed in the project. */
export interface Compiler {
  readonly command: string;
  /** Arguments that precede those of the command line. */
  readonly leadingArgs: readonly string[];
  readonly version: string;
}

/**
 * The compiler that `npx tsc` would run in the directory, or the script that `$PERDURE_TSC` names.
 *
 * @throws PerdureError `TSC_NOT_FOUND`
 */
export async function findCompiler(directory: string): Promise<Compiler> {
  const { PERDURE_TSC: named } = process.env;
  if (named !== undefined)
    return { command: process.execPath, leadingArgs: [resolve(directory, named)], version: named };
  const manifest = manifestOf(directory);
  if (manifest === undefined) throw new PerdureError("TSC_NOT_FOUND", { directory });
  const content = readPackageJson(manifest);
  const version = content?.version ?? "";
  const executable = await nativeExecutable(join(dirname(manifest), "lib/getExePath.js"));
  if (executable !== undefined) return { command: executable, leadingArgs: [], version };
  return {
    command: process.execPath,
    leadingArgs: [resolve(dirname(manifest), content?.command("tsc") ?? "bin/tsc")],
    version,
  };
}

function manifestOf(directory: string): string | undefined {
  try {
    return createRequire(join(directory, "package.json")).resolve("typescript/package.json");
  } catch {
    return undefined;
  }
}

/** TypeScript 7 is a native executable. It is started directly, since killing the script that wraps it would not kill the executable. */
async function nativeExecutable(module: string): Promise<string | undefined> {
  if (!existsSync(module)) return undefined;
  const { default: getExePath }: { default?: unknown } = await import(pathToFileURL(module).href);
  const path: unknown = typeof getExePath === "function" ? getExePath() : undefined;
  return typeof path === "string" ? path : undefined;
}

/** Runs the compiler with inherited output. */
export const runVisibly = (compiler: Compiler, args: readonly string[]): ChildProcess =>
  start(compiler, args, { stdio: "inherit" });

/** Runs the compiler and returns its output. */
export async function runQuietly(
  compiler: Compiler,
  args: readonly string[],
  cwd: string,
): Promise<{ readonly code: number; readonly output: string }> {
  const child = start(compiler, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => chunks.push(chunk));
  const code = await codeOf(child);
  return { code, output: Buffer.concat(chunks).toString("utf8") };
}

/** Starts the compiler, which is killed when this process exits. */
function start({ command, leadingArgs }: Compiler, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(command, [...leadingArgs, ...args], options);
  const end = (): void => void child.kill();
  process.once("exit", end);
  child.once("close", () => process.removeListener("exit", end));
  return child;
}

export const codeOf = (child: ChildProcess): Promise<number> =>
  new Promise((done, failed) => {
    child.once("error", failed);
    child.once("close", (code) => done(code ?? 1));
  });
