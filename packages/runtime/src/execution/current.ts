import type { Scope } from "./scope.ts";
import { registry } from "../definitions/registry.ts";
import type { TaskContext } from "../steps/task.ts";
import { PerdureError } from "@perdure/protocol";

/** The scope of a run that the calling code is in; undefined outside of runs and inside tasks. */
export function currentScope(): Scope | undefined {
  const context = registry.context.getStore();
  return context?.kind === "scope" ? context : undefined;
}

/**
 * The attempt that the calling code belongs to.
 * @throws PerdureError `NOT_IN_A_TASK`
 */
export function taskContext(): TaskContext {
  const context = registry.context.getStore();
  if (context?.kind === "task") return context.task;
  throw new PerdureError("NOT_IN_A_TASK", {});
}
