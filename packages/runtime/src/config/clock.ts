/** The only source of time. Times are milliseconds since 1970. */
export interface Clock {
  now(): number;
  /**
   * Calls `fn` once at `time`, or as soon as possible after it; never synchronously.
   * @param background - a timer that does not keep the process alive
   * @returns a function that cancels the call
   */
  at(time: number, fn: () => void, background?: boolean): () => void;
}

/** The longest time that setTimeout supports: about 24.8 days. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  at(time, fn, background = false) {
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const wait = Math.max(0, time - Date.now());
      timer = wait > LONGEST_TIMEOUT ? setTimeout(arm, LONGEST_TIMEOUT) : setTimeout(fn, wait);
      if (background) timer.unref();
    };
    arm();
    return () => clearTimeout(timer);
  },
};
