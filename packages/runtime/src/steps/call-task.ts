import type { TaskDefinition } from "../definitions/definition.ts";
import { context } from "../execution/current.ts";
import { takeSite } from "../execution/sites.ts";
import type { LiveStep, StepSpec } from "../execution/step.ts";
import type { CancelledError } from "../values/errors.ts";
import { parseWith } from "../values/schema.ts";
import { snapshot } from "../values/snapshot.ts";
import { arePrimitive, callWithCopy } from "./arguments.ts";
import { attemptTask, finishTask, resolveTaskOptions, type ResolvedTaskOptions, type TaskWork } from "./task.ts";

/** A call of a task: a checkpointed step in a run, a plain call elsewhere. */
export function callTask<A extends unknown[], R>(
  definition: TaskDefinition,
  args: A,
  body: (...args: A) => Promise<R>,
): Promise<R> {
  const current = context.getStore();
  if (current === undefined || current.kind === "launch") return body(...args);
  const isInner = current.kind === "task";
  const options = resolveTaskOptions(definition, current.execution.host.settings.defaults);
  const call = new TaskCall(definition, args, body as (...args: unknown[]) => Promise<unknown>, options, isInner);
  return (isInner ? current.attempt.call(call) : current.call(call)) as Promise<R>;
}

class TaskCall implements StepSpec, TaskWork {
  readonly kind = "task";
  readonly name: string;
  readonly what: string;
  readonly input: unknown[];
  readonly location: string | undefined;
  readonly definition: TaskDefinition;
  /** The function, for a task that another task called. */
  readonly target: string | undefined;
  readonly parse: ((value: unknown) => unknown) | undefined;
  readonly options: ResolvedTaskOptions;
  private readonly body: (...args: unknown[]) => Promise<unknown>;
  private readonly isConstant: boolean;

  constructor(
    definition: TaskDefinition,
    args: unknown[],
    body: (...args: unknown[]) => Promise<unknown>,
    options: ResolvedTaskOptions,
    isInner: boolean,
  ) {
    const { name } = definition.info;
    const { result } = options;
    this.name = name;
    this.what = definition.key;
    this.location = takeSite(name);
    this.isConstant = arePrimitive(args);
    this.input = this.isConstant ? args : snapshot(args);
    this.definition = definition;
    this.target = isInner ? definition.key : undefined;
    this.parse = result && ((value) => parseWith(result, value, `what ${name} returned`));
    this.options = options;
    this.body = body;
  }

  call(step: LiveStep): Promise<unknown> {
    return this.isConstant ? this.body(...this.input) : callWithCopy(step, this.body, this.input);
  }

  begin(step: LiveStep): void {
    attemptTask(step, this);
  }

  cancelled(step: LiveStep, error: CancelledError): void {
    finishTask(step, error, this);
  }
}
