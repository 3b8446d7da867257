import assert from "node:assert/strict";
import { ask, counts, define, hosts, offered, place, queued, TAKEN, WAITING, type FlowCases } from "./kit.ts";
import { checkpoint, dueAt, finish, get, ME, openStep, OTHER, release, step, T } from "../kit.ts";

export const queueStepCases: FlowCases = {
  "Q4 a step takes a free slot, and the same call gives the same answer": async (store) => {
    await define(store, { concurrency: 1, rate: { limit: 5, per: 10, slack: 0 } });
    await hosts(store, "r");
    assert.deepEqual(await ask(store, "r", "a[0]"), { state: "taken", start: 0 });
    assert.deepEqual(await ask(store, "r", "a[0]", { now: T + 20 }), { state: "taken", start: 0 });
    assert.deepEqual(await ask(store, "r", "b[0]"), WAITING);
    assert.deepEqual(await ask(store, "r", "b[0]"), WAITING);
    assert.deepEqual(await counts(store), [1, 1]);
    assert.deepEqual(await store.slotOwners(), ["me"]);
  },
  "Q4 enqueue answers for each step, in order": async (store) => {
    await define(store, { concurrency: 1 });
    await hosts(store, "r");
    const want = (run: string, id: string) => ({ run, step: id, epoch: 1, ...place(), lease: ME, now: T });
    const answers = await store.enqueue([
      want("none", "a[0]"),
      want("r", "a[0]"),
      want("r", "b[0]"),
      want("r", "a[0]"),
    ]);
    assert.deepEqual(answers, [undefined, TAKEN, WAITING, TAKEN]);
    assert.deepEqual(await store.enqueue([]), []);
  },
  "Q4 a run that is not held under this epoch gets no slot": async (store) => {
    await hosts(store, "r", "left", "done");
    await store.commit([release("left", { status: "pending" }), finish("done")]);
    assert.equal(await ask(store, "r", "a[0]", { epoch: 2 }), undefined);
    for (const id of ["left", "done", "none"]) assert.equal(await ask(store, id, "a[0]"), undefined);
    assert.deepEqual(await store.queues(), []);
  },
  "Q4 a step that waits is offered the slot that becomes free, and takes it with another call": async (store) => {
    await define(store, { concurrency: 1 });
    await hosts(store, "r");
    await ask(store, "r", "a[0]");
    await ask(store, "r", "b[0]");
    await store.leave({ run: "r", epoch: 1, step: "a[0]", now: T + 10 });
    assert.deepEqual(await store.offers({ now: T + 10, workflows: [] }), [{ queue: "q", run: "r", step: "b[0]" }]);
    assert.deepEqual(await store.slotOwners(), []);
    assert.deepEqual(await ask(store, "r", "b[0]", { now: T + 20 }), TAKEN);
    assert.deepEqual(await counts(store), [0, 1]);
  },
  "Q4 a later call keeps the place, with the lower rank": async (store) => {
    await define(store, { concurrency: 1 });
    await hosts(store, "r");
    for (const id of ["a[0]", "b[0]", "c[0]"]) await ask(store, "r", id);
    await ask(store, "r", "c[0]", { rank: T - 1 });
    await ask(store, "r", "c[0]", { rank: T + 9, key: "other", queue: "other" });
    assert.deepEqual(
      (await store.queues()).map(({ name }) => name),
      ["q"],
    );
    await store.leave({ run: "r", epoch: 1, step: "a[0]", now: T + 10 });
    assert.deepEqual(await offered(store, T + 10), ["r/c[0]"]);
  },
  "Q4 a step keeps its place in line when its run has a new owner": async (store) => {
    await define(store, { concurrency: 1 });
    await hosts(store, "r", "busy");
    await ask(store, "busy", "a[0]");
    await ask(store, "r", "a[0]");
    await store.claim({ run: "r", lease: OTHER, now: T + 10, from: { owner: "me", epoch: 1 } });
    assert.equal(await ask(store, "r", "a[0]"), undefined);
    assert.deepEqual(await ask(store, "r", "a[0]", { epoch: 2, lease: OTHER }), WAITING);
    assert.deepEqual(await counts(store), [1, 1]);
    await store.leave({ run: "r", epoch: 1, step: "a[0]", now: T + 20 });
    assert.deepEqual(await counts(store), [1, 1]);
    await store.leave({ run: "r", epoch: 2, step: "a[0]", now: T + 20 });
    assert.deepEqual(await counts(store), [0, 1]);
  },
  "Q4 a new owner can give up the place in line that its step had before": async (store) => {
    await define(store, { concurrency: 1 });
    await hosts(store, "r", "busy");
    await ask(store, "busy", "a[0]");
    await ask(store, "r", "a[0]");
    await store.claim({ run: "r", lease: OTHER, now: T + 10, from: { owner: "me", epoch: 1 } });
    await store.leave({ run: "r", epoch: 2, step: "a[0]", now: T + 20 });
    assert.deepEqual(await counts(store), [0, 1]);
    await store.leave({ run: "busy", epoch: 2, step: "a[0]", now: T + 20 });
    assert.deepEqual(await counts(store), [0, 1]);
  },
  "Q4 a slot belongs to the owner that took it, whatever becomes of the run": async (store) => {
    await define(store, { concurrency: 2 });
    await hosts(store, "r", "done");
    await ask(store, "r", "a[0]");
    await ask(store, "done", "a[0]");
    await store.commit([finish("done")]);
    await store.delete({ run: "done", now: T + 100 });
    await store.claim({ run: "r", lease: OTHER, now: T + 100, from: { owner: "me", epoch: 1 } });
    assert.deepEqual(await ask(store, "r", "a[0]", { epoch: 2, lease: OTHER, now: T + 100 }), WAITING);
    assert.deepEqual(await counts(store), [1, 2]);
    await store.leave({ run: "done", epoch: 1, step: "a[0]", now: T + 110 });
    assert.deepEqual(await ask(store, "r", "a[0]", { epoch: 2, lease: OTHER, now: T + 110 }), TAKEN);
    assert.deepEqual(await store.slotOwners(), ["me", "other"]);
    await store.leave({ run: "r", epoch: 1, step: "a[0]", now: T + 120 });
    assert.deepEqual(await store.slotOwners(), ["other"]);
  },
  "Q4 a step write with `leaves` gives back the slot, or the place in line": async (store) => {
    await define(store, { concurrency: 1 });
    await hosts(store, "r");
    for (const id of ["a[0]", "b[0]", "c[0]"]) await ask(store, "r", id);
    const write = (id: string, seq: number) => step("r", checkpoint(id, seq), { leaves: T + 9 });
    assert.deepEqual(await store.commit([write("b[0]", 1), write("a[0]", 2)]), [true, true]);
    assert.deepEqual(await offered(store, T + 2), ["r/c[0]"]);
    assert.deepEqual(await counts(store), [0, 1]);
  },
  "Q4 an open step's write with `leaves` gives it back as well; a write without, or a refused one, does not": async (
    store,
  ) => {
    await define(store, { concurrency: 2 });
    await hosts(store, "r");
    for (const id of ["a[0]", "b[0]"]) await ask(store, "r", id);
    await store.commit([step("r", openStep("a[0]")), step("r", checkpoint("b[0]", 1))]);
    assert.deepEqual(await counts(store), [0, 2]);
    const refused = await store.commit([
      step("r", checkpoint("b[0]", 2), { leaves: T + 9 }),
      step("r", openStep("a[0]"), { leaves: T + 9, epoch: 2 }),
    ]);
    assert.deepEqual(refused, [false, false]);
    assert.deepEqual(await counts(store), [0, 2]);
    assert.deepEqual(await store.commit([step("r", openStep("a[0]", { dueAt: T + 9 }), { leaves: T + 9 })]), [true]);
    assert.deepEqual(await counts(store), [0, 1]);
  },
  "Q4 leave has no effect on a step that has neither a slot nor a place": async (store) => {
    await define(store, { concurrency: 1 });
    await hosts(store, "r");
    await ask(store, "r", "a[0]");
    for (const given of [{ run: "none" }, { epoch: 2 }, { epoch: 0 }, { step: "b[0]" }])
      await store.leave({ run: "r", epoch: 1, step: "a[0]", now: T, ...given });
    assert.deepEqual(await counts(store), [0, 1]);
  },
  "Q4 a step in line leaves it with the end of its run": async (store) => {
    await define(store, { concurrency: 1 });
    await hosts(store, "busy", "done");
    await ask(store, "busy", "a[0]");
    await ask(store, "done", "a[0]");
    await store.commit([finish("done")]);
    assert.deepEqual(await counts(store), [0, 1]);
  },
  "Q4 an offered step leaves with the end of its run, and the next is offered the slot": async (store) => {
    await define(store, { concurrency: 1 });
    await hosts(store, "busy", "done", "last");
    for (const id of ["busy", "done", "last"]) await ask(store, id, "a[0]");
    await store.leave({ run: "busy", epoch: 1, step: "a[0]", now: T });
    assert.deepEqual(await offered(store, T), ["done/a[0]"]);
    await store.commit([finish("done")]);
    assert.deepEqual(await offered(store, T + 100), ["last/a[0]"]);
  },
  "Q4 S11 a run with a step in line can be woken, and is due when that is offered a slot": async (store) => {
    await define(store, { concurrency: 1 });
    await hosts(store, "busy", "r");
    await ask(store, "busy", "a[0]");
    await ask(store, "r", "a[0]");
    await store.commit([release("r")]);
    assert.equal((await get(store, "r")).status, "waiting");
    assert.deepEqual(await dueAt(store, T + 9_999), []);
    await store.leave({ run: "busy", epoch: 1, step: "a[0]", now: T + 77 });
    assert.equal((await get(store, "r")).wakeAt, T + 77);
    assert.ok(await store.claim({ run: "r", lease: OTHER, now: T + 80 }));
    assert.deepEqual(await ask(store, "r", "a[0]", { epoch: 2, now: T + 80 }), TAKEN);
  },
  "Q4 a run whose step was offered a slot before the release is due at once": async (store) => {
    await define(store, { concurrency: 1 });
    await hosts(store, "busy", "r");
    await ask(store, "busy", "a[0]");
    await ask(store, "r", "a[0]");
    await store.leave({ run: "busy", epoch: 1, step: "a[0]", now: T + 10 });
    await store.commit([release("r", { at: T + 50, wakeAt: T + 9_000 })]);
    assert.equal((await get(store, "r")).wakeAt, T + 50);
  },
  "Q4 a slot that a step has does not wake its run": async (store) => {
    await hosts(store, "r");
    await ask(store, "r", "a[0]");
    await store.commit([release("r")]);
    assert.equal((await get(store, "r")).status, "pending");
  },
  "Q1 runs and steps share the slots of a queue": async (store) => {
    await define(store, { concurrency: 1 });
    await hosts(store, "host");
    await ask(store, "host", "a[0]");
    await store.createRun(queued("r"));
    assert.equal((await get(store, "r")).inLine, true);
    await store.leave({ run: "host", epoch: 1, step: "a[0]", now: T + 5 });
    assert.deepEqual(await offered(store, T + 5), ["r"]);
    assert.deepEqual(await ask(store, "host", "b[0]", { now: T + 6 }), WAITING);
  },
  "Q3 the steps of a run that is blocked leave the line": async (store) => {
    await define(store, { concurrency: 1 });
    await hosts(store, "busy", "r", "next");
    await ask(store, "busy", "a[0]");
    for (const run of ["r", "next"]) await ask(store, run, "a[0]");
    const blocked = { error: "E", message: "m", code: "c" };
    await store.commit([{ type: "release", run: "r", epoch: 1, status: "pending", at: T + 5, blocked }]);
    assert.deepEqual(await counts(store), [1, 1]);
    await store.leave({ run: "busy", epoch: 1, step: "a[0]", now: T + 6 });
    assert.deepEqual(await offered(store, T + 6), ["next/a[0]"]);
  },
  "Q1 a step that is lent a slot needs none of its own, and counts for the rate": async (store) => {
    await define(store, { concurrency: 1, perKey: 1, rate: { limit: 2, per: 100, slack: 10 } });
    await hosts(store, "r");
    assert.deepEqual(await ask(store, "r", "a[0]"), { state: "taken", start: 0 });
    assert.deepEqual(await ask(store, "r", "a[0]//b[0]", { lent: true }), { state: "taken", start: 1 });
    assert.deepEqual(await ask(store, "r", "a[0]//b[0]", { lent: true }), { state: "taken", start: 1 });
    assert.deepEqual(await ask(store, "r", "a[0]//b[0]//c[0]", { lent: true }), WAITING);
    assert.deepEqual(await counts(store), [1, 1]);
    assert.deepEqual(await store.queueKeys("q", 9), [{ key: "", waiting: 1, running: 1, oldest: T }]);
    assert.deepEqual(await offered(store, T + 109), []);
    assert.deepEqual(await offered(store, T + 110), ["r/a[0]//b[0]//c[0]"]);
    assert.deepEqual(await counts(store), [0, 1]);
    assert.deepEqual(await ask(store, "r", "a[0]//b[0]//c[0]", { lent: true, now: T + 110 }), {
      state: "taken",
      start: 2,
    });
    await store.leave({ run: "r", epoch: 1, step: "a[0]", now: T + 120 });
    assert.deepEqual(await counts(store), [0, 0]);
    assert.deepEqual(await store.queueKeys("q", 9), []);
    assert.deepEqual(await ask(store, "r", "d[0]", { now: T + 120 }), { state: "taken", start: 3 });
    await store.freeSlots({ owner: "me", dead: true, now: T + 130 });
    assert.deepEqual([await counts(store), await store.slotOwners()], [[0, 0], []]);
  },
  "Q2 the steps that are lent slots take turns with the keys for the rate": async (store) => {
    await define(store, { rate: { limit: 1, per: 100, slack: 0 } });
    await hosts(store, "r");
    await ask(store, "r", "a[0]", { key: "a" });
    for (const id of ["a[0]//b[0]", "a[0]//b[1]"]) await ask(store, "r", id, { lent: true, rank: T - 50 });
    for (const id of ["c[0]", "c[1]"]) await ask(store, "r", id, { key: "c", rank: T });
    const order: string[] = [];
    for (let now = T + 100; now <= T + 400; now += 100) {
      const [next = ""] = await offered(store, now);
      order.push(next);
      const id = next.slice(2);
      const lent = id.includes("//") ? { lent: true as const } : {};
      assert.equal((await ask(store, "r", id, { ...lent, key: "c", now }))?.state, "taken");
    }
    assert.deepEqual(order, ["r/a[0]//b[0]", "r/c[0]", "r/a[0]//b[1]", "r/c[1]"]);
  },
  "Q1 a step that is lent a slot no more stands in line for one of its own": async (store) => {
    await define(store, { concurrency: 1, rate: { limit: 1, per: 100, slack: 0 } });
    await hosts(store, "r");
    await ask(store, "r", "a[0]");
    assert.deepEqual(await ask(store, "r", "b[0]", { lent: true }), WAITING);
    assert.deepEqual(await ask(store, "r", "b[0]"), WAITING);
    assert.deepEqual(await offered(store, T + 100), []);
    assert.deepEqual(await ask(store, "r", "b[0]", { lent: true, now: T + 100 }), { state: "taken", start: 1 });
  },
};
