import type { QueueDefinition } from "../../contract.ts";
import type { Connection } from "../driver.ts";

/** A queue with its limits and its state. */
export interface Queue {
  readonly name: string;
  readonly defined: number;
  readonly concurrency: number | null;
  readonly per_key: number | null;
  readonly rate_limit: number | null;
  readonly rate_per: number | null;
  readonly rate_slack: number | null;
  /** The present turn of its keys. */
  readonly turn: number;
  /** That of the steps that are lent slots. */
  readonly lent_turn: number;
  /** How many starts it has had. */
  readonly starts: number;
}

/** The first in line of the key whose turn it is. */
export interface Next {
  readonly first: number;
  readonly turn: number;
  readonly rank: number;
}

export interface FirstInLine {
  readonly number: number;
  readonly rank: number;
  readonly counts: number;
}

/** Whether the first in line of a key may have a slot, and whether taking it is a start. */
const STARTS = 1;
const CONTINUES = 2;

/** All SQL for the tables `queues`, `queue_keys` and `queue_starts`. */
export function queuesTables(db: Connection) {
  const use = db.prepare<[string]>("INSERT INTO queues (name) VALUES (?) ON CONFLICT (name) DO NOTHING");
  const define = db.prepare<unknown[]>(
    `UPDATE queues SET defined = 1, concurrency = ?, per_key = ?, rate_limit = ?, rate_per = ?, rate_slack = ? WHERE name = ?`,
  );
  const get = db.prepare<[string], Queue>("SELECT * FROM queues WHERE name = ?");
  const all = db.prepare<[], Queue>("SELECT * FROM queues ORDER BY name");
  const setTurn = db.prepare<[number, string]>("UPDATE queues SET turn = max(turn, ?) WHERE name = ?");
  const setLook = db.prepare<[number | null, string, number | null]>(
    "UPDATE queues SET look_at = ? WHERE name = ? AND look_at IS NOT ?",
  );
  const keysOf = db.prepare<[string], string>("SELECT key FROM queue_keys WHERE queue = ?").pluck();
  const addKey = db.prepare<[string, string, number]>(
    "INSERT INTO queue_keys (queue, key, turn, ready) VALUES (?, ?, ?, 0) ON CONFLICT (queue, key) DO NOTHING",
  );
  const setKey = db.prepare<unknown[]>(
    "UPDATE queue_keys SET ready = ?, rank = ?, first = ? WHERE queue = ? AND key = ?",
  );
  const nextTurn = db.prepare<[string, string], { turn: number }>(
    "UPDATE queue_keys SET turn = turn + 1 WHERE queue = ? AND key = ? RETURNING turn - 1 AS turn",
  );
  const dropKey = db.prepare<[string, string]>("DELETE FROM queue_keys WHERE queue = ? AND key = ?");
  const first = (ready: string): string =>
    `SELECT first, turn, rank FROM (SELECT first, turn, rank FROM queue_keys WHERE queue = @queue AND ready = ${ready} AND ready > 0 ORDER BY turn, rank, first LIMIT 1)`;
  const inTurn = "ORDER BY turn, rank, first LIMIT 1";
  const nextItem = db.prepare<{ queue: string }, Next>(
    `SELECT first, turn, rank FROM (${first(String(STARTS))} UNION ALL ${first(String(CONTINUES))}) ${inTurn}`,
  );
  const setLentTurn = db.prepare<[number, string]>("UPDATE queues SET lent_turn = ? WHERE name = ?");
  const nextContinuing = db
    .prepare<{ queue: string }, number>(`SELECT first FROM (${first(String(CONTINUES))})`)
    .pluck();
  const toLookAt = db
    .prepare<{ now: number; latest: number; workflows: string }, string>(
      `SELECT queue FROM queue_items WHERE state = 2 AND (until < @now OR until > @latest)
       UNION SELECT name FROM queues WHERE look_at <= @now OR look_at > @now + 2 * (rate_per + rate_slack)
       UNION SELECT queue FROM queue_items WHERE state = 0 AND workflow IN (SELECT value FROM json_each(@workflows))`,
    )
    .pluck();
  const start = db
    .prepare<[string], number>("UPDATE queues SET starts = starts + 1 WHERE name = ? RETURNING starts - 1")
    .pluck();
  const addStart = db.prepare<[string, number, number]>(
    "INSERT INTO queue_starts (queue, number, at) VALUES (?, ?, ?)",
  );
  const startAt = db
    .prepare<[string, number], number>("SELECT at FROM queue_starts WHERE queue = ? AND number = ?")
    .pluck();
  // it may have been forgotten
  const moveStart = db.prepare<[string, number, number]>(
    "INSERT INTO queue_starts (queue, number, at) VALUES (?, ?, ?) ON CONFLICT (queue, number) DO UPDATE SET at = max(at, excluded.at)",
  );
  const setBack = db.prepare<[number, string, number]>("UPDATE queue_starts SET at = ? WHERE queue = ? AND at > ?");
  const forgetStarts = db.prepare<[string, number]>("DELETE FROM queue_starts WHERE queue = ? AND at <= ?");

  const byName = (name: string): Queue => {
    const found = get.get(name);
    if (found) return found;
    use.run(name);
    return get.get(name) as Queue;
  };

  return {
    byName,
    all: (): Queue[] => all.all(),
    define({ name, concurrency, perKey, rate }: QueueDefinition): void {
      use.run(name);
      define.run(
        concurrency ?? null,
        perKey ?? null,
        rate?.limit ?? null,
        rate?.per ?? null,
        rate?.slack ?? null,
        name,
      );
    },
    /** When time alone may make a slot free. */
    lookAt: (name: string, time: number | null): void => void setLook.run(time, name, time),
    keys: (name: string): string[] => keysOf.all(name),
    addKey: (queue: string, key: string): void => void addKey.run(queue, key, byName(queue).turn),
    /** @param ready - whether the first in line may have a slot */
    setKey(queue: string, key: string, head: FirstInLine | undefined, ready: boolean): void {
      const state = !ready || !head ? 0 : head.counts === 1 ? STARTS : CONTINUES;
      setKey.run(state, head?.rank ?? null, head?.number ?? null, queue, key);
    },
    /** The key has had its turn. */
    nextTurn(queue: string, key: string): void {
      const had = nextTurn.get(queue, key);
      if (had) setTurn.run(had.turn, queue);
    },
    dropKey: (queue: string, key: string): void => void dropKey.run(queue, key),
    /** The steps that are lent slots join the present turn. */
    lentJoins: (queue: string): void => void setLentTurn.run(byName(queue).turn, queue),
    /** They have had their turn. */
    nextLentTurn(queue: string): void {
      const { lent_turn: had } = byName(queue);
      setLentTurn.run(had + 1, queue);
      setTurn.run(had, queue);
    },
    /** The item whose turn it is. */
    nextItem: (queue: string): Next | undefined => nextItem.get({ queue }),
    /** The same among those whose slot is no start. */
    nextContinuing: (queue: string): number | undefined => nextContinuing.get({ queue }),
    /** Queues in which time, or a process that has these workflows, changes something. */
    toLookAt: (now: number, latest: number, workflows: readonly string[]): string[] =>
      toLookAt.all({ now, latest, workflows: JSON.stringify(workflows) }),
    /** Records a start, and returns its number. */
    start({ name, rate_per, rate_slack }: Queue, at: number): number {
      const number = start.get(name) ?? 0;
      addStart.run(name, number, at);
      forgetStarts.run(name, at - (rate_per ?? 0) - (rate_slack ?? 0));
      return number;
    },
    startAt: (queue: string, number: number): number | undefined => startAt.get(queue, number),
    moveStart: (queue: string, number: number, at: number): void => void moveStart.run(queue, number, at),
    /** A start that lies so far in the future was recorded before the clock was set back. */
    setBack: (queue: string, now: number, latest: number): void => void setBack.run(now, queue, latest),
  };
}
