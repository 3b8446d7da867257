import { ABI_MODULE } from "@perdure/protocol";
import { isAbsolute } from "node:path";
import { createDiagnostic, type Diagnostic, type SourceFile } from "../diagnostics/diagnostic.ts";
import { DIRECTIVE_WORDS } from "../directives/directive.ts";
import { pathOf, projectPath } from "../files/paths.ts";
import { scriptOf } from "../phases/1-parse/component.ts";
import { isCompiled } from "../phases/1-parse/compiled.ts";
import { findDirectives, mayHoldDirective } from "../phases/1-parse/directives.ts";
import { parse } from "../phases/1-parse/parse.ts";
import { nodeHost } from "../project/host.ts";
import type { CompileOptions } from "./compile.ts";

/** Whether the text is output of this compiler. The search for the module name avoids parsing most files. */
export const wasCompiled = (source: string, id: string): boolean =>
  source.includes(ABI_MODULE) && isCompiled(parse(id, source));

/** Reports the first directive of the file on disk, if another tool has removed all of them from `source`. */
export function lostDirectives(
  source: string,
  { id, root, host = nodeHost, directives }: CompileOptions,
): Diagnostic | undefined {
  const words = { ...DIRECTIVE_WORDS, ...directives };
  const path = pathOf(id);
  // a part of a file (`a.vue?type=template`) need not contain the directives of the file
  if (id !== path || !isAbsolute(path) || mayHoldDirective(source, words) || wasCompiled(source, id)) return undefined;
  const original = host.readFile(path);
  if (original === undefined || !mayHoldDirective(original, words)) return undefined;
  const parsed = parse(path, original);
  if (isCompiled(parsed)) return undefined;
  const file: SourceFile = { file: projectPath(root, path), source: original };
  const { module, functions } = findDirectives(parsed, words, file);
  const first = module ?? functions.values().next().value;
  return first && createDiagnostic(file, "DIRECTIVE_LOST", { file: file.file }, first.statement);
}

/** Reports the first directive of a component on disk. Call it if no module that was made of the component has been compiled. */
export function lostInComponent({ id, root, host = nodeHost, directives }: CompileOptions): Diagnostic | undefined {
  const words = { ...DIRECTIVE_WORDS, ...directives };
  const text = host.readFile(id) ?? "";
  const { id: script, source } = scriptOf(id, text);
  if (!mayHoldDirective(source, words)) return undefined;
  const file: SourceFile = { file: projectPath(root, id), source: text };
  const parsed = parse(script, source);
  const { module, functions } = findDirectives(parsed, words, file);
  const first = module ?? functions.values().next().value;
  if (!first && !parsed.error) return undefined;
  return createDiagnostic(
    file,
    "COMPONENT_NOT_COMPILED",
    { file: file.file },
    first?.statement ?? { start: 0, end: 0 },
  );
}
