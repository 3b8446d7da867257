import { PerdureError } from "@perdure/protocol";
import type { StepFilter, StepKind, StepRow, StepState } from "../contract.ts";
import type { Connection } from "./driver.ts";

export type Steps = ReturnType<typeof stepsTable>;

/** All SQL for the table `steps`. `run` is the number of the run. */
export function stepsTable(db: Connection) {
  const orReplaceOpen = `ON CONFLICT (run, id) DO UPDATE SET
       kind = excluded.kind, state = excluded.state, seq = excluded.seq, attempt = excluded.attempt, started_at = excluded.started_at,
       finished_at = excluded.finished_at, due_at = excluded.due_at, target = excluded.target, location = excluded.location,
       input_hash = excluded.input_hash, output = excluded.output,
       failed_attempts = excluded.failed_attempts, input = excluded.input
     WHERE state = ${OPEN}`;
  const put = db.prepare<unknown[]>(
    `INSERT INTO steps (${WRITTEN}, run) VALUES (${marks(WRITTEN)}, ?) ${orReplaceOpen}`,
  );
  const into = `INSERT INTO steps (${TASK_COLUMNS}, run)`;
  const putTask = db.prepare<unknown[]>(`${into} VALUES (${marks(TASK_COLUMNS)}, ?) ${orReplaceOpen}`);
  const putOwned = db.prepare<unknown[]>(
    `${into} SELECT ${marks(TASK_COLUMNS)}, number FROM runs WHERE number = ? AND id = ? AND epoch = ? AND owner IS NOT NULL ${orReplaceOpen}`,
  );
  const whole = readsWhole(db);
  const light = readsLight(db);
  const seqOf = db.prepare<[number, string], number | null>("SELECT seq FROM steps WHERE run = ? AND id = ?").pluck();
  const copyBefore = db.prepare<[number, number, number]>(
    `INSERT INTO steps (${COLUMNS}, run) SELECT ${COLUMNS}, ? FROM steps WHERE run = ? AND seq < ?`,
  );
  const lastSeq = db.prepare<[number], number>("SELECT coalesce(max(seq), 0) FROM steps WHERE run = ?").pluck();
  const hasSeq = db.prepare<[number, number], 1>("SELECT 1 FROM steps WHERE run = ? AND seq = ?").pluck();
  const openTargets = db
    .prepare<[number, number], string>(
      `SELECT target FROM steps INDEXED BY steps_open WHERE run = ? AND kind = ? AND state = ${OPEN} AND target IS NOT NULL`,
    )
    .pluck();
  const waitingForChild = db
    .prepare<[string], number>(`SELECT run FROM steps WHERE target = ? AND state = ${OPEN} AND kind = ${CHILD}`)
    .pluck();
  const hasKind = db.prepare<[number, number], 1>("SELECT 1 FROM steps WHERE run = ? AND kind = ? LIMIT 1").pluck();
  const deleteFailed = db.prepare<[number, string]>(
    `DELETE FROM steps WHERE run = ? AND state = ${FAILED} AND id IN (SELECT value FROM json_each(?))`,
  );

  const deleteAll = db.prepare<[number]>("DELETE FROM steps WHERE run = ?");

  return {
    /** Inserts the step, or replaces an open step. False: a checkpoint with this id exists. */
    put(run: number, step: StepRow): boolean {
      const { changes } = isTask(step) ? putTask.run(...taskValues(step), run) : put.run(...values(step), run);
      return changes === 1;
    },
    /** The same for the checkpoint of a task, if this is the number of the run, and it has an owner under this epoch. */
    putOwned: (number: number, run: string, epoch: number, step: StepRow): boolean =>
      isTask(step) && putOwned.run(...taskValues(step), number, run, epoch).changes === 1,
    /** Checkpoints in the order of `seq`, then the open steps. */
    some(runId: string, filter: StepFilter): StepRow[] {
      const { all, after, open, one } = filter.values === false ? light : whole;
      const limit = Math.max(0, Math.min(filter.limit ?? Infinity, Number.MAX_SAFE_INTEGER));
      if (filter.id !== undefined) return one(runId, filter.id).filter(isIn(filter)).slice(0, limit);
      if (filter.after !== undefined) return filter.open ? [] : after(runId, filter.after, limit);
      if (filter.open) return open(runId, limit);
      return filter.limit === undefined ? all(runId) : all(runId).slice(0, limit);
    },
    /** Undefined: there is no such checkpoint. */
    seqOf: (run: number, id: string): number | undefined => seqOf.get(run, id) ?? undefined,
    /** Copies the checkpoints before this one to another run. */
    copyBefore: (from: number, seq: number, to: number): void => void copyBefore.run(to, from, seq),
    lastSeq: (run: number): number => lastSeq.get(run) ?? 0,
    hasSeq: (run: number, seq: number): boolean => hasSeq.get(run, seq) !== undefined,
    /** The names of the signals, or the ids of the child runs, that open steps wait for. */
    openTargets: (run: number, kind: "signal" | "child"): string[] => openTargets.all(run, KINDS.indexOf(kind)),
    /** The numbers of the runs with an open step for this child. */
    waitingForChild: (childId: string): number[] => waitingForChild.all(childId),
    hasKind: (run: number, kind: StepKind): boolean => hasKind.get(run, KINDS.indexOf(kind)) !== undefined,
    /** Of the steps in this JSON list of ids. */
    deleteFailed: (run: number, ids: string): void => void deleteFailed.run(run, ids),
    deleteAll: (run: number): void => void deleteAll.run(run),
  };
}

const selectOf = (columns: string): string =>
  `SELECT ${columns} FROM steps WHERE run = (SELECT number FROM runs WHERE id = ?)`;

function reads(db: Connection, columns: string) {
  const select = selectOf(columns);
  const open = db.prepare<[string, number], Row>(`${select} AND state = ${OPEN} LIMIT ?`).raw();
  const one = db.prepare<[string, string], Row>(`${select} AND id = ?`).raw();
  return {
    open: (runId: string, limit: number): StepRow[] => open.all(runId, limit).map(stepOf),
    one: (runId: string, id: string): StepRow[] => one.all(runId, id).map(stepOf),
  };
}

function readsWhole(db: Connection) {
  const select = selectOf(COLUMNS);
  const all = db.prepare<[string], Row>(select).raw();
  const after = db.prepare<[string, number, number], Row>(`${select} AND seq > ? ORDER BY seq LIMIT ?`).raw();
  return {
    ...reads(db, COLUMNS),
    all: (runId: string): StepRow[] => all.all(runId).map(stepOf).sort(bySeq),
    after: (runId: string, seq: number, limit: number): StepRow[] => after.all(runId, seq, limit).map(stepOf),
  };
}

/**
 * SQLite reads the pages of a long value where an expression that names it is evaluated, and where it compares the row with the end of a range of
 * keys, so the range has no end here: the loop ends it.
 */
function readsLight(db: Connection) {
  const numberOf = db.prepare<[string], number>("SELECT number FROM runs WHERE id = ?").pluck();
  const from = db
    .prepare<{ run: number; seq: number | null }, LightRow>(
      `SELECT ${LIGHT_COLUMNS}, run FROM steps WHERE run >= @run AND (@seq IS NULL OR seq > @seq OR run > @run) ORDER BY run, id`,
    )
    .raw();
  const since = (runId: string, seq: number | null, limit?: number): StepRow[] => {
    const rows: LightRow[] = [];
    const run = numberOf.get(runId);
    if (run === undefined) return [];
    for (const row of from.iterate({ run, seq })) {
      if (row[RUN] !== run) break;
      rows.push(row);
    }
    const inOrder = rows.sort((a, b) => (a[SEQ] ?? Infinity) - (b[SEQ] ?? Infinity) || 0);
    return inOrder.slice(0, limit).map(stepOf);
  };
  return {
    ...reads(db, LIGHT_COLUMNS),
    all: (runId: string): StepRow[] => since(runId, null),
    after: since,
  };
}

const isIn =
  ({ after, open }: StepFilter) =>
  ({ seq, state }: StepRow): boolean =>
    (after === undefined || (seq !== undefined && seq > after)) && (open === undefined || state === "open");

// The columns `kind` and `state` contain positions in these lists, so a new word must be appended at the end.
const KINDS: readonly StepKind[] = ["task", "sleep", "signal", "child", "start", "cancel"];
const STATES: readonly StepState[] = ["open", "completed", "failed"];
const OPEN = STATES.indexOf("open");
const FAILED = STATES.indexOf("failed");
const CHILD = KINDS.indexOf("child");

const SHORT_COLUMNS = "id, kind, state, seq, attempt, started_at, finished_at, due_at, target, location, input_hash";
const COLUMNS = `${SHORT_COLUMNS}, failed_attempts, output, input`;
/** Those that the checkpoint of a task has which succeeded at once. Each column more costs time. */
const TASK_COLUMNS = "id, kind, state, seq, attempt, started_at, finished_at, location, input_hash, output";
const WRITTEN = `${TASK_COLUMNS}, due_at, target, failed_attempts, input`;
const marks = (columns: string): string => columns.replaceAll(/[a-z_]+/g, "?");
const LIGHT_COLUMNS = `${SHORT_COLUMNS}, failed_attempts, CASE WHEN state <> ${STATES.indexOf("completed")} THEN output END, NULL`;

type Row = readonly [
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
  failedAttempts: string | null,
  output: string | null,
  input: string | null,
];
type LightRow = readonly [...Row, run: number];
const SEQ = 3;
const RUN = 14;

/** Whether it has nothing in the other columns. */
const isTask = ({ dueAt, target, failedAttempts, input }: StepRow): boolean =>
  dueAt === undefined && target === undefined && failedAttempts === undefined && input === undefined;

/** What to write to each of `TASK_COLUMNS`. */
const taskValues = (step: StepRow): unknown[] => [
  step.id,
  KINDS.indexOf(step.kind),
  STATES.indexOf(step.state),
  step.seq ?? null,
  step.attempt,
  step.startedAt,
  step.finishedAt ?? null,
  step.location ?? null,
  step.inputHash,
  step.output ?? null,
];

/** The same for each of `WRITTEN`. */
const values = (step: StepRow): unknown[] => [
  ...taskValues(step),
  step.dueAt ?? null,
  step.target ?? null,
  step.failedAttempts ?? null,
  step.input ?? null,
];

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Assigns each field separately: this runs once per step in every replay, and spreads or destructuring would double its cost. */
function stepOf(row: Row | LightRow): StepRow {
  const step: Writable<StepRow> = {
    id: row[0],
    kind: known(KINDS, row[1]),
    state: known(STATES, row[2]),
    attempt: row[4],
    startedAt: row[5],
    inputHash: row[10],
  };
  if (row[SEQ] !== null) step.seq = row[SEQ];
  if (row[6] !== null) step.finishedAt = row[6];
  if (row[7] !== null) step.dueAt = row[7];
  if (row[8] !== null) step.target = row[8];
  if (row[9] !== null) step.location = row[9];
  if (row[11] !== null) step.failedAttempts = row[11];
  if (row[12] !== null) step.output = row[12];
  if (row[13] !== null) step.input = row[13];
  return step;
}

function known<T>(words: readonly T[], code: number): T {
  const word = words[code];
  if (word === undefined) throw new PerdureError("STEP_UNREADABLE", { code });
  return word;
}

const bySeq = (a: StepRow, b: StepRow): number => (a.seq ?? Infinity) - (b.seq ?? Infinity) || 0;
