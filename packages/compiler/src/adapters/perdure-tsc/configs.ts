import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { ts } from "ts-morph";
import { readTsconfig, readTsconfigs, tsconfigPath, type Tsconfig } from "../../typescript/tsconfig.ts";
import type { Invocation } from "./invocation.ts";

/** A project as TypeScript's API reads it. Only the configuration is read here. The project's own compiler does the compiling. */
export interface Config {
  /** Path of the tsconfig, or "" if the command line lists files. */
  readonly path: string;
  readonly options: ts.CompilerOptions;
  readonly files: readonly string[];
}

/**
 * The tsconfigs to compile, referenced projects first. Files listed on the command line form one config without a path. `undefined` if a
 * tsconfig cannot be read.
 */
export function configsOf(invocation: Invocation, directory: string): Config[] | undefined {
  if (invocation.mode === "build") return withReferences(buildRoots(invocation, directory), invocation.options);
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
  // an argument that is not a project is the value of the option before it
  const paths = named.map((each) => tsconfigPath(resolve(directory, each))).filter((path) => existsSync(path));
  return named.length === 0 ? [join(directory, "tsconfig.json")] : paths;
}

function withReferences(roots: readonly string[], overrides: ts.CompilerOptions): Config[] | undefined {
  const configs = readTsconfigs(roots, overrides).map(configOf);
  return configs.every((each) => each !== undefined) ? configs : undefined;
}

/** `undefined` if the file cannot be read. The compiler then reports the reason. */
const configOf = ({ path, parsed }: Tsconfig): Config | undefined =>
  parsed && { path, options: parsed.options, files: parsed.fileNames };
