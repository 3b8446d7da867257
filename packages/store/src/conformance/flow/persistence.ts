import assert from "node:assert/strict";
import type { Gather } from "../../contract.ts";
import type { TimedStore as Store } from "../timed.ts";
import { get, ME, newRun, OTHER, release, step, checkpoint, T, together, type TwoStoreCases } from "../kit.ts";
import { ask, counts, define, hasQueues, hosts, offered, place, queued, type QueueStore } from "./kit.ts";

type Reopen = () => Promise<QueueStore>;
type Cases = Readonly<Record<string, (store: QueueStore, reopen: Reopen) => Promise<void>>>;

async function withSecond(reopen: Reopen, run: (second: QueueStore) => Promise<void>): Promise<void> {
  const second = await reopen();
  try {
    await run(second);
  } finally {
    await second.close();
  }
}

const cases: Cases = {
  "S3 a reopened store has the queues, the line and the slots": async (store, reopen) => {
    await define(store, { concurrency: 3, perKey: 2, rate: { limit: 3, per: 100, slack: 10 } });
    await hosts(store, "host");
    await store.createRun(queued("held", { lease: OTHER, queue: place({ hold: true }) }));
    await store.commit([release("held", { wakeAt: T + 99 })]);
    await ask(store, "host", "a[0]", { key: "k" });
    await store.createRun(queued("offered", { beginBy: T + 900, endBy: T + 999 }));
    for (const id of ["b[0]", "c[0]"]) await ask(store, "host", id, { key: "k" });
    await store.createRun(queued("in-line", { lease: ME }));
    const look = async (from: QueueStore) => [
      await from.queues(),
      await from.queueKeys("q", 10),
      await from.slotOwners(),
      await from.listRuns({}),
      await offered(from, T + 60),
      await ask(from, "host", "a[0]", { key: "k", now: T + 60 }),
    ];
    const before = await look(store);
    await store.close();
    await withSecond(reopen, async (second) => {
      assert.deepEqual(await look(second), before);
      await second.commit([step("host", checkpoint("a[0]", 1), { leaves: T + 70 })]);
      assert.deepEqual(await offered(second, T + 109), ["offered"]);
      assert.deepEqual(await offered(second, T + 110), ["offered", "host/b[0]"]);
    });
    await store.open();
  },
  "S3 a reopened store has what gathers, and what was throttled": async (store, reopen) => {
    const gather: Gather = { type: "batch", key: "k", wait: 100, size: 3 };
    const throttle = { key: "k", limit: 1, per: 100 };
    await store.createRun(newRun("a", { gather }));
    await store.createRun(newRun("b", { throttle }));
    await store.close();
    await withSecond(reopen, async (second) => {
      assert.equal((await second.createRun(newRun("c", { gather }))).run.id, "a");
      assert.equal((await second.createRun(newRun("d", { throttle, createdAt: T + 99 }))).run.id, "b");
      assert.equal((await second.createRun(newRun("e", { throttle, createdAt: T + 100 }))).run.id, "e");
    });
    await store.open();
  },
  "Q1 two stores on the same data give no more slots than there are": (store, reopen) =>
    withSecond(reopen, async (second) => {
      const pick = (number: number): QueueStore => (number % 2 === 0 ? store : second);
      await define(store, { concurrency: 3 });
      await hosts(store, "host");
      for (let number = 0; number < 6; number++) await store.createRun(queued(`r${number}`));
      const answers = await together(10, (number) => ask(pick(number), "host", `s[${number}]`));
      const claims = await together(12, (number) =>
        pick(number).claim({ run: `r${Math.floor(number / 2)}`, lease: { owner: `o${number}`, until: T + 9 }, now: T }),
      );
      assert.equal(answers.filter((answer) => answer?.state === "taken").length, 0);
      assert.equal(claims.filter((run) => run !== undefined).length, 3);
      for (const each of [store, second]) assert.deepEqual(await counts(each), [13, 3]);
    }),
  "Q6 of the starts in two stores on the same data, one gathers the others": (store, reopen) =>
    withSecond(reopen, async (second) => {
      const gather: Gather = { type: "batch", key: "k", wait: 100, size: 100 };
      const made = await together(20, (number) =>
        (number % 2 === 0 ? store : second).createRun(newRun(`r${number}`, { gather, input: `${number}` })),
      );
      assert.equal(made.filter(({ created }) => created).length, 1);
      const { input } = await get(store, made[0]?.run.id ?? "");
      assert.equal((JSON.parse(input) as unknown[]).length, 20);
    }),
};

/** The cases, for a store that has queues. */
export const flowPersistenceCases: TwoStoreCases = Object.fromEntries(
  Object.entries(cases).map(([name, run]) => [
    name,
    async (store: Store, reopen: () => Promise<Store>) => {
      if (!hasQueues(store)) return;
      await run(store, async () => {
        const second = await reopen();
        assert.ok(hasQueues(second));
        return second;
      });
    },
  ]),
);
