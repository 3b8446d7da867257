import { parseDuration, PerdureError } from "@perdure/protocol";
import type ms from "ms";

/** Milliseconds, or text such as `"250ms"`, `"60s"`, `"3d"`. */
export type Duration = number | ms.StringValue;

/** @throws PerdureError `DURATION_INVALID` when `value` is not a finite, non-negative duration. */
export function toMilliseconds(value: Duration, what: string): number {
  const parsed = parseDuration(value);
  if (parsed !== undefined) return parsed;
  throw new PerdureError("DURATION_INVALID", { what, value: String(value) });
}
