import { PerdureError } from "@perdure/protocol";
import type { AnyFunction, Body, WorkflowDefinition } from "../definitions/definition.ts";
import { context } from "./current.ts";

/**
 * The body of a workflow's function. Emitted code hands it out before any of it runs.
 * @throws PerdureError `NOT_RECOVERABLE` when calling the function does not reach the workflow
 */
export function bodyOf(definition: WorkflowDefinition, fn: AnyFunction | undefined = definition.fn): Body {
  const launch = { kind: "launch" as const, body: undefined as Body | undefined };
  const self = fn === definition.fn ? definition.holder : undefined;
  void context.run(launch, () => (fn as (() => unknown) | undefined)?.call(self));
  if (!launch.body) throw new PerdureError("NOT_RECOVERABLE", { workflow: definition.info.name });
  return launch.body;
}
