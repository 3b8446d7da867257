import { PerdureError } from "@perdure/protocol";
import type { StepKind, StepRow, StepState } from "@perdure/store/contract";
import { decodeText, encodeText } from "../connection/text.ts";

// The columns `kind` and `state` contain positions in these lists, so a new word must be appended at the end.
const KINDS: readonly StepKind[] = ["task", "sleep", "signal", "child", "start", "cancel"];
const STATES: readonly StepState[] = ["open", "completed", "failed"];

/** The columns that are written, in the order of `valuesOf`, and their types. */
export const WRITTEN = {
  id: "text",
  kind: "smallint",
  state: "smallint",
  seq: "integer",
  attempt: "integer",
  started_at: "float8",
  finished_at: "float8",
  due_at: "float8",
  target: "text",
  location: "text",
  input_hash: "text",
  output: "text",
  failed_attempts: "text",
  input: "text",
} as const;

const columns = (output: string, input: string): string =>
  `id, kind, state, seq, attempt, started_at, finished_at, due_at, target, location, input_hash, ${output}, failed_attempts, ${input}`;

export const ALL = columns("output", "input");
/** Without the values of completed steps, and the inputs. */
export const LIGHT = columns("CASE WHEN state <> 1 THEN output END", "NULL");

export type StepColumns = readonly [
  id: string,
  kind: number,
  state: number,
  seq: number | null,
  attempt: number,
  startedAt: number,
  finishedAt: number | null,
  dueAt: number | null,
  target: string | null,
  location: string | null,
  inputHash: string,
  output: string | null,
  failedAttempts: string | null,
  input: string | null,
];

const text = (given: string | undefined): string | null => (given === undefined ? null : encodeText(given));

export const valuesOf = (step: StepRow): StepColumns => [
  encodeText(step.id),
  KINDS.indexOf(step.kind),
  STATES.indexOf(step.state),
  step.seq ?? null,
  step.attempt,
  step.startedAt,
  step.finishedAt ?? null,
  step.dueAt ?? null,
  text(step.target),
  text(step.location),
  encodeText(step.inputHash),
  text(step.output),
  text(step.failedAttempts),
  text(step.input),
];

/** The step as the function `write` takes it. */
export const asWritten = (step: StepRow): object => ({
  ...step,
  kind: KINDS.indexOf(step.kind),
  state: STATES.indexOf(step.state),
});

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Assigns each field separately: this runs once per step in every replay, and spreads or destructuring would double its cost. */
export function stepOf(row: StepColumns): StepRow {
  const step: Writable<StepRow> = {
    id: decodeText(row[0]),
    kind: known(KINDS, row[1]),
    state: known(STATES, row[2]),
    attempt: row[4],
    startedAt: row[5],
    inputHash: decodeText(row[10]),
  };
  if (row[3] !== null) step.seq = row[3];
  if (row[6] !== null) step.finishedAt = row[6];
  if (row[7] !== null) step.dueAt = row[7];
  if (row[8] !== null) step.target = decodeText(row[8]);
  if (row[9] !== null) step.location = decodeText(row[9]);
  if (row[11] !== null) step.output = decodeText(row[11]);
  if (row[12] !== null) step.failedAttempts = decodeText(row[12]);
  if (row[13] !== null) step.input = decodeText(row[13]);
  return step;
}

function known<T>(words: readonly T[], code: number): T {
  const word = words[code];
  if (word === undefined) throw new PerdureError("STEP_UNREADABLE", { code });
  return word;
}
