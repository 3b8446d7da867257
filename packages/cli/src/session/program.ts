import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { workflowNames } from "perdure/tools";
import { EXIT, Failure } from "./failure.ts";

export type Perdure = typeof import("perdure");

/** What the files of a program export, and the perdure that they use. */
export interface Loaded {
  readonly perdure: Perdure;
  readonly modules: readonly Readonly<Record<string, unknown>>[];
}

/** Files that Node alone cannot run, or that no build has compiled. */
const SOURCE = /\.[cm]?tsx?$/u;
const DIRECTIVE = /["']use (?:workflow|task)\b/u;

/**
 * Loads the files of a program: built ones as they are, TypeScript and (with `register`) JavaScript through `unplugin-perdure/register`.
 * @param options.needsWorkflows - whether a program without a workflow is a mistake
 */
export async function loadProgram(
  files: readonly string[],
  { register = false, needsWorkflows }: { readonly register?: boolean; readonly needsWorkflows: boolean },
): Promise<Loaded> {
  const paths = files.map((file) => resolve(file));
  const [first = ""] = paths;
  if (register || paths.some((path) => SOURCE.test(path))) {
    await importFrom(first, "unplugin-perdure/register", "npm install --save-dev unplugin-perdure");
    const hasTypes = Reflect.get(process.features, "typescript");
    if (!hasTypes && paths.some((path) => SOURCE.test(path)))
      await importFrom(
        first,
        "tsx",
        `Node ${process.versions.node} does not run TypeScript: npm install --save-dev tsx, or build the program`,
      );
  }
  const modules: Record<string, unknown>[] = [];
  const perdure = (await importFrom(first, "perdure", "npm install perdure")) as Perdure;
  for (const path of paths) modules.push(await load(path));
  if (workflowNames().length === 0) assertCompiled(paths, needsWorkflows);
  return { perdure, modules };
}

async function load(path: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND" || !String(error).includes(`'${path}'`))
      throw error;
    throw new Failure(EXIT.usage, "FILE_MISSING", `there is no file ${path}`);
  }
}

/** The package as the file at `path` would import it. */
async function importFrom(path: string, name: string, hint: string): Promise<unknown> {
  let found: string;
  try {
    found = createRequire(path).resolve(name);
  } catch {
    throw new Failure(EXIT.usage, "PACKAGE_MISSING", `${path} cannot import ${name}\n  → ${hint}`);
  }
  return import(pathToFileURL(found).href);
}

/** @throws Failure when the files have directives that no compiler has seen */
function assertCompiled(paths: readonly string[], needsWorkflows: boolean): void {
  const source = paths.find((path) => DIRECTIVE.test(readFileSync(path, "utf8")));
  if (source !== undefined)
    throw new Failure(
      EXIT.usage,
      "NOT_COMPILED",
      `${source} has directives, but was not compiled\n  → name the file that the build with unplugin-perdure makes of it, or use --register`,
    );
  if (needsWorkflows)
    throw new Failure(
      EXIT.usage,
      "NO_WORKFLOW",
      `no workflow is in ${paths.join(", ")}, or in what they import\n  → name the files that the build with unplugin-perdure makes`,
    );
}
