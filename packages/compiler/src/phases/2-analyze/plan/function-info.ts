import type { FlowInfo, FunctionInfo, Position, TemplatePart } from "@perdure/protocol";
import type { Diagnostic, SourceFile } from "../../../diagnostics/diagnostic.ts";
import type { Flow } from "../../../directives/flow.ts";
import type { IdPart } from "../../../directives/template.ts";
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
  const { name, directive: found } = fn;
  if (!found) return { kind: "helper", name, at };
  const { directive } = found;
  const resolve = (parts: readonly IdPart[]): readonly TemplatePart[] => {
    const resolved = resolveTemplate(parts, fn, found, file);
    diagnostics.push(...resolved.diagnostics);
    return resolved.template;
  };
  const flow = flowInfo(directive.flow, resolve);
  if (directive.kind === "task") {
    const { options } = directive;
    return { kind: "task", name, at, ...(options && { options }), ...flow };
  }
  const { id, timeout, schedule } = directive;
  return {
    kind: "workflow",
    name,
    at,
    ...(id && { id: resolve(id) }),
    recoverable: isRecoverable,
    ...(needsId && { needsId }),
    ...flow,
    ...(timeout !== undefined && { timeout }),
    ...(schedule && { schedule }),
  };
}

function flowInfo(
  flow: Flow | undefined,
  resolve: (parts: readonly IdPart[]) => readonly TemplatePart[],
): { readonly flow?: FlowInfo } {
  if (!flow) return {};
  const { key, ...rest } = flow;
  return { flow: key ? { ...rest, key: resolve(key) } : rest };
}
