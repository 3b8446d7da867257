import assert from "node:assert/strict";
import type { TimedStore as Store } from "./timed.ts";
import {
  checkpoint,
  dueAt,
  finish,
  get,
  newRun,
  openChild,
  openWait,
  owned,
  release,
  step,
  T,
  waiting,
  type Cases,
} from "./kit.ts";

const wakeAt = async (store: Store, id: string) => (await get(store, id)).wakeAt;

export const wakingCases: Cases = {
  "release drops the lease and sets the time at which the run is due": async (store) => {
    await owned(store, "r");
    assert.deepEqual(await store.commit([release("r", { wakeAt: T + 70, at: T + 50 })]), [true]);
    const run = await get(store, "r");
    assert.deepEqual([run.status, run.wakeAt, run.updatedAt, run.epoch], ["waiting", T + 70, T + 50, 1]);
    assert.deepEqual(["owner" in run, "leaseUntil" in run], [false, false]);
  },
  "release to pending clears the time at which the run is due": async (store) => {
    await owned(store, "r");
    await store.commit([release("r", { status: "pending", wakeAt: T + 70 })]);
    assert.equal("wakeAt" in (await get(store, "r")), false);
  },
  "S8 a cancel request before the release makes the run due at once": async (store) => {
    await owned(store, "r");
    await store.cancel({ run: "r", reason: '"why"', now: T + 10 });
    await store.commit([release("r", { wakeAt: T + 9_000, at: T + 50 })]);
    assert.equal(await wakeAt(store, "r"), T + 50);
  },
  "S8 a delivered cancel request no longer makes the run due": async (store) => {
    await owned(store, "r");
    await store.cancel({ run: "r", reason: '"why"', now: T + 10 });
    await store.commit([step("r", checkpoint("cancel", 1, { kind: "cancel" })), release("r", { wakeAt: T + 9_000 })]);
    assert.equal(await wakeAt(store, "r"), T + 9_000);
  },
  "S7 a delivery before the release makes the run due at once": async (store) => {
    await owned(store, "r");
    await store.commit([step("r", openWait("a[0]", "go"))]);
    await store.deliver({ run: "r", name: "go", payload: "1", now: T + 10 });
    await store.commit([release("r", { at: T + 50 })]);
    assert.equal(await wakeAt(store, "r"), T + 50);
  },
  "S7 a delivery without an open wait does not make the run due": async (store) => {
    await owned(store, "r");
    await store.deliver({ run: "r", name: "other", payload: "1", now: T + 10 });
    await store.deliver({ run: "r", name: "done", payload: "1", now: T + 10 });
    const consume = { name: "done", slot: 0, payload: "1" };
    await store.commit([
      step("r", openWait("a[0]", "go")),
      step("r", checkpoint("b[0]", 1, { kind: "signal", target: "done" }), { consume }),
      step("r", openWait("c[0]", "done")),
      release("r"),
    ]);
    assert.equal(await wakeAt(store, "r"), undefined);
  },
  "a delivery or a cancel request sets no wake-up time on a run that is not waiting": async (store) => {
    await owned(store, "running");
    await owned(store, "pending");
    await store.commit([release("pending", { status: "pending" })]);
    for (const run of ["running", "pending"]) {
      await store.deliver({ run, name: "go", payload: "1", now: T });
      await store.cancel({ run, reason: '"why"', now: T });
      assert.equal(await wakeAt(store, run), undefined);
    }
  },
  "release does not postpone an earlier wake-up time": async (store) => {
    await owned(store, "r");
    await store.cancel({ run: "r", reason: '"why"', now: T + 10 });
    await store.commit([release("r", { wakeAt: T + 20, at: T + 50 })]);
    assert.equal(await wakeAt(store, "r"), T + 20);
  },
  "a finished child makes its waiting parent due": async (store) => {
    for (const status of ["completed", "failed", "cancelled"] as const) {
      await waiting(store, `parent-${status}`, { steps: [openWait("a[0]", "go")] });
      await owned(store, status, { parent: `parent-${status}` });
      await store.commit([finish(status, { status, at: T + 123 })]);
      assert.equal(await wakeAt(store, `parent-${status}`), T + 123);
    }
  },
  "a finished child does not change a parent that is not waiting or is due earlier": async (store) => {
    await owned(store, "running");
    await waiting(store, "sooner", { wakeAt: T + 5 });
    await owned(store, "done");
    await store.commit([finish("done")]);
    for (const parent of ["running", "sooner", "done", "none"]) {
      await owned(store, `of-${parent}`, { parent });
      assert.deepEqual(await store.commit([finish(`of-${parent}`, { at: T + 123 })]), [true]);
    }
    assert.equal(await wakeAt(store, "running"), undefined);
    assert.equal(await wakeAt(store, "sooner"), T + 5);
    assert.equal(await wakeAt(store, "done"), undefined);
  },
  "a finished child makes every run due that has an open step for it": async (store) => {
    await owned(store, "child");
    await waiting(store, "second", { steps: [openChild("ship[0]", "child")] });
    await waiting(store, "stranger", {
      steps: [openWait("a[0]", "child"), checkpoint("ship[0]", 1, { kind: "child", target: "child" })],
    });
    await store.commit([finish("child", { at: T + 123 })]);
    assert.equal(await wakeAt(store, "second"), T + 123);
    assert.equal(await wakeAt(store, "stranger"), undefined);
  },
  "a child that finished before the release of its parent makes the parent due at once": async (store) => {
    await owned(store, "parent");
    await store.commit([step("parent", openChild("ship[0]", "child"))]);
    await owned(store, "child", { parent: "parent" });
    await store.commit([finish("child"), release("parent", { at: T + 200 })]);
    assert.equal(await wakeAt(store, "parent"), T + 200);
  },
  "S8 a child that is cancelled at once makes its waiting parent due": async (store) => {
    await store.createRun(newRun("child", { parent: "parent" }));
    await waiting(store, "parent", { steps: [openChild("ship[0]", "child")] });
    await store.cancel({ run: "child", reason: '"why"', now: T + 77 });
    assert.deepEqual(await dueAt(store, T + 77), ["parent"]);
  },
};
