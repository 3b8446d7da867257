import { DevalueError } from "devalue";
import { guarded, describe, textOf } from "./describe.ts";
import type { Inspection } from "./inspection.ts";

/** A value that the codec refuses: the place in the value, and what was found there. */
class NotStorable extends Error {
  override name = "NotStorable";
  /** Such as `.client.socket`; empty for the value itself. */
  readonly path: string;
  readonly found: string;

  constructor(path: string, found: string) {
    super(path === "" ? found : `${path}: ${found}`);
    this.path = path;
    this.found = found;
  }
}

/** What an encoding threw, with a path and a reason in words. */
export function asNotStorable(error: unknown, inspection: Inspection): NotStorable {
  if (error instanceof DevalueError)
    return new NotStorable(
      shortened(pathOf(error)),
      inspection.reasonFor(error.value) ?? refusedBy(error.message, error.value),
    );
  return new NotStorable("", explained(error));
}

/** What was found where a codec, also one of the user's, refused a value. */
export function culpritOf(error: unknown): { readonly path: string; readonly found: string } {
  if (error instanceof NotStorable) return error;
  const path = guarded(() => (error as { path?: unknown }).path, undefined);
  return { path: typeof path === "string" ? path : "", found: explained(error) };
}

const refusedBy = (message: string, value: unknown): string =>
  message.includes("symbolic keys") ? "an object with symbol keys" : describe(value);

function explained(error: unknown): string {
  const text = textOf(error);
  if (error instanceof RangeError && text.includes("call stack")) return "data nested too deeply for this stack";
  if (error instanceof RangeError && text.includes("string length")) return "more data than fits in one string";
  return text;
}

/** The path in the user's value: without the keys that the codec adds, and with the keys as they were before it escaped them. */
const pathOf = ({ path }: DevalueError): string =>
  path
    .replace(/\["\\u0001[a-z]+"\]/g, "")
    .replaceAll('["\\u0000__proto__"]', ".__proto__")
    .replaceAll('["\\u0000', '["');

const LONGEST_PATH = 200;

const shortened = (path: string): string => (path.length > LONGEST_PATH ? `${path.slice(0, LONGEST_PATH)}…` : path);
