import { nextTurn } from "@perdure/protocol";
import { unansweredCalls } from "../storage/bounded-store.ts";
import type { Execution } from "../execution/execution.ts";
import type { Runtime } from "../process/runtime.ts";

/** Turns of the event loop without activity after which an attempt counts as waiting for its timeout, or for a task that it called. */
const TURNS_WITH_TIMEOUT = 50;

/** Attempts that run, but do nothing before a certain time. */
export const restingAttempts = ({ liveSteps }: Execution): number =>
  liveSteps.reduce((sum, { inner }) => sum + (inner?.resting ?? 0), 0);

/**
 * Resolves when no attempt runs, nothing is left to commit, and the store has answered every call. An attempt with a timeout may
 * wait for just that timeout: it counts as settled when nothing has happened for a while.
 */
export async function settled(runtime: Runtime): Promise<void> {
  const sum = (of: (execution: Execution) => number): number =>
    runtime.runs.all().reduce((total, execution) => total + of(execution), 0);
  const running = (): number => sum(({ attempts }) => attempts.running);
  const mayWait = (): number => sum((each) => each.attempts.limited + restingAttempts(each));
  const isBusy = (): boolean =>
    running() > mayWait() ||
    !runtime.committer.isEmpty ||
    runtime.tails.writing.size > 0 ||
    unansweredCalls(runtime.store) > 0 ||
    runtime.slots.isAsking;
  for (let quiet = 0; quiet < (mayWait() > 0 ? TURNS_WITH_TIMEOUT : 3); quiet++) {
    await new Promise((resolve) => nextTurn(resolve));
    if (!runtime.isClosed && isBusy()) quiet = -1;
  }
}
