import type { Clock } from "./clock.ts";

const FIRST_WAIT = 100;
const LONGEST_WAIT = 30_000;

/** Milliseconds to wait after that many failures in a row: they double from 100 ms to 30 s. */
export const backoffAfter = (failures: number): number => Math.min(FIRST_WAIT * 2 ** (failures - 1), LONGEST_WAIT);

/** Waits before the next try. */
export const backOff = (clock: Clock, failures: number): Promise<void> =>
  new Promise((resolve) => clock.at(clock.now() + backoffAfter(failures), resolve));
