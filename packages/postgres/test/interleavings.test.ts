import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Awaitable, NewRun, StepRow, Write } from "@perdure/store";
import { postgresStore, type PostgresStore } from "../src/index.ts";
import { databases, newRun as aRun } from "./databases.ts";

// Two connections change one row at the same moment. A third one holds it until both wait, so that both orders are tried.

const { beforeTests, afterTests, urlOf, clear, query, server } = databases();
const SCHEMA = "interleaved";
const url = () => urlOf(SCHEMA);
let one: PostgresStore;
let two: PostgresStore;
beforeAll(async () => {
  await beforeTests();
  one = postgresStore(url());
  two = postgresStore(url());
  await one.open();
  await two.open();
});
beforeEach(() => clear(SCHEMA));
afterAll(async () => {
  await one.close();
  await two.close();
  await afterTests();
});

const lease = { owner: "me", ms: 60_000 };
const newRun = (id: string, given: Partial<NewRun> = {}): NewRun => aRun(id, { lease, ...given });
const openStep = (id: string, kind: StepRow["kind"], target: string): StepRow => ({
  id,
  kind,
  target,
  state: "open",
  attempt: 0,
  inputHash: "h",
  startedAt: 1,
});
const checkpoint = (id: string, seq: number): StepRow => ({
  id,
  kind: "task",
  state: "completed",
  seq,
  attempt: 1,
  inputHash: "h",
  startedAt: 1,
});
const finishing = (run: string): Write[] => [
  { type: "finish", run, epoch: 1, status: "completed", output: "1", unhandled: [] },
];
const finish = (run: string) => one.commit(finishing(run));
const releasing = (run: string, ...steps: StepRow[]): Write[] => [
  ...steps.map((step) => ({ type: "step", run, epoch: 1, step }) as const),
  { type: "release", run, epoch: 1, status: "waiting" },
];
const release = (run: string, ...steps: StepRow[]) => two.commit(releasing(run, ...steps));

/** Runs that a process would claim now. */
const due = async (): Promise<string[]> => (await one.unfinished({ limit: 100 })).map(({ id }) => id).sort();

/** Waits until so many sessions wait for a lock, or so long that nothing will make them. */
async function untilBlocked(count: number): Promise<void> {
  const end = performance.now() + 2_000;
  while (performance.now() < end) {
    const { rows } = await query(
      "SELECT count(*)::integer AS blocked FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
    );
    if ((rows[0] as { blocked: number }).blocked >= count) return;
    await setTimeout(2);
  }
}

/** Starts both while the rows are locked: the first one is the first to get them. */
async function inOrder<A, B>(
  lock: string,
  first: () => Awaitable<A>,
  second: () => Awaitable<B>,
  end: "COMMIT" | "ROLLBACK" = "COMMIT",
): Promise<readonly [A, B]> {
  const holder = new pg.Client(server().url);
  await holder.connect();
  await holder.query("BEGIN");
  await holder.query(lock);
  const a = first();
  await untilBlocked(1);
  const b = second();
  await untilBlocked(2);
  await holder.query(end);
  const answers = await Promise.all([a, b]);
  await holder.end();
  return answers;
}

const lockOf = (...ids: string[]): string =>
  `SELECT 1 FROM ${SCHEMA}.runs WHERE id IN (${ids.map((id) => `'${id}'`).join(", ")}) FOR UPDATE`;

/** Both orders of two calls. */
function bothOrders<A, B>(
  name: string,
  prepare: () => Promise<unknown>,
  lock: () => string,
  calls: readonly [() => Awaitable<A>, () => Awaitable<B>],
  check: (a: A, b: B) => unknown,
): void {
  const [a, b] = calls;
  test(`${name}, in this order`, async () => {
    await prepare();
    const [answerOfA, answerOfB] = await inOrder(lock(), a, b);
    await check(answerOfA, answerOfB);
  });
  test(`${name}, the second one first`, async () => {
    await prepare();
    const [answerOfB, answerOfA] = await inOrder(lock(), b, a);
    await check(answerOfA, answerOfB);
  });
}

describe("a run that is released while what it waits for happens", () => {
  for (const locked of [["child"], ["parent"], ["child", "parent"]]) {
    bothOrders(
      `its child ends (${locked.join(" and ")} locked)`,
      async () => {
        await two.createRun(newRun("parent"));
        await one.createRun(newRun("child", { parent: "parent" }));
      },
      () => lockOf(...locked),
      [() => release("parent", openStep("c[0]", "child", "child")), () => finish("child")],
      async (released, finished) => {
        expect([released, finished]).toEqual([[true, true], [true]]);
        expect(await due()).toEqual(["parent"]);
      },
    );
  }
  bothOrders(
    "another run that it has joined ends",
    async () => {
      await one.createRun(newRun("other"));
      await two.createRun(newRun("waiter"));
    },
    () => lockOf("other"),
    [() => release("waiter", openStep("c[0]", "child", "other")), () => finish("other")],
    async () => expect(await due()).toEqual(["waiter"]),
  );
  bothOrders(
    "a younger run that waits for an older one, which ends",
    async () => {
      await one.createRun(newRun("older"));
      await two.createRun(newRun("younger"));
      await two.commit([{ type: "step", run: "younger", epoch: 1, step: openStep("c[0]", "child", "older") }]);
    },
    () => lockOf("older", "younger"),
    [() => release("younger"), () => finish("older")],
    async () => expect(await due()).toEqual(["younger"]),
  );
  bothOrders(
    "its child is deleted",
    async () => {
      await two.createRun(newRun("parent"));
      await one.createRun(newRun("child", { parent: "parent" }));
      await one.commit([{ type: "release", run: "child", epoch: 1, status: "pending" }]);
    },
    () => lockOf("child"),
    [() => release("parent", openStep("c[0]", "child", "child")), () => one.delete({ run: "child", force: true })],
    async () => expect(await due()).toEqual(["parent"]),
  );
  bothOrders(
    "a signal comes",
    async () => two.createRun(newRun("run")),
    () => lockOf("run"),
    [
      () => release("run", openStep("s[0]", "signal", "go")),
      () => one.deliver({ run: "run", name: "go", payload: "1" }),
    ],
    async () => expect(await due()).toEqual(["run"]),
  );
  bothOrders(
    "somebody cancels it",
    async () => two.createRun(newRun("run")),
    () => lockOf("run"),
    [() => release("run", openStep("s[0]", "signal", "go")), () => one.cancel({ run: "run", reason: '"no"' })],
    async (_, cancelled) => {
      expect(cancelled).toBe(true);
      expect(await due()).toEqual(["run"]);
    },
  );
});

bothOrders(
  "of two claims, one succeeds",
  async () => {
    const { lease: _, ...unowned } = newRun("run");
    await one.createRun(unowned);
  },
  () => lockOf("run"),
  [() => one.claim({ run: "run", lease }), () => two.claim({ run: "run", lease: { owner: "you", ms: 60_000 } })],
  async (a, b) => {
    expect([a, b].filter((claimed) => claimed !== undefined)).toHaveLength(1);
    expect(await one.executions("run")).toHaveLength(1);
  },
);

bothOrders(
  "a step is written before its run is taken, or refused",
  async () => one.createRun(newRun("run", { lease: { owner: "me", ms: -1 } })),
  () => lockOf("run"),
  [
    () =>
      one.commit([
        {
          type: "step",
          run: "run",
          epoch: 1,
          step: { id: "a[0]", kind: "task", state: "completed", seq: 1, attempt: 1, inputHash: "h", startedAt: 1 },
        },
      ]),
    async () => {
      const claimed = await two.claim({ run: "run", lease: { owner: "you", ms: 60_000 } });
      return { claimed, steps: await two.steps("run") };
    },
  ],
  ([isWritten], { claimed, steps }) => {
    assert.equal(claimed?.epoch, 2);
    expect(steps).toHaveLength(isWritten ? 1 : 0);
  },
);

bothOrders(
  "a delivery to a run that is just being created is kept for it",
  async () => undefined,
  () => `SELECT pg_advisory_xact_lock(hashtext('${SCHEMA}'), -1)`,
  [() => one.createRun(newRun("run")), () => two.deliver({ run: "run", name: "go", payload: "1" })],
  async () => {
    const [state] = await one.wakeups([{ run: "run", epoch: 1 }]);
    expect(state?.signals).toEqual([{ name: "go", slot: 0, payload: "1" }]);
  },
);

bothOrders(
  "a slot that is given back while somebody asks for it is not lost",
  async () => {
    await one.defineQueue({ name: "q", concurrency: 1 });
    await one.createRun(newRun("holder"));
    await one.createRun(newRun("asking"));
    await one.enqueue([{ run: "holder", epoch: 1, step: "a[0]", queue: "q", key: "", rank: 1, lease }]);
  },
  () => `SELECT 1 FROM ${SCHEMA}.queues FOR UPDATE`,
  [
    () => one.leave({ run: "holder", epoch: 1, step: "a[0]" }),
    () => two.enqueue([{ run: "asking", epoch: 1, step: "b[0]", queue: "q", key: "", rank: 1, lease }]),
  ],
  async (_, [answer]) => {
    const offers = await one.offers({ workflows: [] });
    expect(answer?.state === "taken" || offers.length === 1).toBe(true);
  },
);

describe("two transitions, of which the first one has done its part and has not been committed", () => {
  // a code version that somebody else records at the moment stops a batch at its last write
  const lock = `INSERT INTO ${SCHEMA}.codes (code, modules) VALUES ('held', 'm')`;
  const held = (run: string): Write => ({ type: "code", run, epoch: 1, code: "held", modules: "m", codeSeq: 0 });
  const prepare = async (): Promise<void> => {
    for (const id of ["ending", "waiter", "other"]) await one.createRun(newRun(id));
  };

  test("a run ends, and one that is released begins to wait for it", async () => {
    await prepare();
    await inOrder(
      lock,
      () => one.commit([...finishing("ending"), held("other")]),
      () => release("waiter", openStep("c[0]", "child", "ending")),
    );
    expect(await due()).toEqual(["waiter"]);
  });

  test("a run that is released begins to wait for another one, and that one ends", async () => {
    await prepare();
    await inOrder(
      lock,
      () => two.commit([...releasing("waiter", openStep("c[0]", "child", "ending")), held("other")]),
      () => finish("ending"),
    );
    expect(await due()).toEqual(["waiter"]);
  });

  test("a run is released, and a signal for it comes", async () => {
    await prepare();
    await inOrder(
      lock,
      () => two.commit([...releasing("waiter", openStep("s[0]", "signal", "go")), held("other")]),
      () => one.deliver({ run: "waiter", name: "go", payload: "1" }),
    );
    expect(await due()).toEqual(["waiter"]);
  });

  test("a run is released, and somebody cancels it", async () => {
    await prepare();
    await inOrder(
      lock,
      () => two.commit([...releasing("waiter", openStep("s[0]", "signal", "go")), held("other")]),
      () => one.cancel({ run: "waiter", reason: '"no"' }),
    );
    expect(await due()).toEqual(["waiter"]);
  });

  test("a parent is released, and its child ends", async () => {
    await one.createRun(newRun("waiter"));
    await one.createRun(newRun("other"));
    await one.createRun(newRun("ending", { parent: "waiter" }));
    await inOrder(
      lock,
      () => two.commit([...releasing("waiter", openStep("s[0]", "signal", "go")), held("other")]),
      () => finish("ending"),
    );
    expect(await due()).toEqual(["waiter"]);
  });

  test("a run ends, and another process that had its place in line asks for the slot", async () => {
    await one.defineQueue({ name: "q", concurrency: 1 });
    for (const id of ["ending", "waiter"]) await one.createRun(newRun(id, { queue: { queue: "q", key: "", rank: 1 } }));
    await one.createRun(newRun("other"));
    const [, claimed] = await inOrder(
      lock,
      () => one.commit([...finishing("ending"), held("other")]),
      () => two.claim({ run: "waiter", lease }),
    );
    expect(claimed).toMatchObject({ status: "running" });
  });

  test("a run is taken, and its old owner writes a step", async () => {
    await one.createRun(newRun("run", { lease: { owner: "me", ms: -1 } }));
    const [claimed, written] = await inOrder(
      `INSERT INTO ${SCHEMA}.executions (run, epoch, claimed_at, owner) SELECT number, 2, 0, 'x' FROM ${SCHEMA}.runs`,
      () => two.claim({ run: "run", lease: { owner: "you", ms: 60_000 } }),
      () => one.commit([{ type: "step", run: "run", epoch: 1, step: checkpoint("a[0]", 1) }]),
      "ROLLBACK",
    );
    expect([claimed?.epoch, written]).toEqual([2, [false]]);
    expect(await one.steps("run")).toEqual([]);
  });

  test("a step takes the last slot, and another one asks for it", async () => {
    await one.defineQueue({ name: "q", concurrency: 1, rate: { limit: 9, per: 1, slack: 0 } });
    for (const id of ["first", "second"]) await one.createRun(newRun(id));
    const ask = (store: PostgresStore, id: string) =>
      store.enqueue([{ run: id, epoch: 1, step: "a[0]", queue: "q", key: id, rank: 1, lease }]);
    const answers = await inOrder(
      `INSERT INTO ${SCHEMA}.queue_starts (queue, number, at) SELECT number, 0, 0 FROM ${SCHEMA}.queues`,
      () => ask(one, "first"),
      () => ask(two, "second"),
      "ROLLBACK",
    );
    expect(answers.map((each) => each[0]?.state)).toEqual(["taken", "waiting"]);
  });
});
