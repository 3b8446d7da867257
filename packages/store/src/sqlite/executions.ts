import type { ExecutionRow } from "../contract.ts";
import type { Connection } from "./driver.ts";

export type Executions = ReturnType<typeof executionsTable>;

interface Row {
  readonly epoch: number;
  readonly owner: string;
  readonly claimed_at: number;
  readonly taken_from: string | null;
  readonly released_at: number | null;
}

/** All SQL for the table `executions`. `run` is the number of the run. */
export function executionsTable(db: Connection) {
  const insert = db.prepare<unknown[]>(
    "INSERT INTO executions (run, epoch, owner, claimed_at, taken_from, released_at) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const all = db.prepare<[string], Row>(
    `SELECT epoch, owner, claimed_at, taken_from, released_at FROM executions
     WHERE run = (SELECT number FROM runs WHERE id = ?) ORDER BY epoch`,
  );
  const deleteAll = db.prepare<[number]>("DELETE FROM executions WHERE run = ?");

  return {
    insert(run: number, { epoch, owner, claimedAt, from, releasedAt }: ExecutionRow): void {
      insert.run(run, epoch, owner, claimedAt, from ?? null, releasedAt ?? null);
    },
    /** Oldest first. */
    all: (runId: string): ExecutionRow[] => all.all(runId).map(executionOf),
    deleteAll: (run: number): void => void deleteAll.run(run),
  };
}

function executionOf({ epoch, owner, claimed_at, taken_from, released_at }: Row): ExecutionRow {
  return {
    epoch,
    owner,
    claimedAt: claimed_at,
    ...(taken_from !== null && { from: taken_from }),
    ...(released_at !== null && { releasedAt: released_at }),
  };
}
