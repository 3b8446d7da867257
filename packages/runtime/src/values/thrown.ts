import { PerdureError } from "@perdure/protocol";
import type { ValueStore } from "./codec.ts";
import { guarded, describe } from "./describe.ts";
import { culpritOf } from "./not-storable.ts";
import { define } from "./plain.ts";

/**
 * What is recorded of a failure of `task`: what was thrown if it can be stored, else an error that describes it. The `cause` of that
 * error has those fields of what was thrown that can be stored.
 */
export function storableFailure(values: ValueStore, thrown: unknown, task: string): unknown {
  const problem = problemWith(values, thrown);
  if (problem === undefined) return thrown;
  const description = describe(thrown);
  const cause = guarded(() => storableFields(values, thrown), undefined);
  const params = { task, thrown: description, problem: problem === description ? "" : problem };
  return new PerdureError("THROWN_NOT_STORABLE", params, cause && { cause });
}

function problemWith(values: ValueStore, value: unknown): string | undefined {
  try {
    values.encode(value, "");
    return undefined;
  } catch (error) {
    const { path, found } = culpritOf(error instanceof PerdureError ? error.cause : error);
    return path === "" ? found : `${path}: ${found}`;
  }
}

function storableFields(values: ValueStore, thrown: unknown): object | undefined {
  if (typeof thrown !== "object" || thrown === null || Array.isArray(thrown)) return undefined;
  const fields = {};
  for (const key of Object.keys(thrown)) {
    const value = (thrown as Record<string, unknown>)[key];
    if (problemWith(values, value) === undefined) define(fields, key, value);
  }
  return Object.keys(fields).length > 0 ? fields : undefined;
}
