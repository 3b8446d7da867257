import type { DueSchedules, Overlap, ScheduleRow } from "../schedules.ts";
import type { Connection } from "./driver.ts";

interface Row {
  readonly name: string;
  readonly revision: number;
  readonly next_at: number | null;
  readonly done_to: number;
  readonly anchor: number;
  readonly paused: number;
  readonly waiting: string | null;
  readonly last_at: number | null;
  readonly last_run: string | null;
  readonly runs: number;
  readonly skipped: number;
  readonly created_at: number;
  readonly directive: number;
  readonly timing: string;
  readonly policy: string;
  readonly overlap: Overlap;
  readonly workflow: string;
  readonly file: string;
  readonly input_hash: string;
  readonly code: string;
  readonly input: string;
}

const COLUMNS = `name, revision, next_at, done_to, anchor, paused, waiting, last_at, last_run, runs, skipped, created_at, directive, timing, policy,
  overlap, workflow, file, input_hash, code, input`;

const UNFINISHED = "status IN ('pending', 'running', 'waiting')";

export type Schedules = ReturnType<typeof schedulesTable>;

/** All SQL for the table `schedules`. */
export function schedulesTable(db: Connection) {
  const get = db.prepare<[string], Row>(`SELECT ${COLUMNS} FROM schedules WHERE name = ?`);
  const all = db.prepare<[], Row>(`SELECT ${COLUMNS} FROM schedules ORDER BY name`);
  const replace = db.prepare<unknown[]>(
    `INSERT OR REPLACE INTO schedules (${COLUMNS}) VALUES (${COLUMNS.split(",")
      .map(() => "?")
      .join(", ")})`,
  );
  const drop = db.prepare<[string]>("DELETE FROM schedules WHERE name = ?");
  const revise = db
    .prepare<[], number>("UPDATE schedule_revisions SET revision = revision + 1 RETURNING revision")
    .pluck();
  const due = db.prepare<{ now: number }, Row>(
    `SELECT ${COLUMNS} FROM schedules WHERE paused = 0 AND next_at <= @now
     UNION SELECT ${COLUMNS} FROM schedules WHERE paused = 0 AND waiting IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.schedule = schedules.name AND ${UNFINISHED})
     ORDER BY next_at NULLS LAST, name`,
  );
  const next = db
    .prepare<[number], number>(
      "SELECT next_at FROM schedules WHERE paused = 0 AND next_at > ? ORDER BY next_at LIMIT 1",
    )
    .pluck();
  const waiting = db
    .prepare<[], 0 | 1>("SELECT EXISTS (SELECT 1 FROM schedules WHERE paused = 0 AND waiting IS NOT NULL)")
    .pluck();
  const unfinished = db
    .prepare<[string], string>(`SELECT id FROM runs WHERE schedule = ? AND ${UNFINISHED} ORDER BY number`)
    .pluck();

  return {
    get(name: string): ScheduleRow | undefined {
      const row = get.get(name);
      return row && scheduleOf(row);
    },
    all: (): ScheduleRow[] => all.all().map(scheduleOf),
    /** Writes the schedule, under the next revision unless it has one. */
    put(given: Omit<ScheduleRow, "revision"> & { readonly revision?: number }): ScheduleRow {
      const row = { ...given, revision: given.revision ?? Number(revise.get()) };
      replace.run(...valuesOf(row));
      return row;
    },
    delete: (name: string): boolean => drop.run(name).changes === 1,
    /** Call it in a transaction: it reads several times. */
    due(now: number): DueSchedules {
      const nextAt = next.get(now);
      const rows = due.all({ now }).map(scheduleOf);
      return { due: rows, waiting: waiting.get() === 1, ...(nextAt !== undefined && { nextAt }) };
    },
    /** Ids of the runs that have not ended, oldest first. */
    unfinished: (name: string): string[] => unfinished.all(name),
  };
}

function scheduleOf(row: Row): ScheduleRow {
  return {
    name: row.name,
    revision: row.revision,
    timing: row.timing,
    policy: row.policy,
    overlap: row.overlap,
    workflow: row.workflow,
    file: row.file,
    input: row.input,
    inputHash: row.input_hash,
    code: row.code,
    anchor: row.anchor,
    doneTo: row.done_to,
    waiting: timesOf(row.waiting),
    runs: row.runs,
    skipped: row.skipped,
    createdAt: row.created_at,
    ...(row.next_at !== null && { nextAt: row.next_at }),
    ...(row.paused === 1 && { paused: true }),
    ...(row.directive === 1 && { directive: true }),
    ...(row.last_at !== null && { lastAt: row.last_at }),
    ...(row.last_run !== null && { lastRun: row.last_run }),
  };
}

/** A damaged list must not make the other schedules unreadable. */
function timesOf(text: string | null): number[] {
  try {
    return text === null ? [] : [JSON.parse(text) as unknown].flat().map(Number).filter(Number.isFinite);
  } catch {
    return [];
  }
}

const valuesOf = (row: ScheduleRow): unknown[] => [
  row.name,
  row.revision,
  row.nextAt ?? null,
  row.doneTo,
  row.anchor,
  row.paused ? 1 : 0,
  row.waiting.length > 0 ? JSON.stringify(row.waiting) : null,
  row.lastAt ?? null,
  row.lastRun ?? null,
  row.runs,
  row.skipped,
  row.createdAt,
  row.directive ? 1 : 0,
  row.timing,
  row.policy,
  row.overlap,
  row.workflow,
  row.file,
  row.inputHash,
  row.code,
  row.input,
];
