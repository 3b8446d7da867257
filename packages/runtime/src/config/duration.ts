import { PerdureError } from "@perdure/protocol";
import ms from "ms";

/** Milliseconds, or text such as `"250ms"`, `"60s"`, `"3d"`. */
export type Duration = number | ms.StringValue;

/** @throws PerdureError `DURATION_INVALID` when `value` is not a finite, non-negative duration. */
export function toMilliseconds(value: Duration, what: string): number {
  const parsed: unknown = typeof value === "string" && value.length > 0 ? ms(value) : value;
  if (typeof parsed === "number" && Number.isFinite(parsed) && parsed >= 0) return parsed;
  throw new PerdureError("DURATION_INVALID", { what, value: String(value) });
}
