const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A duration in milliseconds, for people: `340 ms`, `1.2 s`, `2 m 05 s`, `3 h 12 m`, `4 d 2 h`. */
export function formatDuration(milliseconds: number): string {
  const span = Math.max(0, milliseconds);
  if (span < SECOND) return `${Math.round(span)} ms`;
  if (span < 10 * SECOND) return `${Math.floor(span / 100) / 10} s`;
  if (span < MINUTE) return `${Math.floor(span / SECOND)} s`;
  if (span < HOUR) return two(span, MINUTE, "m", SECOND, "s");
  if (span < DAY) return two(span, HOUR, "h", MINUTE, "m");
  return `${Math.floor(span / DAY)} d ${Math.floor((span % DAY) / HOUR)} h`;
}

const two = (span: number, large: number, largeUnit: string, small: number, smallUnit: string): string =>
  `${Math.floor(span / large)} ${largeUnit} ${String(Math.floor((span % large) / small)).padStart(2, "0")} ${smallUnit}`;

/** How long ago, or how far ahead: `now`, `12 s ago`, `in 3 h 05 m`. */
export function formatRelative(time: number, now: number): string {
  const distance = now - time;
  if (Math.abs(distance) < SECOND) return "now";
  if (distance < 0) return `in ${formatDuration(-distance)}`;
  const [size, unit] =
    distance < MINUTE ? [SECOND, "s"] : distance < HOUR ? [MINUTE, "min"] : distance < DAY ? [HOUR, "h"] : [DAY, "d"];
  return `${Math.floor(distance / Number(size))} ${unit} ago`;
}

const absolute = new Intl.DateTimeFormat(undefined, {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
});

/** A point in time, to the millisecond, in the time zone of the reader. */
export const formatTime = (time: number): string => absolute.format(time);

const toSecond = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

/** A point in time where there is little room: without the year, to the second. */
export const formatShortTime = (time: number): string => toSecond.format(time);

const whole = new Intl.NumberFormat("en");

export const formatCount = (count: number): string => whole.format(count);

/** `1 step`, `2,000 steps`. */
export const countOf = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

/** A part between 0 and 1 in percent. */
export function formatRate(rate: number): string {
  const percent = rate * 100;
  return `${percent > 0 && percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}
