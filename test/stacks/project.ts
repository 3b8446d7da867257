import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { onTestFinished } from "vitest";

const generated = resolve(import.meta.dirname, "../.generated");

/** A project on disk that is gone after the test. */
export interface Project {
  readonly root: string;
  readonly path: (file: string) => string;
  readonly write: (file: string, text: string) => string;
}

export function createProject(files: Readonly<Record<string, string>>): Project {
  mkdirSync(generated, { recursive: true });
  const root = mkdtempSync(join(generated, "stacks-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const path = (file: string): string => join(root, file);
  const write = (file: string, text: string): string => {
    mkdirSync(dirname(path(file)), { recursive: true });
    writeFileSync(path(file), text);
    return path(file);
  };
  for (const [file, text] of Object.entries(files)) write(file, text);
  return { root, path, write };
}

/** Runs Node in the project and gives what it printed. @throws Error with all of the output when it fails */
export async function node({ root }: Project, ...args: readonly string[]): Promise<string> {
  const { NODE_OPTIONS: _options, VITEST: _vitest, ...env } = process.env;
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  const heard = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout.on("data", heard);
  child.stderr.on("data", heard);
  const code = await new Promise<number | null>((ended) => child.once("close", ended));
  if (code !== 0) throw new Error(`node ${args.join(" ")} ended with ${code}:\n${output}`);
  return output;
}
