import { inspect } from "node:util";
import type { ErrorText, ValueText } from "../api.ts";
import { headline, linesAround, thrownAt, type SourceFinder } from "../show/index.ts";

/** Characters of a value's text that are sent. */
const LIMIT = 100_000;

const cut = (text: string): ValueText => ({ text: text.slice(0, LIMIT), isCut: text.length > LIMIT });

/** The value on several lines, as Node prints it: with class names, dates, maps and cycles. */
export function valueText(value: unknown): ValueText {
  const limits = { depth: 10, maxArrayLength: 1_000, maxStringLength: LIMIT + 1 };
  return cut(typeof value === "string" ? value : inspect(value, { ...limits, breakLength: 80 }));
}

/** Where in the program an error was thrown, and its source. */
export function errorText(error: unknown, root: string, find: SourceFinder): ErrorText {
  const thrown = thrownAt(error, root);
  const source = thrown === undefined ? undefined : linesAround(thrown, find);
  return { headline: headline(error), detail: valueText(error), ...(source && { source }) };
}
