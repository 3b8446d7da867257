import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { check, type CheckOptions, type CheckResult } from "unplugin-perdure/check";
import { onTestFinished } from "vitest";

/** Checks sources, given as file name → text, as a project that has this repository's packages. */
export function checkSources(
  sources: Readonly<Record<string, string>>,
  options: CheckOptions = {},
  lib: readonly string[] = ["es2023", "esnext.disposable"],
): CheckResult {
  const generated = resolve(import.meta.dirname, "../.generated");
  mkdirSync(generated, { recursive: true });
  const root = mkdtempSync(join(generated, "check-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const tsconfig = {
    extends: resolve(import.meta.dirname, "../../tsconfig.base.json"),
    compilerOptions: { lib },
    files: Object.keys(sources),
  };
  for (const [file, text] of Object.entries({ "tsconfig.json": JSON.stringify(tsconfig), ...sources })) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return check({ tsconfig: root, ...options });
}

/** What the check says about tasks that return these types, by their order. */
export function checkTypes(
  types: readonly string[],
  before = "",
  options: CheckOptions = {},
): { readonly code: string; readonly message: string }[][] {
  const tasks = types.map((type, i) => `export async function t${i}(): Promise<${type}> { "use task"; throw 0 }`);
  const { diagnostics, functions } = checkSources({ "tasks.ts": `${before}\n${tasks.join("\n")}` }, options);
  if (functions !== types.length)
    throw new Error(`${functions} of ${types.length} types were checked: the source has a mistake`);
  const first = before.split("\n").length + 1;
  return types.map((_, i) => diagnostics.filter(({ line }) => line === first + i));
}
