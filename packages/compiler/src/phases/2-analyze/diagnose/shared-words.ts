import { createDiagnostic, type Diagnostic, type SourceFile } from "../../../diagnostics/diagnostic.ts";
import type { ModuleModel } from "../model/model.ts";

/** Warns if another tool with the same words would compile the file too. */
export function diagnoseSharedWords(
  model: ModuleModel,
  dependencies: () => ReadonlySet<string> | undefined,
  file: SourceFile,
): Diagnostic[] {
  const directed = model.functions.find(
    ({ kind, directive }) => kind === "workflow" && directive?.words === "use workflow",
  );
  if (!directed?.directive) return [];
  const imported = model.imports.some((from) => from === "workflow" || from.startsWith("workflow/"));
  if (!imported && dependencies()?.has("workflow") !== true) return [];
  const params = { directive: directed.directive.words, tool: 'the package "workflow"' };
  return [createDiagnostic(file, "DIRECTIVE_WORDS_SHARED", params, directed.directive.statement)];
}
