import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { NewRun, RunRow, StepRow, Write } from "@perdure/store";
import { postgresStore, type PostgresStore } from "../src/index.ts";
import { databases } from "./databases.ts";

const { beforeTests, afterTests, urlOf, clear, query } = databases();
const SCHEMA = "hammered";
const stores: PostgresStore[] = [];
beforeAll(async () => {
  await beforeTests();
  for (let count = 0; count < 3; count++) {
    const store = postgresStore(urlOf(SCHEMA), { connections: 4 });
    await store.open();
    stores.push(store);
  }
});
beforeEach(() => clear(SCHEMA));
afterAll(async () => {
  for (const store of stores) await store.close();
  await afterTests();
});

const storeOf = (number: number): PostgresStore => stores[number % stores.length] as PostgresStore;

/** Numbers that are the same for the same seed. */
function drawing(seed: number) {
  let state = seed;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  return { below, one: <T>(of: readonly T[]): T => of[below(of.length)] as T };
}

const RUNS = Array.from({ length: 8 }, (_, place) => `r${place}`);
const base = { workflow: "ship", file: "f.ts", input: "1", inputHash: "h", code: "c", modules: "m", seed: "s" };

interface Held {
  readonly id: string;
  readonly epoch: number;
  seq: number;
}

/** One process that does what comes to its mind. */
async function misuse(store: PostgresStore, owner: string, seed: number, calls: number): Promise<void> {
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

async function assertNothingWrong(): Promise<void> {
  const found: Record<string, unknown> = {};
  for (const [problem, sql] of Object.entries(WRONG)) {
    const { rows } = await query(sql.replaceAll("@.", `${SCHEMA}.`));
    if (rows.length > 0) found[problem] = rows;
  }
  expect(found).toEqual({});
}

test.each([1, 2, 3, 4])(
  "whatever many processes do at once, no wake-up, slot or delivery is lost (seed %i)",
  async (seed) => {
    await storeOf(0).defineQueue({ name: "q", concurrency: 2 });
    await storeOf(0).defineQueue({ name: "p", perKey: 1 });
    const processes = Array.from({ length: 9 }, (_, number) =>
      misuse(storeOf(number), `o${number}`, seed * 1_000 + number, 150),
    );
    await Promise.all(processes);
    await assertNothingWrong();
  },
);

test("every delivery that was accepted while its run was created is there, once", async () => {
  const rounds = Array.from({ length: 20 }, async (_, round) => {
    const id = `run${round}`;
    const deliveries = Array.from({ length: 6 }, (__, number) =>
      storeOf(number).deliver({ run: id, name: "go", payload: `${number}` }),
    );
    await Promise.all([...deliveries.slice(0, 3), storeOf(round).createRun({ ...base, id }), ...deliveries.slice(3)]);
    const [state] = await storeOf(0).wakeups([{ run: id, epoch: 0 }]);
    return state?.signals ?? [];
  });
  for (const signals of await Promise.all(rounds)) {
    expect(signals.map(({ payload }) => payload).sort()).toEqual(["0", "1", "2", "3", "4", "5"]);
    expect(signals.map(({ slot }) => slot)).toEqual([0, 1, 2, 3, 4, 5]);
  }
});

test("of many starts of the same runs at once, each is created once", async () => {
  const wanted = RUNS.map((id) => ({ ...base, id }));
  const starts = Array.from({ length: 12 }, (_, number) =>
    storeOf(number).createRuns(number % 2 === 0 ? wanted : wanted.toReversed()),
  );
  const created = (await Promise.all(starts)).flat().filter((each) => each.created);
  expect(created.map(({ run }) => run.id).sort()).toEqual(RUNS);
});

test("of workers that claim the same runs at the same time, each run gets one, and none waits for another", async () => {
  const ids = Array.from({ length: 60 }, (_, number) => `run${number}`);
  await storeOf(0).createRuns(ids.map((id) => ({ ...base, id })));
  const looks = Array.from({ length: 6 }, async (_, number) => {
    const lease = { owner: `o${number}`, ms: 60_000 };
    const all = await storeOf(number).claimRuns(
      (number % 2 === 0 ? ids : ids.toReversed()).map((id) => ({ run: id, lease })),
    );
    return all.flatMap((claimed) => (claimed ? [claimed.run.id] : []));
  });
  expect((await Promise.all(looks)).flat().sort()).toEqual([...ids].sort());
  for (const id of ids) expect(await storeOf(0).executions(id)).toHaveLength(1);
});
