import { PerdureError } from "@perdure/protocol";
import { fingerprint } from "../values/fingerprint.ts";
import type { LiveStep } from "../execution/step.ts";
import { snapshot } from "../values/snapshot.ts";

/** Calls `body` with a copy of the arguments: each attempt gets them as they were at the call. */
export async function callWithCopy<A extends unknown[], R>(
  step: LiveStep,
  body: (...args: A) => Promise<R>,
  args: A,
): Promise<R> {
  if (arePrimitive(args)) return body(...args);
  const given = snapshot(args);
  if (!step.execution.host.settings.checkArguments || !given.some(isObject)) return body(...given);
  const before = given.map(fingerprint);
  try {
    return await body(...given);
  } finally {
    reportChanges(step, before, given);
  }
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
