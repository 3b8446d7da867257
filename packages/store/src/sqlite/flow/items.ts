import type { Connection } from "../driver.ts";

/** The states of an item, in the order in which it goes through them. */
const ASIDE = 0;
export const WAITING = 1;
export const OFFERED = 2;
export const TAKEN = 3;

/** A run or a step that stands in line or has a slot. */
export interface Item {
  readonly number: number;
  readonly queue: string;
  readonly key: string;
  readonly run: string;
  /** Empty: the run itself. */
  readonly step: string;
  readonly epoch: number;
  readonly state: number;
  readonly rank: number;
  readonly since: number;
  /** 1: taking its slot is a start, for the rate of the queue. */
  readonly counts: number;
  /** 1: it uses a slot that another has. */
  readonly lent: number;
  readonly workflow: string;
  readonly until: number | null;
  readonly owner: string | null;
  readonly start: number | null;
}

export type NewItem = Pick<
  Item,
  "queue" | "key" | "run" | "step" | "epoch" | "rank" | "since" | "counts" | "lent" | "workflow"
>;

/** All SQL for the table `queue_items`. */
export function itemsTable(db: Connection) {
  const insert = db.prepare<unknown[], Item>(
    `INSERT INTO queue_items (queue, key, run, step, epoch, rank, since, counts, lent, workflow, state)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ${WAITING}) RETURNING *`,
  );
  const get = db.prepare<[number], Item>("SELECT * FROM queue_items WHERE number = ?");
  const inLine = db.prepare<[string, string], Item>(
    `SELECT * FROM queue_items WHERE run = ? AND step = ? AND state <= ${OFFERED}`,
  );
  const taken = db.prepare<[string, string, number], Item>(
    `SELECT * FROM queue_items WHERE run = ? AND step = ? AND epoch = ? AND state = ${TAKEN}`,
  );
  const ofRun = db.prepare<[string], Item>("SELECT * FROM queue_items WHERE run = ? AND step = ''");
  const all = db.prepare<[string], Item>("SELECT * FROM queue_items WHERE run = ? ORDER BY number");
  const first = db.prepare<[string, string], Item>(
    `SELECT * FROM queue_items WHERE queue = ? AND key = ? AND state = ${WAITING} AND lent = 0 ORDER BY rank, number LIMIT 1`,
  );
  const firstLent = db.prepare<[string], Item>(
    `SELECT * FROM queue_items WHERE queue = ? AND lent = 1 AND state = ${WAITING} ORDER BY rank, number LIMIT 1`,
  );
  const anyLent = db.prepare<[string], 1>("SELECT 1 FROM queue_items WHERE queue = ? AND lent = 1 LIMIT 1").pluck();
  const running = db
    .prepare<[string], number>(`SELECT count(*) FROM queue_items WHERE queue = ? AND state >= ${OFFERED} AND lent = 0`)
    .pluck();
  const runningOfKey = db
    .prepare<[string, string], number>(
      `SELECT count(*) FROM queue_items WHERE queue = ? AND key = ? AND state >= ${OFFERED} AND lent = 0`,
    )
    .pluck();
  const reserved = db
    .prepare<{ queue: string }, number>(
      `SELECT (SELECT count(*) FROM queue_items WHERE queue = @queue AND state = ${OFFERED} AND counts = 1 AND state >= ${OFFERED} AND lent = 0)
            + (SELECT count(*) FROM queue_items WHERE queue = @queue AND state = ${OFFERED} AND lent = 1)`,
    )
    .pluck();
  const inLineOfKey = db
    .prepare<[string, string], 1>(
      `SELECT 1 FROM queue_items WHERE queue = ? AND key = ? AND state <= ${WAITING} AND lent = 0 LIMIT 1`,
    )
    .pluck();
  const drop = db.prepare<[number]>("DELETE FROM queue_items WHERE number = ?");
  const offer = db.prepare<[number, number]>(`UPDATE queue_items SET state = ${OFFERED}, until = ? WHERE number = ?`);
  const take = db.prepare<unknown[]>(
    `UPDATE queue_items SET state = ${TAKEN}, owner = ?, until = ?, epoch = ?, start = coalesce(?, start), counts = 0 WHERE number = ?`,
  );
  const line = db.prepare<[number, number]>(
    `UPDATE queue_items SET state = ${WAITING}, rank = ?, until = NULL, owner = NULL WHERE number = ?`,
  );
  const setRank = db.prepare<[number, number]>("UPDATE queue_items SET rank = ? WHERE number = ?");
  const keep = db.prepare<[number]>("UPDATE queue_items SET owner = NULL, until = NULL WHERE number = ?");
  const rejoin = db.prepare<[number, number, number]>(
    "UPDATE queue_items SET epoch = ?, rank = min(rank, ?) WHERE number = ?",
  );
  const missed = db.prepare<[string, number, number], Item>(
    `SELECT * FROM queue_items WHERE state = ${OFFERED} AND queue = ? AND (until < ? OR until > ?)`,
  );
  const stepAside = db.prepare<[string, string]>(
    `UPDATE queue_items SET state = ${ASIDE} WHERE queue = ? AND workflow = ? AND state = ${WAITING} AND state <= ${WAITING}`,
  );
  const keysInLine = db
    .prepare<[string, string], string>(
      `SELECT DISTINCT key FROM queue_items WHERE queue = ? AND workflow = ? AND state <= ${WAITING}`,
    )
    .pluck();
  const comeBack = db.prepare<[string, string]>(
    `UPDATE queue_items SET state = ${WAITING} WHERE queue = ? AND state = ${ASIDE} AND workflow IN (SELECT value FROM json_each(?))`,
  );
  const keysAside = db
    .prepare<[string, string], string>(
      `SELECT DISTINCT key FROM queue_items WHERE queue = ? AND state = ${ASIDE} AND workflow IN (SELECT value FROM json_each(?))`,
    )
    .pluck();
  // the order would make SQLite read the whole table
  const offered = db.prepare<[], Item>(
    `SELECT * FROM queue_items INDEXED BY queue_items_offered WHERE state = ${OFFERED} ORDER BY number`,
  );
  const renew = db.prepare<[number, string]>(
    `UPDATE queue_items SET until = max(until, ?) WHERE owner = ? AND state = ${TAKEN} AND step <> ''`,
  );
  const owners = db
    .prepare<[], string>("SELECT DISTINCT owner FROM queue_items WHERE owner IS NOT NULL ORDER BY owner")
    .pluck();
  const ownedSteps = db.prepare<[string, number, number], Item>(
    `SELECT * FROM queue_items WHERE owner = ? AND state = ${TAKEN} AND step <> '' AND (? OR until < ?)`,
  );
  const ownedRuns = db.prepare<[string], Item>(
    `SELECT * FROM queue_items WHERE owner = ? AND state = ${TAKEN} AND step = ''`,
  );
  const keys = db.prepare<
    { queue: string; limit: number },
    { key: string; waiting: number; running: number; oldest: number | null }
  >(
    `SELECT key, sum(waiting) AS waiting, sum(running) AS running, min(oldest) AS oldest FROM (
       SELECT key, count(*) AS waiting, 0 AS running, min(since) AS oldest
       FROM queue_items WHERE queue = @queue AND state <= ${WAITING} GROUP BY key
       UNION ALL
       SELECT key, 0, count(*), NULL FROM queue_items WHERE queue = @queue AND state >= ${OFFERED} AND lent = 0 GROUP BY key)
     GROUP BY key ORDER BY waiting DESC, key LIMIT @limit`,
  );
  const inLineOf = db.prepare<[string], { waiting: number; oldest: number | null }>(
    `SELECT count(*) AS waiting, min(since) AS oldest FROM queue_items WHERE queue = ? AND state <= ${WAITING}`,
  );

  return {
    insert: ({ queue, key, run, step, epoch, rank, since, counts, lent, workflow }: NewItem): Item | undefined =>
      insert.get(queue, key, run, step, epoch, rank, since, counts, lent, workflow),
    get: (number: number): Item | undefined => get.get(number),
    /** What stands in line, or is offered a slot. */
    inLine: (run: string, step: string): Item | undefined => inLine.get(run, step),
    taken: (run: string, step: string, epoch: number): Item | undefined => taken.get(run, step, epoch),
    /** The item of the run itself. */
    ofRun: (run: string): Item | undefined => ofRun.get(run),
    /** Those of the run and its steps, in the order in which they came. */
    all: (run: string): Item[] => all.all(run),
    first: (queue: string, key: string): Item | undefined => first.get(queue, key),
    /** The first of those that use a slot of another. */
    firstLent: (queue: string): Item | undefined => firstLent.get(queue),
    hasLent: (queue: string): boolean => anyLent.get(queue) !== undefined,
    /** How many slots are offered or taken. */
    running: (queue: string): number => running.get(queue) ?? 0,
    runningOfKey: (queue: string, key: string): number => runningOfKey.get(queue, key) ?? 0,
    /** How many offers will be starts. */
    reserved: (queue: string): number => reserved.get({ queue }) ?? 0,
    hasInLine: (queue: string, key: string): boolean => inLineOfKey.get(queue, key) !== undefined,
    drop: (number: number): void => void drop.run(number),
    offer: (number: number, until: number): void => void offer.run(until, number),
    take: (number: number, to: { owner: string; until: number | null; epoch: number; start: number | null }): void =>
      void take.run(to.owner, to.until, to.epoch, to.start, number),
    /** Puts it in line again. */
    line: (number: number, rank: number): void => void line.run(rank, number),
    setRank: (number: number, rank: number): void => void setRank.run(rank, number),
    /** It keeps its slot without an owner. */
    keep: (number: number): void => void keep.run(number),
    rejoin: (number: number, epoch: number, rank: number): void => void rejoin.run(epoch, rank, number),
    /** Offers that ended before `now`, or would end later than any offer of `now`: the clock was set back. */
    missed: (queue: string, now: number, latest: number): Item[] => missed.all(queue, now, latest),
    stepAside(queue: string, workflow: string): string[] {
      stepAside.run(queue, workflow);
      return keysInLine.all(queue, workflow);
    },
    comeBack(queue: string, workflows: readonly string[]): string[] {
      const names = JSON.stringify(workflows);
      const found = keysAside.all(queue, names);
      if (found.length > 0) comeBack.run(queue, names);
      return found;
    },
    offered: (): Item[] => offered.all(),
    renew: (owner: string, until: number): void => void renew.run(until, owner),
    owners: (): string[] => owners.all(),
    ownedSteps: (owner: string, dead: boolean, now: number): Item[] => ownedSteps.all(owner, dead ? 1 : 0, now),
    ownedRuns: (owner: string): Item[] => ownedRuns.all(owner),
    keys: (queue: string, limit: number) => keys.all({ queue, limit }),
    waiting: (queue: string) => inLineOf.get(queue) ?? { waiting: 0, oldest: null },
  };
}
