import { createDiagnostic, type Diagnostic, type SourceFile } from "../../../diagnostics/diagnostic.ts";
import type { DiagnosticParams } from "../../../diagnostics/messages.ts";
import { runtimeParams, type ParameterNode } from "../../../syntax/ast.ts";
import type { FunctionModel } from "../model/model.ts";
import { needsNothing } from "./recoverable.ts";

/** The workflows with a schedule that a process cannot start by their name alone. */
export function diagnoseScheduled(
  functions: readonly FunctionModel[],
  byName: ReadonlySet<FunctionModel>,
  file: SourceFile,
): Diagnostic[] {
  return functions.flatMap((fn) => {
    const { name, node, place, directive } = fn;
    if (directive?.directive.kind !== "workflow" || !directive.directive.schedule || place.kind === "unsupported")
      return [];
    const because = (
      params: Omit<DiagnosticParams<"WORKFLOW_NOT_SCHEDULABLE">, "name">,
      at: { readonly start: number; readonly end: number },
    ): Diagnostic => createDiagnostic(file, "WORKFLOW_NOT_SCHEDULABLE", { name, ...params }, at);
    if (!needsNothing(fn)) return [because({ because: "place" }, directive.statement)];
    if (!byName.has(fn)) return [because({ because: "name" }, directive.statement)];
    const required = runtimeParams(node).find(isRequired);
    return required ? [because({ because: "parameter", parameter: nameOf(required, file.source) }, required)] : [];
  });
}

const isRequired = (param: ParameterNode): boolean =>
  param.type !== "AssignmentPattern" && param.type !== "RestElement" && !("optional" in param && isOptional(param));

/** `x?: string`, for which the types of oxc have no room. */
const isOptional = ({ optional }: { readonly optional?: boolean }): boolean => optional === true;

/** A parameter as it is written, without its type. */
function nameOf(param: ParameterNode, source: string): string {
  const type = "typeAnnotation" in param ? param.typeAnnotation : undefined;
  return source.slice(param.start, type?.start ?? param.end).trim();
}
