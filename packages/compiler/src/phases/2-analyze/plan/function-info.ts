import type { FunctionInfo, Position } from "@perdure/protocol";
import type { Diagnostic, SourceFile } from "../../../diagnostics/diagnostic.ts";
import type { FunctionModel } from "../model/model.ts";
import { resolveTemplate } from "./template.ts";

/** The entry of a function in `ModuleInfo`. */
export function functionInfo(
  fn: FunctionModel,
  at: Position,
  isRecoverable: boolean,
  isClosure: boolean,
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
  if (id === undefined) {
    const needsId = isClosure || usesInstance(fn) ? { needsId: true as const } : {};
    return { kind: "workflow", name, at, recoverable: isRecoverable, ...needsId };
  }
  const resolved = resolveTemplate(id, fn, directive, file);
  diagnostics.push(...resolved.diagnostics);
  return { kind: "workflow", name, at, id: resolved.template, recoverable: isRecoverable };
}

/** Whether it is a method of one of several objects, and uses that object. */
const usesInstance = ({ place, repeated, usesThis, usesSuper }: FunctionModel): boolean =>
  (usesThis || usesSuper) &&
  (place.kind === "classMethod" ? !place.isStatic || repeated : place.kind === "method" && repeated);
