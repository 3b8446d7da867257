import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseSync } from "oxc-parser";
import { compile, CompileError, createProject, nodeHost, type Project } from "unplugin-perdure";
import { DIRECTIVE_WORDS } from "../../packages/compiler/src/directives/directive.ts";
import { DIRECTIVE, inject, withoutDirectives, type Choice } from "./inject.ts";

export interface Built {
  /** The number of functions with a directive, and of those that the compiler refused. */
  functions: number;
  refused: number;
  /** The number of files that the compiler changed. */
  files: number;
}

const scripts = /\.[cm]?js$/;

/** Nested packages, tests and minified files. */
const others = /(?:^|[\\/])(?:node_modules|test)[\\/]|\.min\.[cm]?js$/;

/** The relative paths of the script files in a folder. */
export const scriptsOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => scripts.test(file) && !others.test(file))
    .toSorted();

/**
 * Writes a package twice. `plain` has calls that record which functions run. `compiled` has directives too, and is compiled. `work` gets the
 * sources for the compiler.
 */
export function buildPackage(
  from: string,
  name: string,
  folders: { readonly work: string; readonly plain: string; readonly compiled: string },
  choice: Choice,
): Built {
  const [work, plain, compiled] = [folders.work, folders.plain, folders.compiled].map((folder) =>
    copy(from, join(folder, name)),
  );
  const built: Built = { functions: 0, refused: 0, files: 0 };
  if (work === undefined || plain === undefined || compiled === undefined) return built;
  for (const file of scriptsOf(work)) {
    const injected = inject(readFileSync(join(work, file), "utf8"), `${name}/${file}`, choice);
    if (!injected) continue;
    built.functions += injected.functions;
    writeFileSync(join(work, file), injected.code);
    writeFileSync(join(plain, file), injected.code.replaceAll(`${DIRECTIVE}; `, ""));
  }
  const project = createProject(nodeHost, DIRECTIVE_WORDS, () => work);
  for (const file of scriptsOf(work)) {
    const { code, refused } = compileFile(join(work, file), work, project);
    built.refused += refused;
    if (code !== undefined) built.files++;
    writeFileSync(join(compiled, file), code ?? readFileSync(join(work, file), "utf8"));
  }
  built.functions -= built.refused;
  return built;
}

function copy(from: string, to: string): string {
  mkdirSync(dirname(to), { recursive: true });
  if (!existsSync(to))
    cpSync(from, to, { recursive: true, dereference: true, filter: (path) => !/\.(?:d\.[cm]?ts|map)$/.test(path) });
  return to;
}

/** The documented reasons to refuse a task: a place without a name, and an assignment to a captured variable. */
const refusals = new Set(["PLACE_UNSUPPORTED", "TASK_WRITES_CAPTURED", "TASK_WRITES_OUTSIDE"]);

/** The output, or `undefined` if nothing had to be compiled. Refused directives are removed and counted. @throws Error for any other failure */
export function compileFile(
  path: string,
  root: string,
  project: Project,
): { readonly code: string | undefined; readonly refused: number } {
  const source = readFileSync(path, "utf8");
  try {
    const result = compile(source, { id: path, root, project, warnings: { TASK_WRITES_OUTSIDE: "error" } });
    if (result) assertSound(result.code, source, relative(root, path));
    return { code: result?.code, refused: 0 };
  } catch (error) {
    if (!(error instanceof CompileError))
      throw new Error(`${path}: ${error instanceof Error ? error.stack : String(error)}`, { cause: error });
    const errors = error.diagnostics.filter(({ severity }) => severity === "error");
    if (!errors.every(({ code }) => refusals.has(code))) throw error;
    const starts = new Set(errors.map(({ start }) => start));
    const without = withoutDirectives(source, path, [...starts]);
    writeFileSync(path, without);
    project.invalidate(path);
    const { code, refused } = compileFile(path, root, project);
    return { code, refused: refused + countOf(source) - countOf(without) };
  }
}

const countOf = (source: string): number => source.split(`${DIRECTIVE}; globalThis.$ran`).length;

function assertSound(code: string, source: string, file: string): void {
  const attempts = (["module", "commonjs"] as const).map(
    (sourceType) => parseSync(file, code, { lang: "jsx", sourceType }).errors,
  );
  if (!attempts.some((errors) => errors.length === 0))
    throw new Error(`${file} does not parse: ${attempts[0]?.[0]?.message}`);
  const [before, after] = [source, code].map((text) => text.split("\n").length);
  if (before !== after) throw new Error(`${file} had ${before} lines and has ${after}`);
}
