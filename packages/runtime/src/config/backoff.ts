import type { Clock } from "./clock.ts";

const FIRST_WAIT = 100;
const LONGEST_WAIT = 30_000;

/** Milliseconds to wait after that many failures in a row: they double from 100 ms to 30 s. */
export const backoffAfter = (failures: number): number => Math.min(FIRST_WAIT * 2 ** (failures - 1), LONGEST_WAIT);

/** Milliseconds to wait before the next of the tries that are otherwise made in this interval. */
export const waitAfter = (failures: number, interval: number): number =>
  failures === 0 ? interval : Math.max(interval, backoffAfter(failures));

/** Waits before the next try. */
export const backOff = (clock: Clock, failures: number): Promise<void> =>
  new Promise((resolve) => clock.at(clock.now() + backoffAfter(failures), resolve));
