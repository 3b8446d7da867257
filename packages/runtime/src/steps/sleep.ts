import { PerdureError } from "@perdure/protocol";
import { toMilliseconds, type Duration } from "../config/duration.ts";
import { currentScope } from "../execution/current.ts";
import { takeSite } from "../execution/sites.ts";

/**
 * Waits until a time. In a workflow the end of the wait is recorded when it begins: a crash neither restarts nor shortens it, and a
 * long wait needs no memory. Outside of a workflow it is a timer.
 * @param until - milliseconds, text such as `"3d"`, or a date
 * @throws PerdureError `DURATION_INVALID`; CancelledError when the run is cancelled
 */
export function sleep(until: Duration | Date): Promise<void> {
  const location = takeSite("sleep");
  const scope = currentScope();
  const wait = until instanceof Date ? validTime(until) : toMilliseconds(until, "sleep");
  const due = (now: number): number => (until instanceof Date ? wait : now + wait);
  if (!scope) return new Promise((resolve) => setTimeout(resolve, Math.max(0, due(Date.now()) - Date.now())));
  return scope.call({
    kind: "sleep",
    name: "sleep",
    what: "sleep",
    input: until,
    location,
    begin(step) {
      const end = (): void => step.wait(() => step.complete(undefined));
      if (step.dueAt !== undefined) end();
      else step.keep(due(step.execution.host.clock.now()), end);
    },
  }) as Promise<void>;
}

const validTime = (date: Date): number => {
  if (Number.isNaN(date.getTime()))
    throw new PerdureError("DURATION_INVALID", { what: "sleep", value: "an invalid date" });
  return date.getTime();
};
