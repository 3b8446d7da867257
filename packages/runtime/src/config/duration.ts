import { parseDuration, PerdureError } from "@perdure/protocol";
import type ms from "ms";
import { textOf } from "../values/describe.ts";

/** Milliseconds, or text such as `"250ms"`, `"60s"`, `"3d"`. */
export type Duration = number | ms.StringValue;

/** The longest duration, 100,000 years in milliseconds: now and twice this are times that a Date can hold. */
export const LONGEST_DURATION = 100_000 * 365.25 * 24 * 3600 * 1000;

/**
 * Milliseconds, at most 100,000 years: a longer duration counts as that, so that a due time is always a date.
 * @throws PerdureError `DURATION_INVALID` when `value` is not a finite, non-negative duration
 */
export function toMilliseconds(value: Duration, what: string): number {
  const parsed = parseDuration(value);
  if (parsed !== undefined) return Math.min(parsed, LONGEST_DURATION);
  throw new PerdureError("DURATION_INVALID", { what, value: textOf(value) });
}

/** Text that names a time in a form of HTTP (`Sun, 06 Nov 1994 08:49:37 GMT` and the two older ones), or of ISO 8601. */
const TIMES = [
  /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/,
  /^[A-Z][a-z]+day, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT$/,
  /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/,
  /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$/,
];

/** A time to retry at: milliseconds from now, a duration, a date, or the text of an HTTP `Retry-After` header. */
export type RetryAfter = Duration | Date | string;

/**
 * The time that `retryAfter` names, in milliseconds since 1970; not before `now`.
 *
 * A number is milliseconds. Text is a duration with a unit (`"30s"`), or what an HTTP `Retry-After` header holds: whole seconds
 * (`"30"`), or a date.
 * @throws PerdureError `DURATION_INVALID`
 */
export function toTime(retryAfter: RetryAfter, now: number, what: string): number {
  const given = typeof retryAfter === "string" ? retryAfter.trim() : retryAfter;
  const time = given instanceof Date ? given.getTime() : typeof given === "string" ? timeIn(given, now) : undefined;
  if (time === undefined) return now + toMilliseconds(given as Duration, what);
  if (Number.isNaN(time)) throw new PerdureError("DURATION_INVALID", { what, value: "an invalid date" });
  return Math.max(now, time);
}

/** The time that the text names; undefined for a duration with a unit. */
function timeIn(text: string, now: number): number | undefined {
  if (/^\d+(?:\.\d+)?$/.test(text)) return now + toMilliseconds(Number(text) * 1000, "retryAfter");
  if (!TIMES.some((form) => form.test(text))) return undefined;
  // the older forms have no zone: they are of GMT
  return Date.parse(/\d{4}$/.test(text) && !/[+-]\d{4}$/.test(text) ? `${text} GMT` : text);
}
