import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { build } from "esbuild";
import perdure from "unplugin-perdure/esbuild";
import { onTestFinished } from "vitest";

const generated = resolve(import.meta.dirname, ".generated");

/** Compiles a program with the esbuild plugin, as a user would, and gives the file to run with Node. `beside`: further files, by name. */
export async function buildProgram(
  source: string,
  name = "program",
  beside: Readonly<Record<string, string>> = {},
): Promise<string> {
  mkdirSync(generated, { recursive: true });
  const directory = mkdtempSync(join(generated, `${name}-`));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const entry = join(directory, `${name}.ts`);
  for (const [file, text] of Object.entries({ ...beside, [`${name}.ts`]: source })) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), text);
  }
  const outfile = join(directory, `${name}.mjs`);
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    packages: "external",
    format: "esm",
    platform: "node",
    sourcemap: true,
    plugins: [perdure({ root: directory })],
  });
  return outfile;
}

export interface Program {
  readonly process: ChildProcess;
  readonly output: () => string;
  /** Resolves when the output holds the text. */
  readonly printed: (text: string) => Promise<void>;
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/** Runs it in a process of its own, which ends with the test at the latest. */
export function run(file: string, env: Record<string, string> = {}, cwd = process.cwd()): Program {
  const child = spawn(process.execPath, ["--enable-source-maps", file], {
    env: { ...process.env, ...env },
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  const listeners = new Set<() => void>();
  const heard = (chunk: Buffer): void => {
    output += chunk.toString();
    for (const listener of listeners) listener();
  };
  child.stdout.on("data", heard);
  child.stderr.on("data", heard);
  const ended = new Promise<number | NodeJS.Signals | null>((resolveEnd) =>
    child.once("close", (code, signal) => resolveEnd(code ?? signal)),
  );
  const printed = (text: string): Promise<void> =>
    new Promise((found, failed) => {
      const look = (): void => {
        if (!output.includes(text)) return;
        listeners.delete(look);
        found();
      };
      listeners.add(look);
      look();
      void ended.then(() =>
        output.includes(text) ? found() : failed(new Error(`the program ended without printing "${text}":\n${output}`)),
      );
    });
  return { process: child, output: () => output, printed, ended };
}
