import { PerdureError } from "@perdure/protocol";
import { isTask, type TaskDefinition } from "../definitions/definition.ts";
import { define, definitionOf } from "../definitions/registry.ts";
import { callTask } from "../steps/call-task.ts";

/**
 * A task that stands in for `original` in a test, for example in `vi.mock`: it has the name, the options and so the step ids of `original`, is recorded and
 * retried like it, and does what `fake` does.
 * @param fake - called with a copy of the arguments, once for each attempt; may be a mock function, which then counts the attempts
 * @throws PerdureError `FAKE_OF_NO_TASK` when `original` is not a compiled task, such as a function that is mocked already
 */
export function asTask<F extends (...args: never[]) => Promise<unknown>>(
  original: F,
  fake: (...args: Parameters<F>) => ReturnType<F> | Awaited<ReturnType<F>>,
): F {
  const definition = definitionOf(original);
  if (!isTask(definition))
    throw new PerdureError("FAKE_OF_NO_TASK", {
      name: typeof original === "function" ? original.name || "(anonymous)" : String(original),
      isWorkflow: definition !== undefined,
    });
  const task = function (this: unknown, ...args: Parameters<F>): Promise<unknown> {
    const body = async (...given: Parameters<F>): Promise<unknown> => fake.apply(this, given);
    return callTask(definitionOf(task) as TaskDefinition, args, body);
  };
  for (const key of ["name", "length"] as const)
    Object.defineProperty(task, key, { value: original[key], configurable: true });
  define(task, definition, undefined, {});
  return task as unknown as F;
}
