import type { Scope } from "./context.ts";
import type { Body } from "./host.ts";
import type { LiveStep } from "./live-step.ts";
import type { WorkflowDefinition } from "./registry.ts";
import { runIdOf } from "./run-id.ts";

interface ChildCall {
  readonly definition: WorkflowDefinition;
  readonly args: readonly unknown[];
  readonly id?: string | undefined;
  readonly body?: Body;
  readonly location: string | undefined;
}

/** Its own template's id, or one made of the parent's: two calls are two runs, the same two in every replay. */
const idOf = ({ definition, args, id }: ChildCall, step: LiveStep): string =>
  id ?? runIdOf(definition, args) ?? `${step.execution.run.id}/${step.ask.id}`;

/** A workflow called in a workflow: a run of its own, whose end is a step of the caller. */
export function childStep(scope: Scope, call: ChildCall): Promise<unknown> {
  const { name } = call.definition.info;
  return scope.execution.step(scope, {
    kind: "child", name, what: call.definition, input: call.args, location: call.location,
    begin: (step) => void runChild(step, call),
  });
}

async function runChild(step: LiveStep, call: ChildCall): Promise<void> {
  const { host, run } = step.execution;
  const id = (step.target = idOf(call, step));
  const request = { ...call, id, parent: run.id };
  step.waitsElsewhere = () => !host.isActive(id);
  step.onCancel = (reason) => void host.cancel(id, reason);
  if (!step.kept) step.keep(undefined, () => {}); // the end of the child finds its callers by this
  try {
    await host.begin(request);
    if (!step.active) return;
    const { status, output } = await host.follow(id, request);
    step.settle(status === "completed" ? "completed" : "failed", output);
  } catch (error) {
    if (step.active) step.execution.stop(error); // the child is stopped, not failed: so is its caller
  }
}

/** `start` in a workflow: the run is started once; its id is the step's result. */
export function startStep(scope: Scope, call: ChildCall): Promise<unknown> {
  const { definition } = call;
  return scope.execution.step(scope, {
    kind: "start", name: `start:${definition.info.name}`, what: definition.info, input: call.args, location: call.location,
    begin: (step) => {
      step.target = idOf(call, step);
      step.execution.host.begin({ ...call, id: step.target }).then((id) => step.complete(id), (error: unknown) => step.fail(error));
    },
  });
}
