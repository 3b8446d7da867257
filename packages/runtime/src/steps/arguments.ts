import { PerdureError } from "@perdure/protocol";
import { fingerprint } from "../values/fingerprint.ts";
import type { LiveStep } from "../execution/step.ts";
import { snapshot } from "../values/snapshot.ts";

/**
 * Calls `body` with a copy of the arguments: each attempt gets them as they were at the call. Takes no turn of the microtask queue of its own, so
 * that calls with and without objects end in the order of the plain program.
 */
export function callWithCopy<A extends unknown[], R>(
  step: LiveStep,
  body: (...args: A) => Promise<R>,
  args: A,
): Promise<R> {
  const given = snapshot(args);
  const before = step.execution.host.settings.checkArguments ? given.map(fingerprint) : undefined;
  const result = body(...given);
  if (before) {
    const report = (): void => reportChanges(step, before, given);
    result.then(report, report);
  }
  return result;
}

/** Nothing can change them, so they need no copy. */
export const arePrimitive = (args: readonly unknown[]): boolean => !args.some(isObject);

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;

function reportChanges({ call, execution }: LiveStep, before: readonly string[], given: readonly unknown[]): void {
  const { host, run } = execution;
  given.forEach((value, i) => {
    if (fingerprint(value) === before[i]) return;
    const params = {
      task: call.spec.name,
      argument: i + 1,
      step: call.id,
      run: run.id,
      calledAt: call.spec.location ?? "?",
    };
    host.report(new PerdureError("TASK_CHANGED_ARGUMENT", params), run);
  });
}
