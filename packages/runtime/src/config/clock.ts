import { clearTimer, programTime, setTimer, systemTime, type Time } from "@perdure/protocol";

/** The only source of time. Times are milliseconds since 1970, of the wall clock. */
export interface Clock {
  now(): number;
  /** Milliseconds of a clock that only runs forward, for leases. Default: `performance.now()`. */
  monotonic?(): number;
  /** Calls `fn` once when that many milliseconds have passed, however the wall clock is changed: for limits. Returns a function that cancels the call. Default: a timer of the system. */
  after?(milliseconds: number, fn: () => void): () => void;
  /**
   * Calls `fn` once at `time`, or as soon as possible after it; never synchronously.
   * @param background - a timer that does not keep the process alive
   * @returns a function that cancels the call
   */
  at(time: number, fn: () => void, background?: boolean): () => void;
}

/** What setTimeout can hold. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** `clock.after`, or its default. */
export function after(clock: Clock, milliseconds: number, fn: () => void): () => void {
  if (clock.after) return clock.after(milliseconds, fn);
  const timer = setTimer(fn, Math.min(milliseconds, LONGEST_TIMEOUT));
  return () => clearTimer(timer);
}

/** How often a timer compares its time with the wall clock, in milliseconds. Also far below the longest time that setTimeout supports. */
const CHECK_INTERVAL = 1000;

/** When the wall clock is this far behind the time that has passed, it was set back, in milliseconds. Otherwise it is being corrected slowly. */
const SET_BACK = 500;

/**
 * A clock of the system. When it is changed while a timer of `at` runs:
 * - set forward past `time`: `fn` is called within a second.
 * - set back: `fn` is called when as much time has passed as was left at the call (at most a second later), though `now()` is before
 *   `time`. So a poll or a timeout does not stop. Who needs `now()` to be `time` calls `at` again.
 *
 * Otherwise `now()` is never before `time` when `fn` is called.
 */
const clockOf = ({ setTimer, clearTimer, wallTime, elapsed }: Time): Clock => ({
  now: wallTime,
  at(time, fn, background = false) {
    const deadline = elapsed() + (time - wallTime());
    const arm = (wait: number): NodeJS.Timeout => {
      const timer = setTimer(check, Math.min(Math.max(wait, 0), CHECK_INTERVAL));
      if (background) timer.unref();
      return timer;
    };
    const check = (): void => {
      const left = time - wallTime();
      const overdue = elapsed() - deadline;
      if (left <= 0 || overdue >= SET_BACK) fn();
      else timer = arm(Math.min(left, SET_BACK - overdue));
    };
    let timer = arm(time - wallTime());
    return () => clearTimer(timer);
  },
});

export const systemClock = clockOf(systemTime);

/** The clock of what is no part of a run, and therefore a timer like any other: fake timers of a test move it. */
export const programClock = clockOf(programTime);
