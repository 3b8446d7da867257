import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { ts } from "ts-morph";
import { readTsconfig, readTsconfigs, tsconfigPath, type Tsconfig } from "../../typescript/tsconfig.ts";
import type { Invocation } from "./invocation.ts";

/** A project as TypeScript's own API reads it. It compiles nothing here: the project's own compiler does. */
export interface Config {
  /** Path of the tsconfig; "" where the command line names files. */
  readonly path: string;
  readonly options: ts.CompilerOptions;
  readonly files: readonly string[];
}

/** The tsconfigs to compile, each behind those that it refers to. `undefined` when one cannot be read. Files that are named stand for themselves. */
export function configsOf(invocation: Invocation, directory: string): Config[] | undefined {
  if (invocation.wants === "build") return withReferences(buildRoots(invocation, directory), invocation.options);
  if (invocation.named.length > 0 && invocation.project === undefined) {
    return [{ path: "", options: invocation.options, files: invocation.named.map((each) => resolve(directory, each)) }];
  }
  const path =
    invocation.project === undefined
      ? ts.findConfigFile(directory, ts.sys.fileExists)
      : tsconfigPath(resolve(directory, invocation.project));
  const config = path === undefined ? undefined : configOf(readTsconfig(path, invocation.options));
  return config && [config];
}

function buildRoots({ named }: Invocation, directory: string): string[] {
  // an argument that no project has is the value of an option in front of it
  const paths = named.map((each) => tsconfigPath(resolve(directory, each))).filter((path) => existsSync(path));
  return named.length === 0 ? [join(directory, "tsconfig.json")] : paths;
}

function withReferences(roots: readonly string[], overrides: ts.CompilerOptions): Config[] | undefined {
  const configs = readTsconfigs(roots, overrides).map(configOf);
  return configs.every((each) => each !== undefined) ? configs : undefined;
}

/** `undefined` when it cannot be read; the compiler then says why. */
const configOf = ({ path, parsed }: Tsconfig): Config | undefined =>
  parsed && { path, options: parsed.options, files: parsed.fileNames };
