import type { NewRun, RunRow, StepRow, Write } from "@perdure/store";
import type { PostgresStore } from "../src/index.ts";

/** Numbers that are the same for the same seed. */
function drawing(seed: number) {
  let state = seed;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  return { below, one: <T>(of: readonly T[]): T => of[below(of.length)] as T };
}

export const RUNS = Array.from({ length: 8 }, (_, place) => `r${place}`);
export const base = { workflow: "ship", file: "f.ts", input: "1", inputHash: "h", code: "c", modules: "m", seed: "s" };

interface Held {
  readonly id: string;
  readonly epoch: number;
  seq: number;
}

/** One process that does what comes to its mind. */
export async function misuse(store: PostgresStore, owner: string, seed: number, calls: number): Promise<void> {
  const { below, one } = drawing(seed);
  const held: Held[] = [];
  const lease = () => ({ owner, ms: one([5, 60_000]) });
  const keep = (run: RunRow | undefined): void => {
    if (run?.owner === owner) held.push({ id: run.id, epoch: run.epoch, seq: 1_000 * run.epoch });
  };
  const write = async (...writes: ((run: Held) => Write)[]): Promise<void> => {
    const run = held.length > 0 ? one(held) : undefined;
    if (run) await store.commit(writes.map((make) => make(run)));
  };
  const step =
    (state: StepRow["state"], kind: StepRow["kind"], target: string) =>
    (run: Held): Write => {
      const seq = state === "open" ? {} : { seq: ++run.seq };
      return {
        type: "step",
        run: run.id,
        epoch: run.epoch,
        step: { id: `${kind}[${below(3)}]`, kind, state, target, ...seq, attempt: 1, inputHash: "h", startedAt: 1 },
      };
    };
  const release =
    (status: "pending" | "waiting") =>
    (run: Held): Write => ({ type: "release", run: run.id, epoch: run.epoch, status });
  const finish = (run: Held): Write => ({
    type: "finish",
    run: run.id,
    epoch: run.epoch,
    status: one(["completed", "failed", "cancelled"]),
    output: "1",
    unhandled: [],
  });
  const queue = () => ({ queue: one(["q", "p"]), key: one(["", "k"]), rank: below(10) });

  const actions: (() => unknown)[] = [
    async () => {
      const given: NewRun = {
        ...base,
        id: one(RUNS),
        parent: one(RUNS),
        ...(below(2) === 0 && { queue: queue() }),
        ...(below(2) === 0 && { lease: lease() }),
      };
      keep((await store.createRun(given)).run);
    },
    async () => keep(await store.claim({ run: one(RUNS), lease: lease() })),
    async () => keep(await store.claim({ run: one(RUNS), lease: lease() })),
    async () => {
      const claims = [one(RUNS), one(RUNS), one(RUNS)].map((id) => ({ run: id, lease: lease() }));
      for (const claimed of await store.claimRuns(claims)) keep(claimed?.run);
    },
    () => write(step("completed", "task", "")),
    () => write(step("open", "child", one(RUNS)), release("waiting")),
    () => write(step("open", "signal", one(["go", "stop"])), release("waiting")),
    () => write(step("open", "child", one(RUNS)), step("completed", "task", ""), release("waiting")),
    () => write(release(one(["pending", "waiting"]))),
    () => write(finish),
    () => write(finish, finish),
    () => store.deliver({ run: one(RUNS), name: one(["go", "stop"]), payload: "1" }),
    () => store.cancel({ run: one(RUNS), reason: '"no"' }),
    () => store.retry({ run: one(RUNS), force: true }),
    () => store.restart({ run: one(RUNS), seed: "s" }),
    () => (below(4) === 0 ? store.delete({ run: one(RUNS), force: true }) : undefined),
    () => store.prune({ endedBefore: Date.now() + 60_000, keep: 2, limit: 2 }),
    () => held.length > 0 && store.renew({ runs: held.map(({ id, epoch }) => ({ run: id, epoch })), ms: 10 }),
    async () => {
      const run = held.length > 0 ? one(held) : undefined;
      if (run)
        await store.enqueue(
          ["a[0]", "b[0]"].map((id) => ({
            run: run.id,
            epoch: run.epoch,
            step: id,
            ...queue(),
            lease: lease(),
            ...(below(4) === 0 && { lent: true }),
          })),
        );
    },
    async () => {
      const run = held.length > 0 ? one(held) : undefined;
      if (run) await store.leave({ run: run.id, epoch: run.epoch, step: "a[0]" });
    },
    () => store.offers({ workflows: ["ship"] }),
    () => store.freeSlots({ owner, dead: below(2) === 0 }),
    () => store.defineQueue({ name: "q", concurrency: 2 }),
    () => store.unfinished({ limit: 5 }),
    () => store.wakeups(held.map(({ id, epoch }) => ({ run: id, epoch }))),
  ];
  for (let call = 0; call < calls; call++) await one(actions)();
}

/** What must not be, each as a query that returns what is wrong. */
const WRONG: Readonly<Record<string, string>> = {
  "a waiting run whose child has ended or does not exist is not due": `
    SELECT r.id FROM @.runs r JOIN @.steps s ON s.run = r.number LEFT JOIN @.runs child ON child.id = s.target
    WHERE r.status = 'waiting' AND r.wake_at IS NULL AND s.state = 0 AND s.kind = 3 AND (child.id IS NULL OR child.status IN ('completed', 'failed', 'cancelled'))`,
  "a waiting run that was sent what it waits for is not due": `
    SELECT r.id FROM @.runs r JOIN @.steps s ON s.run = r.number JOIN @.signals g ON g.run = r.number AND g.name = s.target
    WHERE r.status = 'waiting' AND r.wake_at IS NULL AND s.state = 0 AND s.kind = 2 AND NOT g.consumed`,
  "a waiting run that is to be cancelled is not due": `
    SELECT id FROM @.runs r WHERE status = 'waiting' AND wake_at IS NULL AND cancel IS NOT NULL`,
  "nothing can wake a waiting run": `
    SELECT id FROM @.runs r WHERE status = 'waiting' AND wake_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM @.steps WHERE run = r.number AND state = 0 AND kind IN (2, 3))
      AND NOT EXISTS (SELECT 1 FROM @.queue_items i WHERE i.run = r.id AND step <> '' AND state <= 2)`,
  "two checkpoints have one seq": `SELECT run FROM @.steps WHERE seq IS NOT NULL GROUP BY run, seq HAVING count(*) > 1`,
  "deliveries have gaps": `SELECT run FROM @.signals GROUP BY run, name HAVING max(slot) <> count(*) - 1`,
  "a key is not as its items are": `
    SELECT k.key FROM @.queue_keys k JOIN @.queues q ON q.number = k.queue, LATERAL (
      SELECT (SELECT number FROM @.queue_items WHERE queue = k.queue AND key = k.key AND state = 1 AND NOT lent ORDER BY rank, number LIMIT 1) AS first,
        (SELECT count(*) FROM @.queue_items WHERE queue = k.queue AND key = k.key AND state >= 2 AND NOT lent) AS slots) AS its
    WHERE k.first IS DISTINCT FROM its.first OR (k.ready > 0) IS DISTINCT FROM (its.first IS NOT NULL AND coalesce(its.slots < q.per_key, true))`,
  "more slots are taken than there are": `
    SELECT q.name FROM @.queues q JOIN @.queue_items i ON i.queue = q.number WHERE i.state >= 2 AND NOT i.lent GROUP BY q.number HAVING count(*) > q.concurrency
    UNION ALL SELECT i.key FROM @.queues q JOIN @.queue_items i ON i.queue = q.number WHERE i.state >= 2 AND NOT i.lent GROUP BY q.number, i.key HAVING count(*) > q.per_key`,
  "items have no key": `SELECT run FROM @.queue_items i WHERE NOT lent AND NOT EXISTS (SELECT 1 FROM @.queue_keys k WHERE k.queue = i.queue AND k.key = i.key)`,
  "a slot is free while somebody could have it": `
    SELECT q.name FROM @.queues q WHERE coalesce((SELECT count(*) FROM @.queue_items WHERE queue = q.number AND state >= 2 AND NOT lent) < q.concurrency, true)
      AND EXISTS (SELECT 1 FROM @.queue_keys WHERE queue = q.number AND ready > 0)`,
  "a step that needs no slot of its own is not offered any": `SELECT run FROM @.queue_items WHERE lent AND state = 1`,
  "a run's row and its place differ": `
    SELECT r.id FROM @.runs r WHERE r.in_line IS DISTINCT FROM EXISTS (SELECT 1 FROM @.queue_items i WHERE i.run = r.id AND i.step = '' AND i.state <= 1)`,
  "a running run with a queue has no slot": `
    SELECT r.id FROM @.runs r WHERE r.status = 'running' AND r.queue IS NOT NULL AND NOT r.in_line
      AND NOT EXISTS (SELECT 1 FROM @.queue_items i WHERE i.run = r.id AND i.step = '' AND i.state >= 2)`,
  "what an ended run had in line is still there": `
    SELECT r.id FROM @.runs r JOIN @.queue_items i ON i.run = r.id WHERE r.status IN ('completed', 'failed', 'cancelled') AND (i.step = '' OR i.state < 3)`,
};

/** What is wrong in the schema. */
export async function wrongs(
  schema: string,
  query: (sql: string) => Promise<{ readonly rows: readonly unknown[] }>,
): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const [problem, sql] of Object.entries(WRONG)) {
    const { rows } = await query(sql.replaceAll("@.", `${schema}.`));
    if (rows.length > 0) found[problem] = rows;
  }
  return found;
}
