import type { FunctionInfo, Position } from "@perdure/protocol";
import type { Diagnostic, SourceFile } from "../../../diagnostics/diagnostic.ts";
import type { FunctionModel } from "../model/model.ts";
import { resolveTemplate } from "./template.ts";

/** The entry of a function in `ModuleInfo`. */
export function functionInfo(
  fn: FunctionModel,
  at: Position,
  isRecoverable: boolean,
  needsId: boolean,
  file: SourceFile,
  diagnostics: Diagnostic[],
): FunctionInfo {
  const { name, directive } = fn;
  if (directive?.directive.kind === "task") {
    const { options } = directive.directive;
    return options === undefined ? { kind: "task", name, at } : { kind: "task", name, at, options };
  }
  if (directive?.directive.kind !== "workflow") return { kind: "helper", name, at };
  const { id } = directive.directive;
  if (id === undefined) return { kind: "workflow", name, at, recoverable: isRecoverable, ...(needsId && { needsId }) };
  const resolved = resolveTemplate(id, fn, directive, file);
  diagnostics.push(...resolved.diagnostics);
  return { kind: "workflow", name, at, id: resolved.template, recoverable: isRecoverable };
}
