import { PerdureError, type MessageCode } from "@perdure/protocol";
import type { Scope } from "../execution/scope.ts";
import type { CancelledError } from "../values/errors.ts";
import type { Body, RunRequest } from "../execution/host.ts";
import type { LiveStep } from "../execution/step.ts";
import type { WorkflowDefinition } from "../definitions/registry.ts";
import { runIdOf } from "../definitions/run-id.ts";
import { snapshot } from "../values/snapshot.ts";

interface ChildCall {
  readonly definition: WorkflowDefinition;
  readonly args: readonly unknown[];
  readonly id?: string | undefined;
  readonly body?: Body;
  readonly location: string | undefined;
}

/** The call with arguments and id as they are now. An id that cannot be made is an error of the caller, the same in every replay. */
const prepared = (call: ChildCall): ChildCall => ({
  ...call,
  args: snapshot(call.args),
  id: call.id ?? runIdOf(call.definition, call.args),
});

/** The id of its own, or one made of the parent's: two calls are two runs, the same two in every replay. */
const idOf = ({ id }: ChildCall, step: LiveStep): string => id ?? `${step.execution.run.id}/${step.ask.id}`;

/** A workflow called in a workflow: a run of its own, whose end is a step of the caller. */
export function childStep(scope: Scope, asCalled: ChildCall): Promise<unknown> {
  const call = prepared(asCalled);
  const { name } = call.definition.info;
  return scope.execution.step(scope, {
    kind: "child",
    name,
    what: call.definition.key,
    input: call.args,
    location: call.location,
    begin: (step) => void runChild(step, call),
    cancelled: (step, error) => void cancelChild(step, call, error),
  });
}

async function runChild(step: LiveStep, call: ChildCall): Promise<void> {
  const { host, run } = step.execution;
  // a child that this step has begun before may have failed since: that is the step's end
  const request = { ...call, id: idOf(call, step), parent: run.id, keepFailure: step.kept };
  step.target = request.id;
  if (!step.kept) step.keep(undefined, () => {}); // the end of the child finds its callers by this
  await followChild(step, request, () => host.begin(request));
}

/** The run was cancelled, and a process before this one may have begun the child. */
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

/** The arguments or the id are wrong, and stay so; anything else may go better next time. */
const isOfTheCall = (error: unknown): boolean =>
  isCode(error, "RUN_INPUT_DIFFERS", "RUN_WORKFLOW_DIFFERS", "RUN_ID_INVALID", "SCHEMA_REFUSED", "VALUE_NOT_STORABLE");

async function followChild(
  step: LiveStep,
  request: RunRequest & { readonly id: string },
  begin: () => Promise<unknown>,
): Promise<void> {
  const { host } = step.execution;
  const { id } = request;
  step.waitsElsewhere = () => !host.isActive(id);
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
    if (!step.active) return;
    const { status, output } = await host.follow(id, request);
    step.settle(status === "completed" ? "completed" : "failed", output);
  } catch (error) {
    if (step.active) step.execution.stop(error); // the child is stopped, not failed: so is its caller
  }
}

/** `start` in a workflow: the run is started once; its id is the step's result. */
export function startStep(scope: Scope, asCalled: ChildCall): Promise<unknown> {
  const call = prepared(asCalled);
  const { definition } = call;
  return scope.execution.step(scope, {
    kind: "start",
    name: `start:${definition.info.name}`,
    what: `start ${definition.key}`,
    input: call.args,
    location: call.location,
    begin: (step) => {
      step.target = idOf(call, step);
      step.execution.host.begin({ ...call, id: step.target }).then(
        (id) => step.complete(id),
        (error: unknown) => (isOfTheCall(error) ? step.fail(error) : step.execution.stop(error)),
      );
    },
  });
}
