/**
 * The timers and clocks of the platform, taken when this module is loaded. Fake timers of a test runner replace the global functions later; Perdure must
 * commit, deliver and close all the same. Where they are installed before this module is loaded, the originals that they keep are taken.
 */
import { performance as ownPerformance } from "node:perf_hooks";
import * as timers from "node:timers";

/** What stands behind a function of `@sinonjs/fake-timers`, which Vitest, Jest and Sinon use. */
function original<F>(name: string, fn: F): F {
  const { clock } = fn as { readonly clock?: Readonly<Record<string, unknown>> };
  const kept = clock?.[`_${name}`];
  return typeof kept === "function" ? (kept as F) : fn;
}

export const setTimer = original("setTimeout", timers.setTimeout);
export const clearTimer = original("clearTimeout", timers.clearTimeout);
export const setRepeated = original("setInterval", timers.setInterval);
export const clearRepeated = original("clearInterval", timers.clearInterval);
/** Calls a function in a later turn of the event loop. */
export const nextTurn = original("setImmediate", timers.setImmediate);
export const nextTick = original("nextTick", process.nextTick);

const { now: wallClock } = original("Date", Date);
/** Milliseconds since 1970. */
export const wallTime = (): number => wallClock();
/** Milliseconds of a clock that only runs forward. */
export const elapsed = (): number => ownPerformance.now();

export interface Time {
  setTimer(fn: () => void, milliseconds: number): NodeJS.Timeout;
  clearTimer(timer: NodeJS.Timeout): void;
  /** Milliseconds since 1970. */
  wallTime(): number;
  /** Milliseconds of a clock that only runs forward. */
  elapsed(): number;
}

export const systemTime: Time = { setTimer, clearTimer, wallTime, elapsed };

/** Time as the program has it: that of fake timers, where a test has installed some. */
export const programTime: Time = {
  setTimer: (fn, milliseconds) => setTimeout(fn, milliseconds),
  clearTimer: (timer) => clearTimeout(timer),
  wallTime: () => Date.now(),
  elapsed: () => performance.now(),
};
