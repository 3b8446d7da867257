import assert from "node:assert/strict";
import type { SignalRow, Store, Write } from "../contract.ts";
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
  "S7 the first delivery wins, before any wait and in every status that is not final": async (store) => {
    await store.createRun(newRun("pending"));
    await owned(store, "running");
    await waiting(store, "waiting");
    for (const id of ["pending", "running", "waiting"]) {
      assert.equal(await deliver(store, id, "go", "1"), true);
      assert.equal(await deliver(store, id, "go", "2"), false);
      assert.equal(await deliver(store, id, "other", "3"), true);
      assert.deepEqual(await pendingSignals(store, id), [
        { name: "go", slot: 0, payload: "1" },
        { name: "other", slot: 0, payload: "3" },
      ]);
    }
  },
  "S7 one of several concurrent deliveries is accepted": async (store) => {
    await owned(store, "r");
    const answers = await together(20, (place) => deliver(store, "r", "go", `${place}`));
    assert.equal(answers.filter(Boolean).length, 1);
    assert.equal((await pendingSignals(store, "r"))[0]?.payload, `${answers.indexOf(true)}`);
  },
  "S7 a finished run refuses deliveries": async (store) => {
    await owned(store, "r");
    await store.commit([finish("r")]);
    assert.equal(await deliver(store, "r", "go"), false);
    assert.deepEqual(await pendingSignals(store, "r"), []);
  },
  "S7 a consumed signal accepts another delivery only while a wait for it is open": async (store) => {
    await owned(store, "r");
    await deliver(store, "r", "go", "1");
    const first = { name: "go", slot: 0, payload: "1" };
    assert.deepEqual(await store.commit([step("r", openWait("a[0]", "go")), received("r", "a[0]", 1, first)]), [
      true,
      true,
    ]);
    assert.deepEqual(await pendingSignals(store, "r"), []);
    assert.equal(await deliver(store, "r", "go", "2"), false, "no wait is open");
    await store.commit([step("r", openWait("b[0]", "stop"))]);
    assert.equal(await deliver(store, "r", "go", "2"), false, "the open wait is for another name");
    await store.commit([step("r", openWait("c[0]", "go"))]);
    assert.equal(await deliver(store, "r", "go", "2"), true);
    assert.equal(await deliver(store, "r", "go", "3"), false, "one is unconsumed");
    const second = { name: "go", slot: 1, payload: "2" };
    assert.deepEqual(await pendingSignals(store, "r"), [second]);
    assert.deepEqual(await store.commit([received("r", "c[0]", 2, second)]), [true]);
    assert.equal(await deliver(store, "r", "go", "3"), false);
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
