import { createDiagnostic, type SourceFile } from "../diagnostics/diagnostic.ts";
import { DIRECTIVE_WORDS, type DirectiveWords } from "../directives/directive.ts";
import { pathOf, projectPath } from "../files/paths.ts";
import { isCompiled } from "../phases/1-parse/compiled.ts";
import { findDirectives, mayHoldDirective } from "../phases/1-parse/directives.ts";
import { parse } from "../phases/1-parse/parse.ts";
import { parseErrorDiagnostic } from "../phases/2-analyze/diagnose/parse-error.ts";
import { CompileError } from "./compile-error.ts";

interface BrowserModule {
  /** Absolute path of the file. A query is ignored. */
  readonly id: string;
  /** The directory that paths in messages are relative to. */
  readonly root: string;
  readonly directives?: Partial<DirectiveWords>;
  /** Absolute paths of the modules that import a module. */
  readonly importers: (path: string) => readonly string[];
}

/**
 * Checks a module of a browser build. Nothing is compiled there, since durable functions cannot run in a browser.
 *
 * @throws CompileError if the module contains durable functions, with the chain of imports that leads to it
 */
export function checkForBrowser(source: string, { id, root, directives, importers }: BrowserModule): void {
  const words = { ...DIRECTIVE_WORDS, ...directives };
  if (!mayHoldDirective(source, words)) return;
  const parsed = parse(id, source);
  const path = pathOf(id);
  const file: SourceFile = { file: projectPath(root, path), source };
  const failure = parseErrorDiagnostic(parsed, file);
  if (failure) throw new CompileError([failure]);
  if (isCompiled(parsed)) return;
  const { functions, module, diagnostics } = findDirectives(parsed, words, file);
  const found = [...(module ? [module] : []), ...functions.values()];
  const [first] = found;
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (first) {
    const what = found.some(({ directive }) => directive.kind === "workflow") ? "workflows" : "tasks";
    const chain = importChain(path, importers).map((each) => projectPath(root, pathOf(each)));
    errors.unshift(createDiagnostic(file, "BROWSER_IMPORT", { file: file.file, what, chain }, first.statement));
  }
  if (errors.length > 0) throw new CompileError(errors);
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
