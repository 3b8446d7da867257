import ms from "ms";

/**
 * Parses a duration into milliseconds. Accepts a number of milliseconds, or text such as `250ms`, `60s`, `1.5 hours`, `3d`, or `500` without
 * a unit, which means milliseconds. Directives use the same grammar, but require the unit. Returns `undefined` unless the result is finite and not negative.
 */
export function parseDuration(value: unknown): number | undefined {
  const parsed: unknown = typeof value === "string" ? parseText(value) : value;
  return typeof parsed === "number" && Number.isFinite(parsed) && parsed >= 0 ? parsed : undefined;
}

/** `ms` throws for empty text and returns `undefined` for other text that it cannot parse. Its types accept only literal durations. */
const parseText = (text: string): unknown => (text === "" ? undefined : ms(text as ms.StringValue));
