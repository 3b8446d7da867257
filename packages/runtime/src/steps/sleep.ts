import { PerdureError } from "@perdure/protocol";
import { programClock, type Clock } from "../config/clock.ts";
import { toMilliseconds, type Duration } from "../config/duration.ts";
import { currentScope } from "../execution/current.ts";
import { takeSite } from "../execution/sites.ts";

/**
 * Waits until a time. In a workflow the end of the wait is recorded when it begins: a crash neither restarts nor shortens it, and a
 * long wait needs no memory. Outside of a workflow, and in a task, it is a timer.
 *
 * The recorded end is a time of the wall clock, and the wait never ends before the clock shows it. When the clock is set forward past
 * it, the wait ends at once (within a second). When the clock is set back, a wait in a workflow ends when the clock shows that time
 * again, as for a process that takes the run over; a timer ends when the duration has passed.
 * @param until - milliseconds, text such as `"3d"`, or a date. More than 100,000 years count as that
 * @throws PerdureError `DURATION_INVALID`; CancelledError when the run is cancelled
 */
export function sleep(until: Duration | Date): Promise<void> {
  const location = takeSite("sleep");
  const scope = currentScope();
  const wait = until instanceof Date ? validTime(until) : toMilliseconds(until, "sleep");
  const due = (now: number): number => (until instanceof Date ? wait : now + wait);
  if (!scope) return timer(due(programClock.now()), until instanceof Date);
  return scope.call({
    kind: "sleep",
    name: "sleep",
    what: "sleep",
    input: until,
    location,
    begin(step) {
      const { clock } = step.execution.host;
      const end = (): void => step.wait(() => (isBefore(clock, step.dueAt) ? end() : step.complete(undefined)));
      if (step.dueAt !== undefined) end();
      else step.keep(due(clock.now()), end);
    },
  }) as Promise<void>;
}

/** Whether the clock was set back while a timer ran. */
const isBefore = (clock: Clock, dueAt: number | undefined): boolean => clock.now() < (dueAt ?? 0);

const timer = (dueAt: number, isDate: boolean): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void =>
      void programClock.at(dueAt, () => (isDate && isBefore(programClock, dueAt) ? end() : resolve()));
    end();
  });

const validTime = (date: Date): number => {
  if (Number.isNaN(date.getTime()))
    throw new PerdureError("DURATION_INVALID", { what: "sleep", value: "an invalid date" });
  return date.getTime();
};
