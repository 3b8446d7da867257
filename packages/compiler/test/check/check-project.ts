import { symlinkSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { check, type CheckOptions, type CheckResult } from "../../src/check/index.ts";
import { temporaryProject, type TemporaryProject } from "../temporary-project.ts";

const installed = resolve(import.meta.dirname, "../../../../node_modules");

export const tsconfig = (options: object = {}, more: object = { include: ["src"] }): string =>
  JSON.stringify({
    compilerOptions: { strict: true, module: "nodenext", target: "es2023", lib: ["es2023"], types: [], ...options },
    ...more,
  });

/** A TypeScript project on disk. `packages` are linked from this repository. */
export function typescriptProject(
  files: Readonly<Record<string, string>>,
  packages: readonly string[] = [],
): TemporaryProject {
  const project = temporaryProject({ "package.json": `{ "type": "module" }`, "tsconfig.json": tsconfig(), ...files });
  for (const name of packages) {
    const link = project.path(`node_modules/${name}`);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(resolve(installed, name), link);
  }
  return project;
}

export function checkFiles(
  files: Readonly<Record<string, string>>,
  { packages = [], ...options }: CheckOptions & { readonly packages?: readonly string[] } = {},
): CheckResult {
  return check({ tsconfig: typescriptProject(files, packages).root, ...options });
}

/** The code and message of each diagnostic. */
export const said = ({ diagnostics }: CheckResult): string[] =>
  diagnostics.map(({ code, message }) => `${code} ${message}`);
