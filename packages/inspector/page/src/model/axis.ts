import { scaleTime, scaleUtc } from "d3-scale";

/** A part of time that the timeline shows, in milliseconds since 1970. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export interface Tick {
  readonly at: number;
  readonly label: string;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** The position of a time in the range, in percent of its width: below 0 or above 100 outside of the range. */
export const positionOf = ({ from, to }: Range, time: number): number => ((time - from) / (to - from)) * 100;

/** The time at a fraction (0 to 1) of the width. */
export const timeAt = ({ from, to }: Range, part: number): number => from + (to - from) * part;

/** A range that is not empty, with some room at its end. */
export function padded({ from, to }: Range): Range {
  const length = Math.max(to - from, 1);
  return { from, to: to + length * 0.02 };
}

/**
 * Round marks for the axis. A short run is read from its begin (`20 s`, `1:30`), a long one by the clock.
 * @param origin - begin of the run
 * @param count - about how many there is room for
 */
export function ticksOf(range: Range, origin: number, count: number): Tick[] {
  return range.to - range.from < 10 * MINUTE ? elapsedTicks(range, origin, count) : clockTicks(range, count);
}

function elapsedTicks({ from, to }: Range, origin: number, count: number): Tick[] {
  return scaleUtc()
    .domain([from - origin, to - origin])
    .ticks(count)
    .map((date) => ({ at: origin + date.getTime(), label: elapsedLabel(date.getTime(), to - origin) }));
}

function elapsedLabel(elapsed: number, last: number): string {
  if (last < 1000) return `${elapsed} ms`;
  if (last < 1.5 * MINUTE || elapsed % 1000 !== 0) return `${elapsed / 1000} s`;
  const seconds = Math.abs(Math.round(elapsed / 1000));
  return `${elapsed < 0 ? "-" : ""}${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function clockTicks({ from, to }: Range, count: number): Tick[] {
  const days = { month: "short", day: "numeric" } as const;
  const format = new Intl.DateTimeFormat(undefined, {
    ...(to - from > DAY && days),
    ...(to - from < 8 * DAY && { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
  });
  return scaleTime()
    .domain([from, to])
    .ticks(count)
    .map((date) => ({ at: date.getTime(), label: format.format(date) }));
}
