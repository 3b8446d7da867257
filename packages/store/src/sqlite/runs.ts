import type {
  Blocked,
  FinalStatus,
  Lease,
  NewRun,
  RunFilter,
  RunRow,
  RunStatus,
  Store,
  UnfinishedFilter,
  Write,
} from "../contract.ts";
import type { Connection } from "./driver.ts";

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
}

export type Runs = ReturnType<typeof runsTable>;

/** All SQL for the table `runs`. */
export function runsTable(db: Connection) {
  const listing = listings(db);
  const insert = db.prepare<unknown[]>(
    `INSERT INTO runs (id, workflow, file, input, input_hash, code, code_history, code_seq, seed, parent, created_at, updated_at, status, epoch, owner, lease_until)
     VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
  );
  const get = db.prepare<[string], Row>(`SELECT ${COLUMNS} FROM runs WHERE id = ?`);
  const head = db.prepare<[string], HeadRow>(
    "SELECT number, status, epoch, owner IS NOT NULL AS owned, parent, cancel, unhandled, compensated FROM runs WHERE id = ?",
  );
  const claim = db.prepare<unknown[]>(
    `UPDATE runs SET status = 'running', owner = ?, lease_until = ?, epoch = epoch + 1, wake_at = NULL, blocked = NULL, updated_at = ?,
       stalls = CASE WHEN ${LAST_SEQ} > claimed_seq THEN 0 WHEN status = 'running' THEN stalls + 1 ELSE stalls END,
       claimed_seq = ${LAST_SEQ}
     WHERE id = ? AND status IN ('pending', 'running', 'waiting')
       AND (owner IS NULL OR lease_until < ? OR (owner = ? AND epoch = ?))`,
  );
  const renew = db.prepare<unknown[]>(
    "UPDATE runs SET lease_until = max(lease_until, ?) WHERE id = ? AND epoch = ? AND owner IS NOT NULL",
  );
  const finish = db.prepare<unknown[]>(
    `UPDATE runs SET status = ?, output = ?, unhandled = ?, compensated = ?, owner = NULL, lease_until = NULL, wake_at = NULL, updated_at = ? WHERE number = ?`,
  );
  const release = db.prepare<unknown[]>(
    "UPDATE runs SET status = ?, wake_at = ?, blocked = ?, owner = NULL, lease_until = NULL, updated_at = ? WHERE number = ?",
  );
  const recode = db.prepare<unknown[]>("UPDATE runs SET code = ?, code_seq = ?, code_history = ? WHERE number = ?");
  const soon = "UPDATE runs SET wake_at = min(coalesce(wake_at, @at), @at) WHERE status = 'waiting'";
  const wake = db.prepare<{ number: number; at: number }>(`${soon} AND number = @number`);
  const wakeById = db.prepare<{ id: string; at: number }>(`${soon} AND id = @id`);
  const requestCancel = db.prepare<unknown[]>(
    "UPDATE runs SET cancel = ?, blocked = NULL, updated_at = ? WHERE number = ?",
  );
  const requeue = db.prepare<unknown[]>(
    `UPDATE runs SET status = 'pending', output = NULL, unhandled = NULL, compensated = 0, updated_at = ?, cancel = CASE WHEN ? THEN NULL ELSE cancel END
     WHERE number = ?`,
  );
  const restart = db.prepare<unknown[]>(
    `UPDATE runs SET status = 'pending', output = NULL, unhandled = NULL, compensated = 0, cancel = NULL, code_seq = 0, code_history = NULL,
       seed = ?, restarts = restarts + 1, stalls = 0, claimed_seq = 0, created_at = ?, updated_at = ? WHERE number = ?`,
  );

  return {
    /** False: a run with this id exists. */
    insert: (run: NewRun): boolean => insert.run(newValues(run)).changes === 1,
    get: (id: string): RunRow | undefined => optional(get.get(id)),
    head(id: string): Head | undefined {
      const found = head.get(id);
      return found && { ...found, owned: found.owned === 1, compensated: found.compensated === 1 };
    },
    list: listing.list,
    unfinished: listing.unfinished,
    claim({ run, lease, now, from }: Parameters<Store["claim"]>[0]): boolean {
      const dead = from ?? { owner: null, epoch: null };
      return claim.run(lease.owner, lease.until, now, run, now, dead.owner, dead.epoch).changes === 1;
    },
    /** False: the run is not held under this epoch. */
    renew: (run: string, epoch: number, until: number): boolean => renew.run(until, run, epoch).changes === 1,
    finish(
      number: number,
      end: {
        status: FinalStatus;
        output: string;
        unhandled: readonly string[];
        compensated?: boolean;
        at: number;
      },
    ): void {
      const unhandled = end.unhandled.length > 0 ? JSON.stringify(end.unhandled) : null;
      finish.run(end.status, end.output, unhandled, end.compensated === true ? 1 : 0, end.at, number);
    },
    release(
      number: number,
      to: { status: RunStatus; wakeAt: number | undefined; blocked: Blocked | undefined; at: number },
    ): void {
      release.run(to.status, to.wakeAt ?? null, to.blocked ? JSON.stringify(to.blocked) : null, to.at, number);
    },
    recode(number: number, { code, codeSeq, codeHistory }: Extract<Write, { type: "code" }>): void {
      recode.run(code, codeSeq, codeHistory ?? null, number);
    },
    /** Makes a waiting run due at `at`, unless it is due earlier. */
    wake: (number: number, at: number): void => void wake.run({ number, at }),
    wakeById: (id: string, at: number): void => void wakeById.run({ id, at }),
    requestCancel: (number: number, reason: string, at: number): void => void requestCancel.run(reason, at, number),
    /** Makes the run pending again, for a retry. */
    requeue: (number: number, at: number, forgetCancel: boolean): void =>
      void requeue.run(at, forgetCancel ? 1 : 0, number),
    /** Makes the run pending again, from the top. */
    restart: (number: number, seed: string, at: number): void => void restart.run(seed, at, at, number),
  };
}

const COLUMNS = `id, workflow, file, status, input, input_hash, output, code, code_seq, code_history, seed, parent, owner, epoch,
  lease_until, wake_at, cancel, blocked, compensated, restarts, stalls, created_at, updated_at`;

type HeadRow = Omit<Head, "owned" | "compensated"> & { readonly owned: number; readonly compensated: number };

interface Row {
  readonly id: string;
  readonly workflow: string;
  readonly file: string;
  readonly status: RunStatus;
  readonly input: string;
  readonly input_hash: string;
  readonly output: string | null;
  readonly code: string;
  readonly code_seq: number;
  readonly code_history: string | null;
  readonly seed: string;
  readonly parent: string | null;
  readonly owner: string | null;
  readonly epoch: number;
  readonly lease_until: number | null;
  readonly wake_at: number | null;
  readonly cancel: string | null;
  readonly blocked: string | null;
  readonly compensated: number;
  readonly restarts: number;
  readonly stalls: number;
  readonly created_at: number;
  readonly updated_at: number;
}

function newValues(run: NewRun): unknown[] {
  const { id, workflow, file, input, inputHash, code, codeHistory = null, seed, parent = null, createdAt, lease } = run;
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
    createdAt,
    createdAt,
    ...newOwnership(lease),
  ];
}

function newOwnership(lease: Lease | undefined): unknown[] {
  return lease ? ["running", 1, lease.owner, lease.until] : ["pending", 0, null, null];
}

const optional = (row: Row | undefined): RunRow | undefined => row && runOf(row);

function runOf(row: Row): RunRow {
  return {
    id: row.id,
    workflow: row.workflow,
    file: row.file,
    status: row.status,
    input: row.input,
    inputHash: row.input_hash,
    ...(row.output !== null && { output: row.output }),
    code: row.code,
    codeSeq: row.code_seq,
    ...(row.code_history !== null && { codeHistory: row.code_history }),
    seed: row.seed,
    ...(row.parent !== null && { parent: row.parent }),
    ...(row.owner !== null && { owner: row.owner }),
    epoch: row.epoch,
    ...(row.lease_until !== null && { leaseUntil: row.lease_until }),
    ...(row.wake_at !== null && { wakeAt: row.wake_at }),
    ...(row.cancel !== null && { cancel: row.cancel }),
    ...(row.blocked !== null && { blocked: blockedOf(row.blocked) }),
    ...(row.compensated === 1 && { compensated: true as const }),
    restarts: row.restarts,
    stalls: row.stalls,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** A damaged value must not make the other runs of a list unreadable. */
function blockedOf(text: string): Blocked {
  try {
    const { error, message, code } = JSON.parse(text) as Partial<Blocked>;
    return { error: String(error), message: String(message), code: String(code) };
  } catch {
    return { error: "STORE_CORRUPT", message: `the reason in the store is damaged: ${text.slice(0, 100)}`, code: "" };
  }
}

/** The queries that return many runs. Each status has a separate SELECT, so that an index provides the order and the limit ends the search early. */
function listings(db: Connection) {
  const cached = new Map<string, ReturnType<typeof db.prepare<[object], Row>>>();
  const query = (sql: string, values: object): RunRow[] => {
    let statement = cached.get(sql);
    if (!statement) cached.set(sql, (statement = db.prepare<[object], Row>(sql)));
    return statement.all(values).map(runOf);
  };

  return {
    list({ status, workflow, runs, before, limit = 100 }: RunFilter): RunRow[] {
      const statuses = status === undefined ? undefined : [...new Set([status].flat())];
      if (statuses?.length === 0) return [];
      const conditions = [
        ...(workflow === undefined ? [] : [OF_WORKFLOWS]),
        ...(runs ? [OF_RUNS] : []),
        ...(before === undefined
          ? []
          : ["(created_at, number) < (SELECT created_at, number FROM runs WHERE id = @before)"]),
      ];
      const column = runs ? "+status" : "status"; // with the ids there is no use for the index of statuses
      const arms = statuses?.map((_, place) => select([`${column} = @status${place}`, ...conditions])) ?? [
        select(conditions),
      ];
      const named = Object.fromEntries(statuses?.map((value, place) => [`status${place}`, value]) ?? []);
      const values = {
        ...named,
        workflows: JSON.stringify([workflow].flat()),
        ...(runs && { runs: JSON.stringify(runs) }),
        before,
        limit: Math.max(0, limit),
      };
      return query(`${arms.join(" UNION ALL ")} ${inOrder("DESC")}`, values);
    },
    unfinished({ workflows, runs, now, limit, alive = [], blocked = true }: UnfinishedFilter): RunRow[] {
      const only = [...(workflows ? [OF_WORKFLOWS] : []), ...(runs ? [OF_RUNS] : [])];
      const pending = ["status = 'pending'", ...only, ...(blocked ? [] : ["blocked IS NULL"])];
      const running = ["status = 'running'", ...only, "owner NOT IN (SELECT value FROM json_each(@alive))"];
      const due = ["status = 'waiting'", "wake_at <= @now", ...only];
      const arms = [select(pending), select(running), select(due, runs ? "" : "INDEXED BY runs_by_wake")];
      const values = {
        ...(workflows && { workflows: JSON.stringify(workflows) }),
        ...(runs && { runs: JSON.stringify(runs) }),
        alive: JSON.stringify(alive),
        now,
        limit: Math.max(0, limit),
      };
      return query(`${arms.join(" UNION ALL ")} ${inOrder("ASC")}`, values);
    },
  };
}

function select(conditions: readonly string[], index = ""): string {
  return conditions.length === 0 ? SELECT : `${SELECT} ${index} WHERE ${conditions.join(" AND ")}`;
}

const inOrder = (order: "ASC" | "DESC"): string => `ORDER BY created_at ${order}, number ${order} LIMIT @limit`;

const OF_WORKFLOWS = "workflow IN (SELECT value FROM json_each(@workflows))";
const LAST_SEQ = "(SELECT coalesce(max(seq), 0) FROM steps WHERE steps.run = runs.number)";
const OF_RUNS = "id IN (SELECT value FROM json_each(@runs))";
const SELECT = `SELECT ${COLUMNS}, number FROM runs`;
