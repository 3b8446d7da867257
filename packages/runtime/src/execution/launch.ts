import { PerdureError } from "@perdure/protocol";
import { inside, type ExecutionInfo } from "../config/instrumentation.ts";
import type { AnyFunction, Body, WorkflowDefinition } from "../definitions/definition.ts";
import { context } from "./current.ts";
import type { RunInMemory } from "./step.ts";

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

/** Calls the body of a workflow inside of what the instrumentation puts around it. */
export function instrumented<R>({ run, host }: Pick<RunInMemory, "run" | "host">, call: () => R): R {
  const { id, workflow, trace, epoch } = run;
  const info = (): ExecutionInfo => ({ run: id, workflow, trace, isResumed: epoch > 1 });
  return inside(host.settings.instrumentation.aroundExecution, info, call, host.log);
}
