import ms from "ms";

/**
 * Milliseconds of a duration: a number, or text such as `250ms`, `60s`, `1.5 hours`, `3d` or a bare `500`, which is milliseconds too. The one grammar of
 * durations, in directives and in options. `undefined` for what is not a finite, non-negative duration.
 */
export function parseDuration(value: unknown): number | undefined {
  const parsed: unknown = typeof value === "string" ? parseText(value) : value;
  return typeof parsed === "number" && Number.isFinite(parsed) && parsed >= 0 ? parsed : undefined;
}

/** `ms` throws for an empty text, and returns `undefined` for any other that it does not know; its types accept no text but durations. */
const parseText = (text: string): unknown => (text === "" ? undefined : ms(text as ms.StringValue));
