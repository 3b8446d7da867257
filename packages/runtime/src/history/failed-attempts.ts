import type { Encoded, StepRow } from "@perdure/store";
import type { ValueStore } from "../values/codec.ts";
import { describe, guarded, isError, textOf } from "../values/describe.ts";

/** An attempt of a task that ended with an error. One that ended with its process has no record. */
export interface FailedAttempt {
  /** From 1. */
  readonly attempt: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly error: Encoded;
}

/** What a row holds of one. No error: it is the `output` of the row. */
type Entry = readonly [attempt: number, startedAt: number, endedAt: number, error: Encoded | null];

/** The first one and the latest 19 are kept. */
const KEPT = 20;

/** An error with a longer text is recorded as its name and the beginning of its message. */
const LONGEST_ERROR = 4_000;
const LONGEST_MESSAGE = 1_000;

export const withAttempt = (earlier: readonly FailedAttempt[], latest: FailedAttempt): readonly FailedAttempt[] =>
  earlier.length < KEPT ? [...earlier, latest] : [...earlier.slice(0, 1), ...earlier.slice(2), latest];

/** The attempts as the row is to hold them. */
export function recordOf(
  attempts: readonly FailedAttempt[],
  { state, output }: { readonly state: StepRow["state"]; readonly output: Encoded | undefined },
  values: ValueStore,
): Encoded {
  const isOutput = (error: Encoded): boolean => state !== "completed" && error === output;
  const entries = attempts.map(({ attempt, startedAt, endedAt, error }): Entry => {
    return [attempt, startedAt, endedAt, isOutput(error) ? null : shortened(error, values)];
  });
  return JSON.stringify(entries);
}

/** The recorded attempts of a step. Never throws. */
export function failedAttemptsOf({ failedAttempts, output = "" }: StepRow): readonly FailedAttempt[] {
  if (failedAttempts === undefined) return [];
  const read = (): FailedAttempt[] =>
    (JSON.parse(failedAttempts) as Entry[]).map(([attempt, startedAt, endedAt, error]) => {
      return { attempt, startedAt, endedAt, error: error ?? output };
    });
  return guarded(read, []);
}

function shortened(error: Encoded, values: ValueStore): Encoded {
  if (error.length <= LONGEST_ERROR) return error;
  const thrown = guarded(() => values.decode(error), undefined);
  const short = new Error((isError(thrown) ? textOf(thrown) : describe(thrown)).slice(0, LONGEST_MESSAGE));
  if (isError(thrown)) short.name = guarded(() => String(thrown.name), "Error");
  short.stack = `${short.name}: ${short.message}`;
  return values.encode(short, "an error");
}
