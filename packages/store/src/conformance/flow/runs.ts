import assert from "node:assert/strict";
import { idsOf, next } from "../claiming.ts";
import { counts, define, offered, place, queued, stateOf, type FlowCases, type QueueStore } from "./kit.ts";
import {
  checkpoint,
  dueAt,
  finish,
  get,
  ME,
  newRun,
  openChild,
  openWait,
  OTHER,
  owned,
  release,
  step,
  T,
} from "../kit.ts";

/** A queue with one slot, which the run `busy` has. */
async function full(store: QueueStore, given: Partial<Parameters<typeof place>[0]> = {}): Promise<void> {
  await define(store, { concurrency: 1 });
  await owned(store, "busy", { queue: place(given) });
}

export const queueRunCases: FlowCases = {
  "Q3 createRun with a lease takes a free slot": async (store) => {
    await define(store, { concurrency: 1 });
    const run = await owned(store, "r", { queue: place({ key: "k", hold: true }) });
    assert.deepEqual([run.status, run.epoch, run.owner], ["running", 1, "me"]);
    assert.deepEqual(run.queue, { queue: "q", key: "k", rank: T, hold: true });
    assert.equal("inLine" in run, false);
    assert.deepEqual(await store.slotOwners(), ["me"]);
  },
  "Q3 createRun with a lease puts the run in line if no slot is free": async (store) => {
    await full(store);
    const { created, run } = await store.createRun(queued("r", { lease: ME }));
    assert.deepEqual([created, run.status, run.epoch, run.inLine], [true, "pending", 0, true]);
    assert.deepEqual(["owner" in run, "leaseUntil" in run], [false, false]);
    assert.deepEqual(await get(store, "r"), run);
    assert.deepEqual(await counts(store), [1, 1]);
  },
  "Q3 without a lease a new run is in line from the beginning": async (store) => {
    await full(store);
    const { run } = await store.createRun(queued("r"));
    assert.equal(run.inLine, true);
    assert.deepEqual(await counts(store), [1, 1]);
    const [head] = await store.listRuns({ runs: ["r"] });
    assert.deepEqual([head?.inLine, head?.queue], [true, place()]);
  },
  "Q3 createRuns puts each run in line in order": async (store) => {
    await define(store, { concurrency: 1 });
    const made = await store.createRuns([queued("a"), queued("b"), queued("c", { lease: ME })]);
    assert.deepEqual(
      made.map(({ run }) => run.inLine),
      [undefined, true, true],
    );
  },
  "S20 the next runs of a queue are those that are offered a slot, or that are due and find one": async (store) => {
    await define(store, { concurrency: 3 });
    await owned(store, "busy", { queue: place() });
    await store.createRun(newRun("free", { createdAt: T + 1 }));
    await store.createRun(queued("offered", { createdAt: T + 2 }));
    for (const [at, id] of ["due 1", "due 2"].entries())
      await store.createRun(queued(id, { createdAt: T + 3 + at, dueAt: T + 10 }));
    const claims = async (queues?: readonly string[]): Promise<string[]> =>
      idsOf(await next(store, queues ? { queues } : {}));
    assert.deepEqual(await claims(["other"]), []);
    assert.deepEqual(await claims(["q"]), ["offered", "due 1"]);
    assert.deepEqual(await counts(store), [1, 3]);
    assert.equal(await stateOf(store, "due 2"), "pending, in line");
    assert.deepEqual(await claims(), ["free"]);
    await store.commit([finish("busy")]);
    assert.deepEqual(await claims(), ["due 2"]);
    assert.deepEqual(await counts(store), [0, 3]);
    assert.deepEqual(await store.slotOwners(), ["third"]);
  },
  "Q3 unfinished leaves out runs that are in line, and shows those that are offered a slot": async (store) => {
    await full(store);
    await store.createRun(queued("r"));
    assert.deepEqual(await dueAt(store, T), []);
    await store.commit([finish("busy")]);
    assert.deepEqual(await dueAt(store, T), ["r"]);
    assert.equal(await stateOf(store, "r"), "pending");
  },
  "Q3 a claim takes the slot that was offered": async (store) => {
    await define(store, { concurrency: 1 });
    await store.createRun(queued("r"));
    const run = await store.claim({ run: "r", lease: OTHER, now: T + 10 });
    assert.deepEqual([run?.status, run?.epoch, run?.owner], ["running", 1, "other"]);
    assert.deepEqual(await store.slotOwners(), ["other"]);
    assert.deepEqual(await offered(store, T + 10), []);
    assert.deepEqual(await counts(store), [0, 1]);
  },
  "Q3 a claim of a run in line takes what is free for it, and else changes nothing": async (store) => {
    await full(store);
    await store.createRun(queued("r"));
    const before = await get(store, "r");
    assert.equal(await store.claim({ run: "r", lease: OTHER, now: T }), undefined);
    assert.deepEqual(await get(store, "r"), before);
    assert.deepEqual(await store.executions("r"), []);
  },
  "Q3 a claim of a run that has no place puts it in line": async (store) => {
    await full(store);
    await store.createRun(queued("r", { dueAt: T + 10 }));
    assert.equal(await store.claim({ run: "r", lease: OTHER, now: T + 10 }), undefined);
    assert.equal(await stateOf(store, "r"), "pending, in line");
    assert.equal("wakeAt" in (await get(store, "r")), false);
    await store.commit([finish("busy")]);
    assert.ok(await store.claim({ run: "r", lease: OTHER, now: T + 100 }));
  },
  "Q3 a claim of a run that has no place takes a free slot at once": async (store) => {
    await define(store, { concurrency: 1 });
    await store.createRun(queued("r", { dueAt: T + 10 }));
    assert.deepEqual(await counts(store), [0, 0]);
    assert.ok(await store.claim({ run: "r", lease: OTHER, now: T + 10 }));
    assert.deepEqual(await counts(store), [0, 1]);
  },
  "Q3 a claim from a dead owner continues with the slot that the run has": async (store) => {
    await full(store);
    await store.createRun(queued("r"));
    const from = { owner: "me", epoch: 1 };
    assert.equal((await store.claim({ run: "busy", lease: OTHER, now: T + 10, from }))?.epoch, 2);
    assert.deepEqual(await store.slotOwners(), ["other"]);
    assert.deepEqual(await counts(store), [1, 1]);
  },
  "Q3 a claim that S2 refuses takes no slot and no place": async (store) => {
    await define(store, { concurrency: 2 });
    await owned(store, "held", { queue: place() });
    await owned(store, "ended", { queue: place() });
    await store.commit([finish("ended")]);
    for (const run of ["held", "ended"]) assert.equal(await store.claim({ run, lease: OTHER, now: T + 10 }), undefined);
    assert.deepEqual(await counts(store), [0, 1]);
  },
  "Q3 finish gives the slot back": async (store) => {
    await full(store);
    await store.commit([finish("busy")]);
    assert.deepEqual(await counts(store), [0, 0]);
    assert.deepEqual(await store.slotOwners(), []);
  },
  "Q3 a release to waiting gives the slot back, and the run has no place": async (store) => {
    await full(store);
    await store.createRun(queued("r"));
    await store.commit([release("busy", { wakeAt: T + 99 })]);
    assert.deepEqual(await offered(store, T + 50), ["r"]);
    assert.deepEqual(await counts(store), [0, 1]);
    assert.deepEqual(await dueAt(store, T + 99), ["busy", "r"]);
    assert.equal(await store.claim({ run: "busy", lease: ME, now: T + 99 }), undefined);
    assert.equal(await stateOf(store, "busy"), "pending, in line");
    assert.deepEqual(await counts(store), [1, 1]);
  },
  "Q3 a release to pending puts the run in line again with its old rank": async (store) => {
    await full(store, { rank: T + 5 });
    await store.createRun(queued("before", { queue: place({ rank: T + 4 }) }));
    await store.createRun(queued("after", { queue: place({ rank: T + 6 }) }));
    await store.commit([release("busy", { status: "pending" })]);
    assert.equal(await stateOf(store, "busy"), "pending, in line");
    assert.deepEqual(await offered(store, T + 50), ["before"]);
    await store.cancel({ run: "before", reason: '"why"', now: T + 60 });
    assert.deepEqual(await offered(store, T + 60), ["busy"]);
  },
  "Q3 a release to waiting that nothing can wake (S11) puts the run in line again": async (store) => {
    await full(store);
    await store.createRun(queued("r"));
    await store.commit([release("busy")]);
    assert.deepEqual(await counts(store), [1, 1]);
  },
  "Q3 a blocked release gives the slot back, and the run is not in line": async (store) => {
    await full(store, { hold: true });
    const blocked = { error: "E", message: "m", code: "c" };
    await store.commit([release("busy", { status: "pending", blocked })]);
    assert.equal(await stateOf(store, "busy"), "pending");
    assert.deepEqual(await counts(store), [0, 0]);
  },
  "Q3 a run whose slot was given to others is in line, and leaves the line when it is released as waiting": async (
    store,
  ) => {
    await full(store);
    await store.createRun(queued("r", { queue: place({ rank: T - 10 }) }));
    await store.freeSlots({ owner: "me", dead: true, now: T + 1 });
    const { epoch } = await get(store, "busy");
    assert.equal(await stateOf(store, "busy"), "running, in line");
    await store.commit([step("busy", openWait("w[0]", "go"), { epoch }), release("busy", { epoch, wakeAt: T + 99 })]);
    assert.equal(await stateOf(store, "busy"), "waiting");
    assert.deepEqual(await offered(store, T + 50), ["r"]);
  },
  "Q3 with hold, a release to waiting keeps the slot": async (store) => {
    await full(store, { hold: true });
    await store.createRun(queued("r"));
    await store.commit([step("busy", openWait("w[0]", "go")), release("busy")]);
    assert.deepEqual(await counts(store), [1, 1]);
    assert.deepEqual(await store.slotOwners(), []);
    await store.freeSlots({ owner: "me", dead: true, now: T + 99_999 });
    assert.deepEqual(await counts(store), [1, 1]);
    await store.deliver({ run: "busy", name: "go", payload: "1", now: T + 60 });
    assert.ok(await store.claim({ run: "busy", lease: OTHER, now: T + 60 }));
    assert.deepEqual(await store.slotOwners(), ["other"]);
    await store.commit([finish("busy", { epoch: 2 })]);
    assert.deepEqual(await offered(store, T + 100), ["r"]);
  },
  "Q3 with hold, a release to waiting for a child gives the slot back": async (store) => {
    await full(store, { hold: true });
    await store.createRun(queued("child"));
    await store.commit([step("busy", openChild("ship[0]", "child")), release("busy")]);
    assert.deepEqual(await offered(store, T + 50), ["child"]);
  },
  "Q3 a run that is deleted or cancelled before it began leaves the line": async (store) => {
    await full(store);
    for (const id of ["a", "b"]) await store.createRun(queued(id));
    assert.equal(await store.cancel({ run: "a", reason: '"why"', now: T }), true);
    assert.equal(await stateOf(store, "a"), "cancelled");
    assert.equal(await store.delete({ run: "b", now: T, force: true }), true);
    assert.deepEqual(await counts(store), [0, 1]);
  },
  "Q3 a deleted run with a kept slot gives it back": async (store) => {
    await full(store, { hold: true });
    await store.createRun(queued("r"));
    await store.commit([release("busy", { wakeAt: T + 99 })]);
    assert.equal(await store.delete({ run: "busy", now: T + 60, force: true }), true);
    assert.deepEqual(await offered(store, T + 60), ["r"]);
  },
  "Q3 retry, unblock, restart and fork leave it to the claim to put the run in line": async (store) => {
    await define(store, { concurrency: 1 });
    for (const id of ["retried", "blocked", "restarted"]) {
      await owned(store, id, { queue: place({ hold: true }) });
      const blocked = { error: "E", message: "m", code: "c" };
      const end = id === "blocked" ? release(id, { status: "pending", blocked }) : finish(id, { status: "failed" });
      await store.commit([step(id, checkpoint("a[0]", 1)), end]);
    }
    await store.createRun(queued("busy", { lease: ME, createdAt: T + 200 }));
    await store.retry({ run: "retried", now: T + 200 });
    await store.unblock("blocked");
    await store.fork({ run: "restarted", from: "a[0]", id: "forked", now: T + 201 });
    await store.restart({ run: "restarted", now: T + 202, seed: "s" });
    assert.deepEqual(await counts(store), [0, 1]);
    assert.deepEqual((await get(store, "retried")).queue, place({ hold: true }));
    assert.deepEqual((await get(store, "forked")).queue, place({ hold: true, rank: T + 201 }));
    assert.deepEqual((await get(store, "restarted")).queue, place({ hold: true, rank: T + 202 }));
    const ids = ["retried", "blocked", "restarted", "forked"];
    assert.deepEqual((await dueAt(store, T)).sort(), [...ids].sort());
    for (const run of ids) {
      assert.equal(await store.claim({ run, lease: OTHER, now: T + 210 }), undefined);
      assert.equal(await stateOf(store, run), "pending, in line");
    }
    assert.deepEqual(await counts(store), [4, 1]);
  },
  "Q3 a blocked run that is claimed while no slot is free is in line, and not blocked: who is offered a slot for it takes it":
    async (store) => {
      await define(store, { concurrency: 1 });
      await owned(store, "r", { queue: place() });
      const blocked = { error: "E", message: "m", code: "c" };
      await store.commit([release("r", { status: "pending", blocked })]);
      await owned(store, "busy", { queue: place() });
      assert.equal(await store.claim({ run: "r", lease: OTHER, now: T + 60 }), undefined);
      assert.equal((await get(store, "r")).blocked, undefined);
      assert.equal(await stateOf(store, "r"), "pending, in line");
    },
  "Q3 a run without a queue needs no slot": async (store) => {
    await define(store, { concurrency: 0 });
    await store.createRun(newRun("r"));
    assert.ok(await store.claim({ run: "r", lease: ME, now: T }));
    assert.deepEqual(await counts(store), [0, 0]);
  },
};
