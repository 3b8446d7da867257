import { clearRepeated, elapsed, PerdureError, setRepeated } from "@perdure/protocol";
import ms from "ms";
import type { RunRow } from "@perdure/store";
import type { LiveStep } from "../execution/step.ts";
import type { Runtime } from "../process/runtime.ts";
import { restingAttempts } from "./settled.ts";

/** Milliseconds of real time after which a wait for a clock that does not move is reported. */
const PATIENCE = 2000;

const CHECK_INTERVAL = 250;

/**
 * Reports that everything waits for the clock, when nobody moves it: a test would else hang without a word. A next attempt of a task is reported in any case,
 * which few tests expect, and other waits where a caller awaits a result meanwhile. Ends with the runtime; keeps no process alive.
 */
export function reportStoppedClock(runtime: Runtime): void {
  let seen = "";
  let since = 0;
  let reported = "";
  const check = (): void => {
    if (runtime.isClosed) return clearRepeated(timer);
    const wait = isQuiet(runtime) ? nextWait(runtime) : undefined;
    const found = wait ? `${wait.run.id} ${wait.step.call.id} ${wait.dueAt} ${runtime.clock.now()}` : "";
    if (found !== seen) [seen, since] = [found, elapsed()];
    if (!wait || found === reported || elapsed() - since < PATIENCE) return;
    reported = found;
    runtime.report(problemOf(wait, runtime.clock.now()), wait.run);
  };
  const timer = setRepeated(check, CHECK_INTERVAL);
  timer.unref();
}

interface Wait {
  readonly run: RunRow;
  readonly step: LiveStep;
  readonly dueAt: number;
}

/** Whether no attempt does anything but wait for the clock. */
const isQuiet = ({ runs, committer }: Runtime): boolean =>
  committer.isEmpty && runs.all().every((each) => each.attempts.running === restingAttempts(each));

/** The wait that ends first. */
function nextWait({ runs, followers }: Runtime): Wait | undefined {
  const waits = runs
    .all()
    .flatMap(({ run, liveSteps }) =>
      liveSteps.flatMap((live) => dueSteps(live)).map((step) => ({ run, step, dueAt: step.dueAt ?? 0 })),
    );
  return waits
    .filter(({ step }) => isRetry(step) || followers.hasAwaited)
    .reduce<Wait | undefined>((first, each) => (first && first.dueAt <= each.dueAt ? first : each), undefined);
}

/** The step, or those that its task has called, as far as they wait for a time. */
const dueSteps = (step: LiveStep): LiveStep[] => [
  ...(step.waiting && step.dueAt !== undefined && !step.isInLine ? [step] : []),
  ...(step.inner?.liveSteps ?? []).flatMap((inner) => dueSteps(inner)),
];

const isRetry = ({ call }: LiveStep): boolean => call.kind === "task";

function problemOf({ run, step, dueAt }: Wait, now: number): PerdureError {
  const wait = dueAt - now;
  const text = ms(wait);
  return new PerdureError("CLOCK_STANDS_STILL", {
    run: run.id,
    workflow: run.workflow,
    step: step.call.id,
    attempt: isRetry(step) ? step.attempt + 1 : undefined,
    wait: ms(text as ms.StringValue) === wait ? JSON.stringify(text) : String(wait),
  });
}
