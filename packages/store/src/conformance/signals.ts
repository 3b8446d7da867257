import assert from "node:assert/strict";
import type { SignalRow } from "../contract.ts";
import type { TimedStore as Store, AnyTimedWrite as Write } from "./timed.ts";
import {
  checkpoint,
  finish,
  newRun,
  openWait,
  owned,
  step,
  T,
  together,
  waiting,
  dueAt,
  get,
  type Cases,
} from "./kit.ts";

const deliver = (store: Store, run: string, name: string, payload = "1") =>
  store.deliver({ run, name, payload, now: T + 500 });

const received = (run: string, id: string, seq: number, consume: SignalRow): Write =>
  step(run, checkpoint(id, seq, { kind: "signal", target: consume.name, output: consume.payload }), { consume });

async function pendingSignals(store: Store, run: string, epoch = 1): Promise<readonly SignalRow[]> {
  const [state] = await store.wakeups([{ run, epoch }]);
  assert.ok(state);
  return state.signals;
}

export const signalCases: Cases = {
  "S7 deliveries of one name are kept in order, before any wait and in every status that is not final": async (
    store,
  ) => {
    await store.createRun(newRun("pending"));
    await owned(store, "running");
    await waiting(store, "waiting");
    for (const id of ["pending", "running", "waiting"]) {
      for (const payload of ["1", "2"]) assert.equal(await deliver(store, id, "go", payload), true);
      assert.equal(await deliver(store, id, "other", "3"), true);
      assert.deepEqual(await pendingSignals(store, id), [
        { name: "go", slot: 0, payload: "1" },
        { name: "go", slot: 1, payload: "2" },
        { name: "other", slot: 0, payload: "3" },
      ]);
    }
  },
  "S7 concurrent deliveries are all kept, each in a slot of its own": async (store) => {
    await owned(store, "r");
    const answers = await together(20, (place) => deliver(store, "r", "go", `${place}`));
    assert.ok(answers.every(Boolean));
    const kept = await pendingSignals(store, "r");
    assert.deepEqual(
      kept.map(({ slot }) => slot),
      kept.map((_, place) => place),
    );
    assert.equal(new Set(kept.map(({ payload }) => payload)).size, 20);
  },
  "S13 a delivery to a run that does not exist is kept until the run is created": async (store) => {
    assert.equal(await deliver(store, "later", "go", "1"), true);
    assert.equal(await deliver(store, "later", "go", "2"), true);
    assert.equal(await deliver(store, "another", "go", "3"), true);
    await owned(store, "later");
    assert.equal(await deliver(store, "later", "go", "4"), true);
    assert.deepEqual(
      (await pendingSignals(store, "later")).map(({ slot, payload }) => [slot, payload]),
      [
        [0, "1"],
        [1, "2"],
        [2, "4"],
      ],
    );
    assert.deepEqual(await pendingSignals(store, "another", 0), []);
  },
  "S13 a delivery that was kept wakes the run that is created": async (store) => {
    await deliver(store, "later", "go", "1");
    await waiting(store, "later", { steps: [openWait("a[0]", "go")] });
    assert.deepEqual(await dueAt(store, T + 50), ["later"]);
  },
  "S13 a delivery to a run that is never created is kept for 30 days": async (store) => {
    const day = 24 * 3_600_000;
    for (const [name, now] of [
      ["old", T],
      ["young", T + 2 * day],
    ] as const)
      await store.deliver({ run: "later", name, payload: "1", now });
    await store.deliver({ run: "another", name: "go", payload: "1", now: T + 31 * day });
    await owned(store, "later");
    assert.deepEqual(
      (await pendingSignals(store, "later")).map(({ name }) => name),
      ["young"],
    );
  },
  "S7 a finished run refuses deliveries": async (store) => {
    await owned(store, "r");
    await store.commit([finish("r")]);
    assert.equal(await deliver(store, "r", "go"), false);
    assert.deepEqual(await pendingSignals(store, "r"), []);
  },
  "S7 a consumed delivery is gone, and later ones keep their order": async (store) => {
    await owned(store, "r");
    await deliver(store, "r", "go", "1");
    await deliver(store, "r", "go", "2");
    const first = { name: "go", slot: 0, payload: "1" };
    const second = { name: "go", slot: 1, payload: "2" };
    assert.deepEqual(await store.commit([step("r", openWait("a[0]", "go")), received("r", "a[0]", 1, first)]), [
      true,
      true,
    ]);
    assert.deepEqual(await pendingSignals(store, "r"), [second]);
    assert.equal(await deliver(store, "r", "go", "3"), true, "no wait is open");
    assert.deepEqual(await store.commit([received("r", "c[0]", 2, second)]), [true]);
    assert.deepEqual(await pendingSignals(store, "r"), [{ name: "go", slot: 2, payload: "3" }]);
  },
  "S7 a signal accepts its first delivery after a wait for it has timed out": async (store) => {
    await owned(store, "r");
    await store.commit([
      step("r", openWait("a[0]", "go")),
      step("r", checkpoint("a[0]", 1, { kind: "signal", state: "failed", target: "go" })),
    ]);
    assert.equal(await deliver(store, "r", "go"), true);
    assert.equal((await pendingSignals(store, "r")).length, 1);
  },
  "S6 a delivery can be consumed once, and only if it exists": async (store) => {
    await owned(store, "r");
    await deliver(store, "r", "go", "1");
    const delivery = { name: "go", slot: 0, payload: "1" };
    const answers = await store.commit([
      received("r", "none[0]", 1, { ...delivery, slot: 1 }),
      received("r", "none[1]", 1, { ...delivery, name: "stop" }),
      received("r", "a[0]", 1, delivery),
      received("r", "b[0]", 2, delivery),
    ]);
    assert.deepEqual(answers, [false, false, true, false]);
    assert.equal((await store.steps("r")).length, 1);
  },
  "S5 a refused checkpoint consumes no delivery": async (store) => {
    await owned(store, "r");
    await deliver(store, "r", "go", "1");
    const delivery = { name: "go", slot: 0, payload: "1" };
    await store.commit([step("r", checkpoint("a[0]", 1))]);
    assert.deepEqual(await store.commit([received("r", "a[0]", 2, delivery), received("r", "b[0]", 1, delivery)]), [
      false,
      false,
    ]);
    assert.deepEqual(await pendingSignals(store, "r"), [delivery]);
  },
  "S7 a delivery makes the waiting run due": async (store) => {
    await waiting(store, "r", { steps: [openWait("a[0]", "go")] });
    assert.deepEqual(await dueAt(store, T + 1_000_000), []);
    assert.equal(await deliver(store, "r", "go"), true);
    assert.equal((await get(store, "r")).wakeAt, T + 500);
    assert.deepEqual(await dueAt(store, T + 499), []);
    assert.deepEqual(await dueAt(store, T + 500), ["r"]);
  },
  "S7 a delivery does not postpone a run that is already due": async (store) => {
    await waiting(store, "r", { wakeAt: T + 400 });
    await deliver(store, "r", "go");
    assert.equal((await get(store, "r")).wakeAt, T + 400);
  },
  "wakeups returns one answer for each requested run, in the same order": async (store) => {
    await owned(store, "held");
    await owned(store, "done");
    await waiting(store, "left");
    await store.cancel({ run: "held", reason: '"stop"', now: T });
    await store.commit([finish("done")]);
    await deliver(store, "left", "go");
    const asked = ["left", "held", "done"].map((run) => ({ run, epoch: 1 }));
    assert.deepEqual(await store.wakeups([...asked, { run: "held", epoch: 2 }]), [
      { run: "left", owned: false, signals: [{ name: "go", slot: 0, payload: "1" }] },
      { run: "held", owned: true, cancel: '"stop"', signals: [] },
      { run: "done", owned: false, signals: [] },
      { run: "held", owned: false, cancel: '"stop"', signals: [] },
    ]);
    assert.deepEqual(await store.wakeups([]), []);
  },
};
