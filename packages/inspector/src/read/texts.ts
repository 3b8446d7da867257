import { inspect } from "node:util";
import type { ErrorText, ValueText } from "../api.ts";
import { headline, linesAround, readable, thrownAt, type SourceFinder } from "../show/index.ts";

/** Characters of a value's text that are sent. */
export const LIMIT = 100_000;

/** The same for one of the many values of a list. */
export const LIST_LIMIT = 1_000;

/**
 * The value on several lines, as Node prints it: with class names, dates, maps and cycles.
 * @param width - characters after which a line is broken, where it can be
 */
export function valueText(value: unknown, limit = LIMIT, width = 80): ValueText {
  const limits = { depth: 10, maxArrayLength: Math.min(limit, 1_000), maxStringLength: limit + 1 };
  const text = typeof value === "string" ? value : readable(() => inspect(value, { ...limits, breakLength: width }));
  return { text: text.slice(0, limit), isCut: text.length > limit };
}

/** Where in the program an error was thrown, and its source. */
export function errorText(error: unknown, root: string, find: SourceFinder): ErrorText {
  const thrown = thrownAt(error, root);
  const source = thrown === undefined ? undefined : linesAround(thrown, find);
  return { headline: headline(error), detail: valueText(error), ...(source && { source }) };
}
