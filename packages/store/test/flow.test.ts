import assert from "node:assert/strict";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  memoryStore,
  OFFER_TIME,
  wrapStore,
  type CreatedRun,
  type QueueAnswer,
  type RunRow,
  type Store,
} from "../src/index.ts";
import { timedStore, type TimedStore } from "../src/conformance/timed.ts";
import { drawnCommand } from "./commands.ts";
import { inOrder } from "./drawn.ts";
import { QUEUES, RATE } from "./flow-commands.ts";

type QueueStore = Required<TimedStore>;

const EVERY = { workflows: ["ship", "bill"] };
const NEVER = 1_000_000;

const commands = fc
  .array(drawnCommand({ queues: true, streams: true, forward: true }), { minLength: 10, maxLength: 120 })
  .map((drawn) => inOrder(drawn).filter((each) => !fc.stringify(each).startsWith("correctStart")));

async function memory(): Promise<QueueStore> {
  const store = timedStore(memoryStore());
  await store.open();
  return store as QueueStore;
}

async function limited(): Promise<QueueStore> {
  const store = await memory();
  await store.defineQueue({ name: "plain", concurrency: 2, perKey: 1 }, 0);
  await store.defineQueue({ name: "rated", rate: RATE }, 0);
  return store;
}

/** The store, with the times of the starts of the queue `rated` as its callers see them. */
function watched(store: QueueStore): { readonly store: QueueStore; readonly starts: number[] } {
  const starts: number[] = [];
  const known = new Set<number>();
  const isFirst = (run: RunRow): boolean => run.queue?.queue === "rated" && run.status === "running" && run.epoch === 1;
  const watching = wrapStore(store as unknown as Store, async (method, perform, args) => {
    const answer = await perform();
    const given = args[0] as { now: number; createdAt: number };
    if (method === "createRun") {
      const { created, run } = answer as CreatedRun;
      if (created && isFirst(run)) starts.push(given.createdAt);
    } else if (method === "claim") {
      const run = answer as RunRow | undefined;
      if (run && isFirst(run)) starts.push(given.now);
    } else if (method === "enqueue") {
      const steps = args[0] as { now: number }[];
      (answer as QueueAnswer[]).forEach((each, place) => {
        if (each?.state !== "taken" || each.start === undefined || known.has(each.start)) return;
        known.add(each.start);
        starts.push(steps[place]?.now ?? NaN);
      });
    }
    return answer;
  });
  return { store: watching as unknown as QueueStore, starts };
}

interface Slots {
  readonly name: string;
  readonly waiting: number;
  readonly running: number;
  readonly limit: number;
}

/** The slots of each queue and of each key. */
async function slotsOf(store: QueueStore): Promise<{ readonly queue: Slots; readonly keys: readonly Slots[] }[]> {
  const queues = await store.queues();
  return Promise.all(
    queues.map(async ({ concurrency = Infinity, perKey = Infinity, ...queue }) => {
      const keys = await store.queueKeys(queue.name, 100);
      return {
        queue: { ...queue, limit: concurrency },
        keys: keys.map(({ key, ...rest }) => ({ ...rest, name: `${queue.name} ${key}`, limit: perKey })),
      };
    }),
  );
}

test("Q1 slots and starts never exceed their limits, whatever is called", async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (calls) => {
      const { store, starts } = watched(await limited());
      let before = new Map<string, number>();
      for (const call of calls) {
        await call(store);
        const all = (await slotsOf(store)).flatMap(({ queue, keys }) => [queue, ...keys]);
        for (const { name, running, limit } of all)
          assert.ok(running <= Math.max(limit, before.get(name) ?? 0), `${name} has ${running} slots of ${limit}`);
        before = new Map(all.map(({ name, running }) => [name, running]));
      }
      const sooner = starts.filter(
        (at, place) => at - (starts[place - RATE.limit] ?? -Infinity) < RATE.per + RATE.slack,
      );
      assert.deepEqual(sooner, []);
    }),
    { numRuns: 300 },
  );
});

test("Q2 no slot is free while somebody in line may have it", async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (calls) => {
      const { store, starts } = watched(await limited());
      for (const call of calls) await call(store);
      const now = Math.max(0, ...calls.map(({ at }) => at ?? 0));
      await store.offers({ now, ...EVERY });
      const offers = await store.offers({ now, ...EVERY });
      const rows = await Promise.all(offers.map(({ run }) => store.getRun(run)));
      const promised = offers.filter(({ queue, step }, place) => {
        return queue === "rated" && (step !== undefined || rows[place]?.epoch === 0);
      });
      const recent = starts.filter((at) => at + RATE.per + RATE.slack > now);
      const isRateFull = promised.length + recent.length >= RATE.limit;
      for (const { queue, keys } of await slotsOf(store)) {
        if (queue.running >= queue.limit || (queue.name === "rated" && isRateFull)) continue;
        assert.deepEqual(
          keys.filter(({ waiting, running, limit }) => waiting > 0 && running < limit),
          [],
        );
      }
    }),
    { numRuns: 300 },
  );
});

test("Q2 Q3 nobody is lost: every run ends when workers look for long enough, whatever was called", async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (calls) => {
      const store = await limited();
      for (const call of calls) await call(store);
      for (const name of QUEUES)
        await store.defineQueue({ name, concurrency: 1, perKey: 1, ...(name === "rated" && { rate: RATE }) }, NEVER);
      for (const owner of ["me", "you"]) await store.freeSlots({ owner, dead: true, now: NEVER });
      await wakeAll(store, NEVER);
      for (let look = 0, now = NEVER; look < 100; look++)
        await work(store, (now += look % 10 === 9 ? OFFER_TIME + 1 : 10));
      const left = await store.listRuns({ status: ["pending", "running", "waiting"] });
      assert.deepEqual(left, []);
      for (const { waiting, running } of await store.queues()) assert.deepEqual([waiting, running], [0, 0]);
    }),
    { numRuns: 300 },
  );
});

async function wakeAll(store: QueueStore, now: number): Promise<void> {
  for (const { id } of await store.listRuns({})) await store.deliver({ run: id, name: "go", payload: "1", now });
}

/** One look of a worker, which ends what it can claim. */
async function work(store: QueueStore, now: number): Promise<void> {
  await store.expire({ now, expired: '"expired"', timedOut: '"timed out"' });
  await store.offers({ now, ...EVERY });
  for (const { id, owner = "", epoch } of await store.unfinished({ now, limit: 100 })) {
    const run = await store.claim({
      run: id,
      lease: { owner: "me", until: now + 5 },
      now,
      from: { owner, epoch },
    });
    if (run)
      await store.commit([
        { type: "finish", run: id, epoch: run.epoch, status: "completed", output: "1", unhandled: [], at: now },
      ]);
  }
}

test("five thousand may stand in line", async () => {
  const store = await memory();
  await store.defineQueue({ name: "q", concurrency: 5 }, 0);
  const given = { workflow: "ship", file: "f.ts", input: "1", inputHash: "h", code: "c", modules: "1", seed: "s" };
  for (let number = 0; number < 5_000; number++)
    await store.createRun({
      ...given,
      id: `r${number}`,
      createdAt: number,
      queue: { queue: "q", key: `k${number % 50}`, rank: number },
    });
  await store.defineQueue({ name: "q" }, 5_000);
  expect(await store.offers({ now: 5_000, workflows: [] })).toHaveLength(5_000);
}, 120_000);
