import type { Gather, RunPlace, StartConditions, Throttle } from "../../contract.ts";
import { batchInput, JOINED_LIFETIME } from "../../flow.ts";
import type { Connection } from "../driver.ts";
import type { TimedRun } from "../../timed.ts";

export type Conditions = ReturnType<typeof conditionsTable>;

interface Gathering {
  readonly id: string;
  readonly input: string;
  /** When it is due at the latest. */
  readonly until: number | null;
}

function placeOf(place: RunPlace | undefined): unknown[] {
  const { queue = null, key = null, rank = null, hold } = place ?? {};
  return [queue, key, rank, hold ? 1 : null];
}

/** All SQL for the conditions under which runs begin. */
export function conditionsTable(db: Connection) {
  const place = db.prepare<unknown[]>(
    "UPDATE runs SET queue = ?, queue_key = ?, queue_rank = ?, hold = ?, begin_by = ?, end_by = ? WHERE id = ?",
  );
  const wait = db.prepare<[number, string]>("UPDATE runs SET status = 'waiting', wake_at = ? WHERE id = ?");
  const gather = db.prepare<unknown[]>(
    "UPDATE runs SET gathering = ?, gather_until = ?, batch = ?, input = ? WHERE id = ?",
  );
  const gathering = db.prepare<[string, string], Gathering>(
    "SELECT id, input, gather_until AS until FROM runs WHERE workflow = ? AND gathering = ?",
  );
  const replace = db.prepare<unknown[]>(
    `UPDATE runs SET input = ?, input_hash = ?,
       ${["wake_at", "queue", "queue_key", "queue_rank", "hold"].map((column) => `${column} = iif(status = 'waiting', ?, ${column})`).join(", ")}
     WHERE id = ?`,
  );
  const collect = db.prepare<unknown[]>("UPDATE runs SET input = ? WHERE id = ?");
  const full = db.prepare<{ id: string; at: number }>(
    "UPDATE runs SET gathering = NULL, wake_at = iif(status = 'waiting', min(coalesce(wake_at, @at), @at), wake_at) WHERE id = @id",
  );
  const recent = db
    .prepare<[string, string, number], number>(
      "SELECT count(*) FROM throttled WHERE workflow = ? AND key = ? AND at > ?",
    )
    .pluck();
  const latest = db
    .prepare<[string, string], string>(
      "SELECT run FROM throttled WHERE workflow = ? AND key = ? ORDER BY number DESC LIMIT 1",
    )
    .pluck();
  const throttle = db.prepare<unknown[]>("INSERT INTO throttled (workflow, key, at, run) VALUES (?, ?, ?, ?)");
  const forget = db.prepare<[string, string, number]>(
    "DELETE FROM throttled WHERE workflow = ? AND key = ? AND at <= ?",
  );
  const joined = db.prepare<[string], string>("SELECT run FROM joined_starts WHERE id = ?").pluck();
  const join = db.prepare<unknown[]>("INSERT OR REPLACE INTO joined_starts (id, run, at) VALUES (?, ?, ?)");
  const forgetJoined = db.prepare<[number]>("DELETE FROM joined_starts WHERE at <= ?");
  const late = db.prepare<{ now: number }, { id: string; tooLate: 0 | 1 }>(
    `SELECT id, begin_by IS NOT NULL AND begin_by <= @now AS tooLate FROM runs
     WHERE number IN (SELECT number FROM runs INDEXED BY runs_by_begin WHERE begin_by <= @now
                      UNION ALL SELECT number FROM runs INDEXED BY runs_by_end WHERE end_by <= @now AND cancel IS NULL)
     ORDER BY number`,
  );

  return {
    set(id: string, { queue, beginBy, endBy }: StartConditions): void {
      place.run(...placeOf(queue), beginBy ?? null, endBy ?? null, id);
    },
    waitUntil: (id: string, time: number): void => void wait.run(time, id),
    /** The run that the start has joined. */
    joinedBy({ id, now }: TimedRun): string | undefined {
      forgetJoined.run(now - JOINED_LIFETIME);
      return joined.get(id);
    },
    join: ({ id, now }: TimedRun, run: string): void => void join.run(id, run, now),
    /** The run that gathers under the key. */
    gathering: (workflow: string, key: string): Gathering | undefined => gathering.get(workflow, key),
    gather(id: string, { type, key, ...given }: Gather, input: string, now: number): void {
      const until = "max" in given && given.max !== undefined ? now + given.max : null;
      const isBatch = type === "batch";
      gather.run(key, until, isBatch ? 1 : 0, isBatch ? batchInput([input]) : input, id);
    },
    /** What another store knew of the run. */
    restore(id: string, { workflow, input, imported }: TimedRun): void {
      const { batch, gathers } = imported ?? {};
      const free = gathers && !gathering.get(workflow, gathers.key) ? gathers : undefined;
      gather.run(free?.key ?? null, free?.until ?? null, batch ? 1 : 0, input, id);
    },
    replace: (id: string, { input, inputHash, queue }: TimedRun, wakeAt: number): void =>
      void replace.run(input, inputHash, wakeAt, ...placeOf(queue), id),
    collect: (id: string, inputs: readonly string[]): void => void collect.run(batchInput(inputs), id),
    /** The run gathers no more, and is due. */
    isFull: (id: string, at: number): void => void full.run({ id, at }),
    /** The run that a start over the limit gets in place of a new one. */
    throttledBy({ workflow, now }: TimedRun, { key, limit, per }: Throttle): string | undefined {
      if ((recent.get(workflow, key, now - per) ?? 0) < limit) return undefined;
      return latest.get(workflow, key);
    },
    throttle({ id, workflow, now }: TimedRun, { key, per }: Throttle): void {
      forget.run(workflow, key, now - per);
      throttle.run(workflow, key, now, id);
    },
    /** Runs whose time to begin, or to end, is over. */
    late: (now: number): { id: string; tooLate: boolean }[] =>
      late.all({ now }).map(({ id, tooLate }) => ({ id, tooLate: tooLate === 1 })),
  };
}
