import type { Timing } from "./timing.ts";

/** What becomes of ticks that nobody saw in time. */
export type CatchUp = "none" | "last" | "all";

/** A tick that is seen within so many milliseconds is on time. */
export const ON_TIME = 10_000;

/** How many ticks one transition deals with. The others follow at once. */
const MOST_TICKS = 1_000;

export interface DueTicks {
  /** Those that start a run, in order. */
  readonly ticks: readonly number[];
  /** The last one that has come, whether it starts a run or not. */
  readonly doneTo: number;
  readonly nextAt?: number;
}

/**
 * The ticks after `doneTo` that are due at `now`. `all`: each. `last`: those that are on time, or else the last one. `none`: those that are on time.
 */
export function dueTicks(timing: Timing, catchUp: CatchUp, doneTo: number, now: number): DueTicks {
  const come = catchUp === "all" ? ticksFrom(timing, timing.ticks.next(doneTo), now) : latest(timing, doneTo, now);
  const onTime = come.filter((tick) => timing.dueAt(tick) >= now - ON_TIME);
  const fallback = catchUp === "last" ? come.slice(-1) : [];
  const ticks = catchUp === "all" ? come : onTime.length > 0 ? onTime : fallback;
  const last = come.at(-1) ?? doneTo;
  const nextAt = timing.dueAfter(last);
  return { ticks, doneTo: last, ...(nextAt !== undefined && { nextAt }) };
}

/** The ticks that have come and may be on time; at least the last one that has come. It does not look at each of those that were missed. */
function latest(timing: Timing, doneTo: number, now: number): number[] {
  const { ticks } = timing;
  const late = ticks.last(doneTo, now - ON_TIME);
  const come = ticksFrom(timing, late ?? ticks.next(doneTo), now);
  if (come.length > 0 || late === undefined) return come;
  const before = ticks.last(doneTo, late - 1);
  return before === undefined ? [] : [before];
}

/** From this tick on, in order, as many as one transition deals with. */
function ticksFrom(timing: Timing, first: number | undefined, now: number): number[] {
  const found: number[] = [];
  for (let tick = first; tick !== undefined && found.length < MOST_TICKS; tick = timing.ticks.next(tick)) {
    if (timing.dueAt(tick) > now) break;
    found.push(tick);
  }
  return found;
}
