import { PerdureError, type MessageCode } from "@perdure/protocol";
import type { Body, WorkflowDefinition } from "../definitions/definition.ts";
import { childRunId, runIdOf } from "../definitions/run-id.ts";
import type { ChildRequest, StepDetails } from "../execution/host.ts";
import type { Scope } from "../execution/scope.ts";
import type { LiveStep } from "../execution/step.ts";
import type { StartRequest } from "../queues/conditions.ts";
import type { CancelledError } from "../values/errors.ts";
import { snapshot } from "../values/snapshot.ts";

type Caller = Parameters<NonNullable<StepDetails["request"]>>[0];

interface ChildCall {
  readonly definition: WorkflowDefinition;
  readonly args: readonly unknown[];
  readonly id?: string | undefined;
  readonly body?: Body;
  readonly location: string | undefined;
  readonly conditions?: StartRequest;
}

/**
 * The call with its arguments and id as they are now. An id that cannot be made is an error of the caller, the same in every replay. A start that may join
 * another run is no other run with the same arguments: its id is made of the parent's.
 */
const prepared = (call: ChildCall): ChildCall => ({
  ...call,
  args: snapshot(call.args),
  id: call.id ?? (call.conditions?.gather ? undefined : runIdOf(call.definition, call.args)),
});

/** The id that the call or the workflow gives, or one made of the parent's: two calls are two runs, the same two in every replay until a restart. */
const idOf = ({ id, definition }: ChildCall, { execution: { run }, call }: Caller): string =>
  id ?? childRunId(definition.info.name, `${run.id}${run.restarts > 0 ? `:${run.restarts}` : ""}`, call.id);

/** A workflow called in a workflow: a child run, whose outcome is a step of the caller. */
export function childStep(scope: Scope, asCalled: ChildCall): Promise<unknown> {
  const call = prepared(asCalled);
  const { name } = call.definition.info;
  return scope.call({
    kind: "child",
    name,
    what: call.definition.key,
    input: call.args,
    location: call.location,
    definition: call.definition,
    request: (caller) => ({ ...call, id: idOf(call, caller), parent: caller.execution.run.id }),
    begin: (step) => void runChild(step, call),
    cancelled: (step, error) => void cancelChild(step, call, error),
  });
}

async function runChild(step: LiveStep, call: ChildCall): Promise<void> {
  const { host, run } = step.execution;
  // a child that an earlier execution began may have failed since: then the step fails
  const ifFailed = step.kept ? "attach" : run.restarts > 0 ? "restart" : "retry";
  const inContext = <R>(fn: () => R): R => step.call.inContext(fn);
  const request = { ...call, id: idOf(call, step), parent: run.id, ifFailed, inContext } as const;
  step.target = request.id;
  if (!step.kept) step.keep(undefined, () => {}); // the end of the child wakes the callers that have an open step for it
  await followChild(step, request, () => host.begin(request));
}

/** The run was cancelled, and an earlier execution may have begun the child: cancels it too. */
async function cancelChild(step: LiveStep, call: ChildCall, error: CancelledError): Promise<void> {
  const { host } = step.execution;
  const request = { ...call, id: idOf(call, step) };
  try {
    await host.cancel(request.id, error.reason);
  } catch (problem) {
    return isCode(problem, "RUN_NOT_FOUND") ? step.fail(error) : step.execution.stop(problem);
  }
  await followChild(step, request, () => Promise.resolve());
}

const isCode = (error: unknown, ...codes: MessageCode[]): boolean =>
  error instanceof PerdureError && codes.includes(error.code);

/** Whether the arguments or the id of the call are wrong, in this and every later attempt. */
const isOfTheCall = (error: unknown): boolean =>
  isCode(
    error,
    "RUN_INPUT_DIFFERS",
    "RUN_WORKFLOW_DIFFERS",
    "RUN_ID_INVALID",
    "RUN_COMPENSATED",
    "QUEUE_KEY_INVALID",
    "SCHEMA_REFUSED",
    "VALUE_NOT_STORABLE",
  );

async function followChild(step: LiveStep, request: ChildRequest, begin: () => Promise<unknown>): Promise<void> {
  const { host } = step.execution;
  const { id } = request;
  let hasBegun = false;
  // a run with a queue lends its slot meanwhile, so it leaves memory although the child is here
  const lendsSlot = step.execution.run.queue !== undefined;
  step.waitsElsewhere = () => hasBegun && host.isElsewhere(id, lendsSlot);
  if (id === step.execution.run.id)
    return step.fail(new PerdureError("RUN_OF_ITSELF", { run: id, workflow: step.execution.run.workflow }));
  const begun = begin();
  step.onCancel = (reason) =>
    void begun.then(() => host.cancel(id, reason)).catch((error: unknown) => step.execution.stop(error));
  try {
    await begun.catch((error: unknown) => {
      if (!isOfTheCall(error)) throw error;
      step.fail(error);
    });
    hasBegun = true;
    if (!step.active) return;
    const { status, output } = await host.follow(id, request);
    step.settle(status === "completed" ? "completed" : "failed", output);
  } catch (error) {
    if (step.active) step.execution.stop(error); // the child is stopped, not failed, so the caller is stopped too
  }
}

/** `start` in a workflow: starts the run once. The id of the run is the result of the step. */
export function startStep(scope: Scope, asCalled: ChildCall): Promise<unknown> {
  const call = prepared(asCalled);
  const { definition } = call;
  return scope.call({
    kind: "start",
    name: `start:${definition.info.name}`,
    what: `start ${definition.key}`,
    input: call.args,
    location: call.location,
    request: (caller) => ({ ...call, id: idOf(call, caller) }),
    begin: (step) => {
      step.target = idOf(call, step);
      step.execution.host.begin({ ...call, id: step.target }).then(
        (id) => step.complete(id),
        (error: unknown) => (isOfTheCall(error) ? step.fail(error) : step.execution.stop(error)),
      );
    },
  });
}
