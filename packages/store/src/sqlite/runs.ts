import type { Blocked, FinalStatus, RunRow, RunStatus, Write } from "../contract.ts";
import type { Connection } from "./driver.ts";
import { listings } from "./listings.ts";
import { COLUMNS, runOf, type Row } from "./run-rows.ts";
import type { HeldLease, TimedClaim, TimedRun } from "../timed.ts";

/** The fields of a run that a write needs. */
export interface Head {
  /** The key of the run in the other tables. */
  readonly number: number;
  readonly status: RunStatus;
  readonly epoch: number;
  readonly owned: boolean;
  readonly parent: string | null;
  readonly cancel: string | null;
  /** JSON list of step ids; only a failed run has it. */
  readonly unhandled: string | null;
  readonly compensated: boolean;
  /** Its queue. */
  readonly queue: string | null;
}

/** What a claim finds. */
export interface Ownership {
  readonly number: number;
  readonly owner: string | null;
  readonly releasedAt: number | null;
  readonly queue: string | null;
}

export type Runs = ReturnType<typeof runsTable>;

/** All SQL for the table `runs`. */
export function runsTable(db: Connection) {
  const listing = listings(db);
  const insert = db.prepare<unknown[], Row>(
    `INSERT INTO runs (id, workflow, file, input, input_hash, code, code_history, code_seq, seed, parent, tags, schedule, trace, fork_of, restarts, created_at,
       started_at, updated_at, status, owner, lease_until, epoch)
     VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? + ${LAST_EPOCH}) ON CONFLICT (id) DO NOTHING
     RETURNING ${COLUMNS}`,
  );
  const fork = db.prepare<unknown[]>(
    `INSERT INTO runs (id, fork_of, created_at, updated_at, status, epoch, ${FORKED})
     SELECT ?, id, ?, ?, 'pending', ${LAST_EPOCH}, ${FORKED} FROM runs WHERE number = ? ON CONFLICT (id) DO NOTHING`,
  );
  const rank = db.prepare<[number, string]>("UPDATE runs SET queue_rank = ? WHERE id = ? AND queue IS NOT NULL");
  const forgetCancel = db.prepare<[number]>("UPDATE runs SET cancel = NULL WHERE number = ?");
  const unblock = db.prepare<[number]>("UPDATE runs SET blocked = NULL WHERE number = ? AND blocked IS NOT NULL");
  const setProgress = db.prepare<[string, number]>("UPDATE runs SET progress = ? WHERE number = ?");
  const drop = db.prepare<[number]>("DELETE FROM runs WHERE number = ?");
  const bury = db.prepare<unknown[]>(
    "INSERT INTO deleted_runs (id, epoch, at) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, at = excluded.at",
  );
  const forgetDeleted = db.prepare<[number]>("DELETE FROM deleted_runs WHERE at < ?");
  const get = db.prepare<[string], Row>(`SELECT ${COLUMNS} FROM runs WHERE id = ?`);
  const head = db.prepare<[string], HeadRow>(
    "SELECT number, status, epoch, owner IS NOT NULL AS owned, parent, cancel, unhandled, compensated, queue FROM runs WHERE id = ?",
  );
  const ownership = db.prepare<[string], Ownership>(
    "SELECT number, owner, released_at AS releasedAt, queue FROM runs WHERE id = ?",
  );
  const isClaimable = db.prepare<unknown[], 1>(`SELECT 1 FROM runs WHERE id = ? AND ${CLAIMABLE}`).pluck();
  const claim = db.prepare<unknown[]>(
    `UPDATE runs SET status = 'running', owner = ?, lease_until = ?, epoch = epoch + 1, released_at = NULL, wake_at = NULL, blocked = NULL, updated_at = ?,
       begin_by = NULL, gathering = NULL, in_line = 0,
       stalls = CASE WHEN @lastSeq > claimed_seq THEN 0 WHEN status = 'running' THEN stalls + 1 ELSE stalls END,
       claimed_seq = @lastSeq
     WHERE id = ? AND ${CLAIMABLE}`,
  );
  const owners = db.prepare<[], string>("SELECT DISTINCT owner FROM runs WHERE status = 'running'").pluck();
  const renew = db.prepare<unknown[]>(
    "UPDATE runs SET lease_until = max(lease_until, ?) WHERE id = ? AND epoch = ? AND owner IS NOT NULL",
  );
  const finish = db.prepare<unknown[]>(
    `UPDATE runs SET status = ?, output = ?, unhandled = ?, compensated = ?, owner = NULL, lease_until = NULL, wake_at = NULL,
       begin_by = NULL, end_by = NULL, gathering = NULL,
       released_at = CASE WHEN owner IS NULL THEN released_at ELSE @at END, updated_at = @at WHERE number = ?`,
  );
  const release = db.prepare<unknown[]>(
    "UPDATE runs SET status = ?, wake_at = ?, blocked = ?, owner = NULL, lease_until = NULL, released_at = @at, updated_at = @at WHERE number = ?",
  );
  const queueUp = db.prepare<[string]>(
    "UPDATE runs SET status = 'pending', owner = NULL, lease_until = NULL, wake_at = NULL, blocked = NULL, in_line = 1 WHERE id = ?",
  );
  const setInLine = db.prepare<[number, string]>("UPDATE runs SET in_line = ? WHERE id = ?");
  const fence = db.prepare<[number, string]>(
    "UPDATE runs SET epoch = epoch + 1, lease_until = min(lease_until, ?) WHERE id = ?",
  );
  const recode = db.prepare<unknown[]>("UPDATE runs SET code = ?, code_seq = ?, code_history = ? WHERE number = ?");
  const soon = "UPDATE runs SET wake_at = min(coalesce(wake_at, @at), @at) WHERE status = 'waiting'";
  const wake = db.prepare<{ number: number; at: number }>(`${soon} AND number = @number`);
  const wakeIfBegun = db.prepare<{ number: number; at: number }>(
    `${soon} AND number = @number AND released_at IS NOT NULL`,
  );
  const wakeById = db.prepare<{ id: string; at: number }>(`${soon} AND id = @id`);
  const requestCancel = db.prepare<unknown[]>(
    "UPDATE runs SET cancel = coalesce(cancel, ?), gathering = NULL, blocked = NULL, updated_at = ? WHERE number = ?",
  );
  const requeue = db.prepare<unknown[]>(
    `UPDATE runs SET status = 'pending', output = NULL, unhandled = NULL, compensated = 0, updated_at = ?, cancel = CASE WHEN ? THEN NULL ELSE cancel END
     WHERE number = ?`,
  );
  const restart = db.prepare<unknown[]>(
    `UPDATE runs SET status = 'pending', output = NULL, unhandled = NULL, compensated = 0, cancel = NULL, code_seq = 0, code_history = NULL,
       seed = ?, progress = NULL, released_at = NULL, restarts = restarts + 1, stalls = 0, claimed_seq = 0, created_at = @at, started_at = @at, updated_at = @at,
       queue_rank = CASE WHEN queue IS NOT NULL THEN @at END
     WHERE number = ?`,
  );

  return {
    /** Undefined: a run with this id exists. */
    insert: (run: TimedRun): RunRow | undefined => optional(insert.get(newValues(run))),
    get: (id: string): RunRow | undefined => optional(get.get(id)),
    head(id: string): Head | undefined {
      const found = head.get(id);
      return found && { ...found, owned: found.owned === 1, compensated: found.compensated === 1 };
    },
    list: listing.list,
    count: listing.count,
    unfinished: listing.unfinished,
    candidates: listing.candidates,
    owners: (): string[] => owners.all(),
    ownership: (id: string): Ownership | undefined => ownership.get(id),
    /** @param lastSeq - the highest `seq` of its steps, read in the same transaction */
    claim({ run, lease, now, from }: TimedClaim, lastSeq: number): boolean {
      const dead = from ?? { owner: null, epoch: null };
      return claim.run(lease.owner, lease.until, now, run, now, dead.owner, dead.epoch, now, { lastSeq }).changes === 1;
    },
    isClaimable({ run, now, from }: TimedClaim): boolean {
      const dead = from ?? { owner: null, epoch: null };
      return isClaimable.get(run, now, dead.owner, dead.epoch, now) !== undefined;
    },
    /** Makes a run that has no slot pending and in line. */
    queueUp: (id: string): void => void queueUp.run(id),
    setInLine: (id: string, isInLine: boolean): void => void setInLine.run(isInLine ? 1 : 0, id),
    /** Its owner cannot write any more, and anybody may claim it. */
    fence: (id: string, now: number): void => void fence.run(now - 1, id),
    setRank: (id: string, to: number): void => void rank.run(to, id),
    /** False: the run is not held under this epoch. */
    renew: (run: string, epoch: number, until: number): boolean => renew.run(until, run, epoch).changes === 1,
    finish(
      number: number,
      end: {
        status: FinalStatus;
        output: string;
        unhandled: readonly string[];
        compensated?: boolean;
      },
      at: number,
    ): void {
      const unhandled = end.unhandled.length > 0 ? JSON.stringify(end.unhandled) : null;
      finish.run(end.status, end.output, unhandled, end.compensated === true ? 1 : 0, number, { at });
    },
    release(
      number: number,
      to: { status: RunStatus; wakeAt: number | undefined; blocked: Blocked | undefined; at: number },
    ): void {
      release.run(to.status, to.wakeAt ?? null, to.blocked ? JSON.stringify(to.blocked) : null, number, { at: to.at });
    },
    recode(number: number, { code, codeSeq, codeHistory }: Extract<Write, { type: "code" }>): void {
      recode.run(code, codeSeq, codeHistory ?? null, number);
    },
    /** Makes a waiting run due at `at`, unless it is due earlier. */
    wake: (number: number, at: number): void => void wake.run({ number, at }),
    /** The same, unless the run has had no owner: then it waits for the time at which it begins. */
    wakeIfBegun: (number: number, at: number): void => void wakeIfBegun.run({ number, at }),
    wakeById: (id: string, at: number): void => void wakeById.run({ id, at }),
    requestCancel: (number: number, reason: string, at: number): void => void requestCancel.run(reason, at, number),
    /** Makes the run pending again, for a retry. */
    requeue: (number: number, at: number, forgetCancel: boolean): void =>
      void requeue.run(at, forgetCancel ? 1 : 0, number),
    /** Makes the run pending again, from the top. */
    restart: (number: number, seed: string, at: number): void => void restart.run(seed, number, { at }),
    /** A pending run with the row of another, without its steps. False: a run with this id exists. */
    fork: (number: number, id: string, at: number): boolean => fork.run(id, at, at, id, number).changes === 1,
    forgetCancel: (number: number): void => void forgetCancel.run(number),
    /** False: the run is not blocked. */
    unblock: (number: number): boolean => unblock.run(number).changes === 1,
    setProgress: (number: number, progress: string): void => void setProgress.run(progress, number),
    /** Deletes the row. The epoch is kept for a while. */
    delete({ number, id, epoch, at }: { number: number; id: string; epoch: number; at: number }): void {
      forgetDeleted.run(at - DELETED_LIFETIME);
      drop.run(number);
      bury.run(id, epoch, at);
    },
    old: listing.old,
  };
}

/** Milliseconds for which the epoch of a deleted run is kept: 30 days. */
const DELETED_LIFETIME = 30 * 24 * 3_600_000;

/** The epoch of the deleted run with this id, from which a new run with the id continues. */
const LAST_EPOCH = "coalesce((SELECT epoch FROM deleted_runs WHERE deleted_runs.id = ?), 0)";

/** What a fork has from its original. */
const FORKED =
  "workflow, file, input, input_hash, code, code_seq, code_history, seed, tags, cancel, started_at, queue, queue_key, hold, batch";

/** The conditions of a claim (S2). */
const CLAIMABLE = `status IN ('pending', 'running', 'waiting') AND (owner IS NULL OR lease_until < ? OR (owner = ? AND epoch = ?))
  AND (begin_by IS NULL OR begin_by >= ?)`;

type HeadRow = Omit<Head, "owned" | "compensated"> & { readonly owned: number; readonly compensated: number };

function newValues(run: TimedRun): unknown[] {
  const {
    id,
    workflow,
    file,
    input,
    inputHash,
    code,
    codeHistory = null,
    seed,
    parent = null,
    tags,
    schedule = null,
    trace = null,
    forkOf = null,
    restarts = 0,
    createdAt,
    startedAt = createdAt,
    lease,
    now,
  } = run;
  return [
    id,
    workflow,
    file,
    input,
    inputHash,
    code,
    codeHistory,
    seed,
    parent,
    tags ? JSON.stringify(tags) : null,
    schedule,
    trace,
    forkOf,
    restarts,
    createdAt,
    startedAt,
    now,
    ...newOwnership(lease),
    id,
  ];
}

function newOwnership(lease: HeldLease | undefined): unknown[] {
  return lease ? ["running", lease.owner, lease.until, 1] : ["pending", null, null, 0];
}

const optional = (row: Row | undefined): RunRow | undefined => row && runOf(row);
