import { resolve } from "node:path";
import { check, type CheckOptions, type CheckResult } from "unplugin-perdure/check";
import { generatedDirectory } from "../directories.ts";

/** Checks sources, given as file name → text, as a project that can import this repository's packages. */
export function checkSources(
  sources: Readonly<Record<string, string>>,
  options: CheckOptions = {},
  lib: readonly string[] = ["es2023", "esnext.disposable"],
): CheckResult {
  const tsconfig = {
    extends: resolve(import.meta.dirname, "../../tsconfig.base.json"),
    compilerOptions: { lib },
    files: Object.keys(sources),
  };
  const root = generatedDirectory("check", { "tsconfig.json": JSON.stringify(tsconfig), ...sources });
  return check({ tsconfig: root, ...options });
}

/** The diagnostics for tasks that return these types, in the order of the types. */
export function checkTypes(
  types: readonly string[],
  before = "",
  options: CheckOptions = {},
): { readonly code: string; readonly message: string }[][] {
  const tasks = types.map((type, i) => `export async function t${i}(): Promise<${type}> { "use task"; throw 0 }`);
  const { diagnostics, functions } = checkSources({ "tasks.ts": `${before}\n${tasks.join("\n")}` }, options);
  if (functions !== types.length)
    throw new Error(`${functions} of ${types.length} types were checked: the source has an error`);
  const first = before.split("\n").length + 1;
  return types.map((_, i) => diagnostics.filter(({ line }) => line === first + i));
}
