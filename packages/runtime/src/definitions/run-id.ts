import * as types from "node:util/types";
import { formatDate, PerdureError, type TemplatePart } from "@perdure/protocol";
import { describe } from "../values/describe.ts";
import { textFingerprint } from "../values/fingerprint.ts";
import type { WorkflowDefinition } from "./definition.ts";

/**
 * The id that the workflow gives to a run with these arguments; undefined when neither `id=` nor the option `id` is given.
 * @throws PerdureError `RUN_ID_INCOMPLETE`, `RUN_ID_INVALID`
 */
export function runIdOf(definition: WorkflowDefinition, args: readonly unknown[]): string | undefined {
  const { info, options } = definition;
  const make = options?.id as ((...args: unknown[]) => unknown) | undefined;
  if (make) return checkId(make(...args), info.name);
  const { id, name: workflow } = info;
  return (
    id &&
    checkId(
      fillTemplate(id, args, (p) => new PerdureError("RUN_ID_INCOMPLETE", { workflow, ...p })),
      workflow,
    )
  );
}

/** What is wrong with an argument that a placeholder names: what was found, and what was expected in its place. */
interface Incomplete {
  readonly placeholder: string;
  readonly found: string;
  readonly expected: "text" | "date" | "format";
}

/** @param refused - the error for an argument that gives no text */
export const fillTemplate = (
  parts: readonly TemplatePart[],
  args: readonly unknown[],
  refused: (problem: Incomplete) => Error,
): string => parts.map((part) => fill(part, args, refused)).join("");

/** The id of a run whose workflow gives none: the same call is the same run. */
export const defaultRunId = (workflow: string, inputHash: string): string =>
  `${workflow}-${textFingerprint(inputHash)}`;

/** The longest id of a run, in UTF-16 code units. */
const LONGEST = 512;

/** The id of a child run whose workflow gives none: made of its caller's, and a hash of that where it would be too long. */
export function childRunId(workflow: string, parent: string, step: string): string {
  const id = `${parent}/${step}`;
  return id.length <= LONGEST ? id : `${workflow}-${textFingerprint(id)}`;
}

/** @throws PerdureError `RUN_ID_INVALID` */
export function checkId(id: unknown, workflow: string): string {
  if (typeof id === "string" && id.length > 0 && id.length <= LONGEST && id.isWellFormed()) return id;
  throw new PerdureError("RUN_ID_INVALID", { workflow, found: typeof id === "string" ? describeText(id) : String(id) });
}

const describeText = (id: string): string =>
  id.isWellFormed() ? `${id.length} characters` : "half of a surrogate pair";

function fill(part: TemplatePart, args: readonly unknown[], refused: (problem: Incomplete) => Error): string {
  if (typeof part === "string") return part;
  let value = args[part.arg];
  for (const key of part.path)
    value = value === null || value === undefined ? undefined : (value as Record<string | number, unknown>)[key];
  if (value === undefined) value = part.default;
  const { format, text: placeholder } = part;
  if (types.isDate(value)) {
    if (format !== undefined && !Number.isNaN(value.getTime())) return formatDate(value, format);
    throw format === undefined ? incomplete("a date", "format") : incomplete("an invalid date", "date");
  }
  if (format === undefined && isText(value)) return String(value);
  throw incomplete(describe(value), format === undefined ? "text" : "date");

  function incomplete(found: string, expected: Incomplete["expected"]): Error {
    return refused({ placeholder, found, expected });
  }
}

const isText = (value: unknown): value is string | number | bigint | boolean =>
  typeof value === "string" || typeof value === "number" || typeof value === "bigint" || typeof value === "boolean";
