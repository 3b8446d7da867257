/** The times of a schedule, as they are recorded. */
export type Times =
  | { readonly every: number; readonly jitter: number }
  | { readonly cron: string; readonly timezone: string; readonly jitter: number };

/** No world lives to see it. */
export const NEVER = "0 0 1 6 *";

const SECOND = 1000;
/** Between two ticks of an expression below pass at most so many milliseconds. */
const LONGEST_GAP = 3 * 60_000;

/** The expressions of the simulation, and the seconds and minutes that they name. */
const crons: Readonly<Record<string, (second: number, minute: number) => boolean>> = {
  "*/4 * * * * *": (second) => second % 4 === 0,
  "3,31 * * * * *": (second) => second === 3 || second === 31,
  "10-13 * * * * *": (second) => second >= 10 && second <= 13,
  "* * * * *": (second) => second === 0,
  "30 */2 * * * *": (second, minute) => second === 30 && minute % 2 === 0,
  [NEVER]: () => false,
};

export const expressions = Object.keys(crons).filter((expression) => expression !== NEVER);

/** All ticks after `from` and up to `to`: each second, or each interval, is looked at. */
export function ticksBetween(times: Times, anchor: number, from: number, to: number): number[] {
  const found: number[] = [];
  if ("every" in times) {
    for (let tick = anchor + times.every; tick <= to; tick += times.every) if (tick > from) found.push(tick);
    return found;
  }
  const names = crons[times.cron];
  if (!names) throw new RangeError(`an expression that the simulation does not know: ${times.cron}`);
  if (times.cron === NEVER) return found;
  for (let tick = (Math.floor(from / SECOND) + 1) * SECOND; tick <= to; tick += SECOND) {
    const date = new Date(tick);
    if (names(date.getUTCSeconds(), date.getUTCMinutes())) found.push(tick);
  }
  return found;
}

/** Undefined: never. */
export function tickAfter(times: Times, anchor: number, time: number): number | undefined {
  const from = Math.max(time, anchor);
  return ticksBetween(times, anchor, time, from + ("every" in times ? times.every : LONGEST_GAP))[0];
}

/** By how many milliseconds less than this the jitter may delay the tick. */
export function longestDelay(times: Times, anchor: number, tick: number): number {
  return Math.min(times.jitter, (tickAfter(times, anchor, tick) ?? Infinity) - tick);
}
