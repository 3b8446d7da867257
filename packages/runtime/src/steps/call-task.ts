import type { TaskDefinition } from "../definitions/definition.ts";
import { context } from "../execution/current.ts";
import { takeSite } from "../execution/sites.ts";
import { parseWith } from "../values/schema.ts";
import { snapshot } from "../values/snapshot.ts";
import { arePrimitive, callWithCopy } from "./arguments.ts";
import { attemptTask, finishTask, resolveTaskOptions } from "./task.ts";

/** A call of a task: a checkpointed step in a run, a plain call elsewhere. */
export function callTask<A extends unknown[], R>(
  definition: TaskDefinition,
  args: A,
  body: (...args: A) => Promise<R>,
): Promise<R> {
  const current = context.getStore();
  if (current === undefined || current.kind === "launch") return body(...args);
  const { name } = definition.info;
  const location = takeSite(name);
  const options = resolveTaskOptions(definition, current.execution.host.settings.defaults);
  const { result } = options;
  const input = arePrimitive(args) ? args : snapshot(args);
  const caller = current.kind === "task" ? current.attempt : current;
  return caller.call({
    kind: "task",
    name,
    what: definition.key,
    input,
    location,
    definition,
    ...(result && { parse: (value: unknown) => parseWith(result, value, `what ${name} returned`) }),
    begin: (step) => attemptTask(step, () => callWithCopy(step, body, input), options),
    cancelled: (step, error) => finishTask(step, error, () => callWithCopy(step, body, input), options),
  }) as Promise<R>;
}
