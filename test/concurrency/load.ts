import { compile } from "../../packages/compiler/src/index.ts";

/** Modules that a program may import, by specifier. */
export type Namespaces = Readonly<Record<string, object>>;

export type Workflow = (path: string) => Promise<unknown>;

const ROOT = "/generated";

/** The compiled module. Nothing that it imports is a file, so there is nothing to look up. */
export function compiled(source: string, seed: number): string {
  const result = compile(source, { id: `${ROOT}/seed-${seed}.mjs`, root: ROOT, host: { readFile: () => undefined } });
  if (!result) throw new Error("the compiler left the module untouched");
  return result.code;
}

/** Evaluates a module without a loader: `import` and `export` of the kinds that programs and emitted code have become plain declarations. */
export function evaluate(code: string, namespaces: Namespaces): Workflow {
  const body = code
    .replace(/\bimport \* as (\S+) from ("[^"]+")/g, "const $1 = $modules[$2]")
    .replace(/\bimport (\{[^}]*\}) from ("[^"]+")/g, "const $1 = $modules[$2]")
    .replace(/^export (?=async function|const)/gm, "");
  const make = new Function("$modules", `"use strict"; ${body}\nreturn wf;`) as (modules: Namespaces) => Workflow;
  return make(namespaces);
}
