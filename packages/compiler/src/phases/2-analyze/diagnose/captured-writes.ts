import type { DiagnosticCode } from "../../../diagnostics/messages.ts";
import type { Analysis } from "../model/analysis.ts";
import type { CapturedWrite, ModuleModel } from "../model/model.ts";

/**
 * The message about a task's assignment to a variable outside of it. What belongs to a run is lost in a replay. What outlives runs is only lost where
 * something relies on it: a value that each process makes for itself is fine, and so is a counter of the module.
 */
export function capturedWriteCode(
  { variableOf, form }: CapturedWrite,
  { functions }: ModuleModel,
  { durable }: Analysis,
): Extract<DiagnosticCode, "TASK_WRITES_CAPTURED" | "TASK_WRITES_OUTSIDE"> | undefined {
  for (let at = variableOf; at !== undefined; at = functions[at]?.parent)
    if (durable[at] === true || functions[at]?.kind === "workflow") return "TASK_WRITES_CAPTURED";
  if (form === "fill" || (form === "count" && variableOf === undefined)) return undefined;
  return "TASK_WRITES_OUTSIDE";
}
