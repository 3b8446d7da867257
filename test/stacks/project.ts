import { join } from "node:path";
import { generatedDirectory, writeFiles } from "../directories.ts";
import { RunningProgram } from "../running-program.ts";

/** A project on disk, removed after the test. */
export interface Project {
  readonly root: string;
  readonly path: (file: string) => string;
  readonly write: (file: string, text: string) => string;
}

export function createProject(files: Readonly<Record<string, string>>): Project {
  const root = generatedDirectory("stacks", files);
  const path = (file: string): string => join(root, file);
  const write = (file: string, text: string): string => {
    writeFiles(root, { [file]: text });
    return path(file);
  };
  return { root, path, write };
}

/** Runs Node in the project and returns its output. @throws Error with the whole output if it fails */
export async function node({ root }: Project, ...args: readonly string[]): Promise<string> {
  const { NODE_OPTIONS: _options, VITEST: _vitest, ...env } = process.env;
  return new RunningProgram(process.execPath, args, { cwd: root, env }).exits(0);
}
