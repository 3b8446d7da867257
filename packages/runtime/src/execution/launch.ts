import { PerdureError } from "@perdure/protocol";
import type { Encoded } from "@perdure/store";
import { inside, type ExecutionInfo } from "../config/instrumentation.ts";
import type { AnyFunction, Body, WorkflowDefinition } from "../definitions/definition.ts";
import { storableFailure } from "../values/thrown.ts";
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

/** How the body of a workflow ended. */
export type Outcome = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown };

/**
 * What is recorded of the end of a run.
 * @throws PerdureError `VALUE_NOT_STORABLE`
 */
export function outputOf({ run, host: { values } }: Pick<RunInMemory, "run" | "host">, outcome: Outcome): Encoded {
  const what = `workflow ${run.workflow}`;
  if (outcome.ok) return values.encode(outcome.value, `${what} returned`);
  return values.encode(storableFailure(values, outcome.error, what), `${what} threw`);
}
