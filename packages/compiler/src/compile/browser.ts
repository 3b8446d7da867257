import type { SourceMap } from "magic-string";
import { createDiagnostic, locatorOf, type Origin, type SourceFile } from "../diagnostics/diagnostic.ts";
import { DIRECTIVE_WORDS, type DirectiveWords } from "../directives/directive.ts";
import { pathOf, projectPath } from "../files/paths.ts";
import { isCompiled } from "../phases/1-parse/compiled.ts";
import { findDirectives, mayHoldDirective, type Directives } from "../phases/1-parse/directives.ts";
import { parse, type Parsed } from "../phases/1-parse/parse.ts";
import { buildModel } from "../phases/2-analyze/build/build.ts";
import { parseErrorDiagnostic } from "../phases/2-analyze/diagnose/parse-error.ts";
import { replaceBodies } from "../phases/3-rewrite/stub.ts";
import { CompileError } from "./compile-error.ts";

interface BrowserModule {
  /** Absolute path of the file. A query is ignored. */
  readonly id: string;
  /** The directory that paths in messages are relative to. */
  readonly root: string;
  readonly directives?: Partial<DirectiveWords>;
  readonly origin?: () => Origin | undefined;
}

interface ReachedModule extends BrowserModule {
  /** Absolute paths of the modules that import a module. */
  readonly importers: (path: string) => readonly string[];
  /** The places of the directives that are left. By default all are. */
  readonly left?: readonly Leftover[];
}

/** The place of a directive whose function is in the output of a browser build. */
export interface Leftover {
  /** Path relative to the root. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Replaces the bodies of durable functions, since they cannot run in a browser. What stands there throws an error that says so, and is
 * found in the output by `leftIn`. Returns `undefined` if there is nothing to replace.
 *
 * @throws CompileError if a directive is wrong
 */
export function stubForBrowser(
  source: string,
  module: BrowserModule,
): { readonly code: string; readonly map: SourceMap } | undefined {
  const found = durableIn(source, module);
  if (!found || (found.directives.functions.size === 0 && !found.directives.module)) return undefined;
  const { parsed, directives, file } = found;
  const locate = locatorOf(file);
  const bodies = buildModel(parsed, directives).functions.flatMap(({ name, kind, directive, node }) => {
    const statement = (directive ?? directives.module)?.statement;
    if (kind === undefined || !statement || !node.body) return [];
    const [line, column] = locate(statement.start);
    const text = `${name} is a ${kind}: it runs on a server, and this is browser code. Call it there (an endpoint, a server action) (BROWSER_IMPORT at ${encoded(file.file)}:${line}:${column})`;
    return [{ node: node.body, error: text }];
  });
  return replaceBodies(parsed, bodies);
}

const mark = /\(BROWSER_IMPORT at ([!#-&*-~]+?):(\d+):(\d+)\)/g;

/** The durable functions whose replaced bodies are in the text of an output file. */
export const leftIn = (output: string): Leftover[] =>
  [...output.matchAll(mark)].map(([, file = "", line, column]) => ({
    file: decodeURI(file),
    line: Number(line),
    column: Number(column),
  }));

/** Only characters that every minifier and every kind of string leaves as they are. */
const encoded = (file: string): string =>
  encodeURI(file).replace(/['()]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);

/**
 * Checks a module that is part of what a browser gets.
 *
 * @throws CompileError if the module contains durable functions, with the chain of imports that leads to it
 */
export function checkForBrowser(source: string, module: ReachedModule): void {
  const found = durableIn(source, module);
  if (!found) return;
  const { directives, file } = found;
  const locate = locatorOf(file);
  const isLeft = (start: number): boolean => {
    const [line, column] = locate(start);
    return module.left?.some((each) => each.line === line && each.column === column) ?? true;
  };
  const all = [...(directives.module ? [directives.module] : []), ...directives.functions.values()];
  const left = all.filter(({ statement }) => isLeft(statement.start));
  const [first] = left;
  if (!first) return;
  const what = left.some(({ directive }) => directive.kind === "workflow") ? "workflows" : "tasks";
  const chain = importChain(pathOf(module.id), module.importers).map((each) => projectPath(module.root, pathOf(each)));
  throw new CompileError([createDiagnostic(file, "BROWSER_IMPORT", { file: file.file, what, chain }, first.statement)]);
}

interface Found {
  readonly parsed: Parsed;
  readonly directives: Directives;
  readonly file: SourceFile;
}

/** `undefined` if there are no directives. */
function durableIn(source: string, { id, root, directives: given, origin }: BrowserModule): Found | undefined {
  const words = { ...DIRECTIVE_WORDS, ...given };
  if (!mayHoldDirective(source, words)) return undefined;
  const parsed = parse(id, source);
  const file: SourceFile = { file: projectPath(root, pathOf(id)), source, origin: origin?.() };
  const failure = parseErrorDiagnostic(parsed, file);
  if (failure) throw new CompileError([failure]);
  if (isCompiled(parsed)) return undefined;
  const directives = findDirectives(parsed, words, file);
  const errors = directives.diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new CompileError(errors);
  return { parsed, directives, file };
}

/** The shortest chain of imports from an entry point to `target`. */
function importChain(target: string, importers: (path: string) => readonly string[]): string[] {
  const next = new Map<string, string | undefined>([[target, undefined]]);
  let last = target;
  for (const path of next.keys()) {
    last = path;
    const above = importers(path);
    if (above.length === 0) break;
    for (const each of above) if (!next.has(each)) next.set(each, path);
  }
  const chain: string[] = [];
  for (let at: string | undefined = last; at !== undefined; at = next.get(at)) chain.push(at);
  return chain;
}
