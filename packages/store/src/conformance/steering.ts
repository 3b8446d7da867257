import assert from "node:assert/strict";
import {
  checkpoint,
  finish,
  get,
  newRun,
  openChild,
  openStep,
  OTHER,
  owned,
  release,
  step,
  stepIds,
  T,
  waiting,
  type Cases,
} from "./kit.ts";

const BLOCKED = { error: "E", message: "m", code: "c" };

export const steeringCases: Cases = {
  "the last progress of a run is kept, until a restart": async (store) => {
    await owned(store, "r");
    const progress = (value: string) => ({ type: "progress", run: "r", epoch: 1, value }) as const;
    assert.deepEqual(await store.commit([progress('"1"'), progress('"2"')]), [true, true]);
    assert.equal((await get(store, "r")).progress, '"2"');
    assert.deepEqual(await store.commit([{ ...progress('"3"'), epoch: 2 }]), [false]);
    await store.commit([finish("r")]);
    assert.equal((await get(store, "r")).progress, '"2"');
    await store.restart({ run: "r", now: T, seed: "new" });
    assert.equal("progress" in (await get(store, "r")), false);
  },
  "steps after a checkpoint, and open steps, can be read alone": async (store) => {
    await owned(store, "r");
    const rows = [checkpoint("a[0]", 1, { input: "[1]" }), checkpoint("b[0]", 2), checkpoint("c[0]", 3)];
    await store.commit([...rows, openStep("d[0]")].map((row) => step("r", row)));
    assert.deepEqual(await store.steps("r", { after: 1 }), rows.slice(1));
    assert.deepEqual(await store.steps("r", { after: 0, limit: 2 }), rows.slice(0, 2));
    assert.deepEqual(await store.steps("r", { after: 3 }), []);
    assert.deepEqual(await store.steps("r", { open: true }), [openStep("d[0]")]);
    assert.deepEqual(await store.steps("r", { limit: 3 }), rows);
    assert.deepEqual(await store.steps("none", { after: 0 }), []);
  },
  "one step can be read alone": async (store) => {
    await owned(store, "r");
    const rows = [checkpoint("a[0]", 1, { input: "[1]" }), checkpoint("b[0]", 2), openStep("c[0]")];
    await store.commit(rows.map((row) => step("r", row)));
    assert.deepEqual(await store.steps("r", { id: "a[0]" }), rows.slice(0, 1));
    assert.deepEqual(await store.steps("r", { id: "c[0]" }), rows.slice(2));
    assert.deepEqual(await store.steps("r", { id: "c[0]", open: true }), rows.slice(2));
    assert.deepEqual(await store.steps("r", { id: "a[0]", open: true }), []);
    assert.deepEqual(await store.steps("r", { id: "b[0]", after: 1 }), rows.slice(1, 2));
    assert.deepEqual(await store.steps("r", { id: "b[0]", after: 2 }), []);
    assert.deepEqual(await store.steps("r", { id: "b[0]", limit: 0 }), []);
    assert.deepEqual(await store.steps("r", { id: "none" }), []);
    assert.deepEqual(await store.steps("none", { id: "a[0]" }), []);
  },
  "steps can be read without values; errors stay": async (store) => {
    await owned(store, "r");
    const rows = [
      checkpoint("a[0]", 1, { input: "[1]", target: "t", location: "src/a.ts:1:2", failedAttempts: "[1]" }),
      checkpoint("b[0]", 2, { input: "[2]", state: "failed", output: '"error"' }),
      openStep("c[0]", { input: "[3]", output: '"error"', attempt: 1, dueAt: T + 1 }),
    ];
    await store.commit(rows.map((row) => step("r", row)));
    const light = rows.map(({ input: _, output, ...row }) =>
      row.state === "completed" || output === undefined ? row : { ...row, output },
    );
    assert.deepEqual(await store.steps("r", { values: false }), light);
    assert.deepEqual(await store.steps("r", { values: false, after: 0, limit: 1 }), light.slice(0, 1));
    assert.deepEqual(await store.steps("r", { values: false, open: true }), light.slice(2));
    assert.deepEqual(await store.steps("r", { values: false, id: "b[0]" }), light.slice(1, 2));
    assert.deepEqual(await store.steps("r"), rows, "what is stored stays");
  },
  "S15 a fork has the checkpoints before the given one, and is otherwise new": async (store) => {
    await owned(store, "r", { tags: ["vip"], codeHistory: "{}" });
    const rows = [checkpoint("a[0]", 1), checkpoint("b[0]", 2), checkpoint("c[0]", 3)];
    await store.commit([
      ...[...rows, openStep("d[0]")].map((row) => step("r", row)),
      { type: "progress", run: "r", epoch: 1, value: '"half"' },
      finish("r", { status: "failed", unhandled: ["c[0]"] }),
    ]);
    const before = await get(store, "r");
    const forked = await store.fork({ run: "r", from: "c[0]", id: "f", now: T + 900 });
    assert.deepEqual(forked, {
      created: true,
      run: {
        ...newRow(before),
        id: "f",
        status: "pending",
        epoch: 0,
        forkOf: "r",
        startedAt: T,
        createdAt: T + 900,
        updatedAt: T + 900,
      },
    });
    assert.deepEqual(await store.steps("f"), rows.slice(0, 2));
    assert.deepEqual(await get(store, "r"), before);
    assert.deepEqual(await stepIds(store, "r"), ["a[0]", "b[0]", "c[0]", "d[0]"]);
    const claimed = await store.claim({ run: "f", lease: OTHER, now: T });
    assert.deepEqual(await store.commit([step("f", checkpoint("c[0]", 3), { epoch: claimed?.epoch ?? 0 })]), [true]);
  },
  "S15 a fork keeps a cancellation only if it was delivered before": async (store) => {
    await owned(store, "r");
    await store.cancel({ run: "r", reason: '"why"', now: T });
    const rows = [checkpoint("a[0]", 1), checkpoint("{cancel}", 2, { kind: "cancel" }), checkpoint("b[0]", 3)];
    await store.commit([...rows.map((row) => step("r", row)), finish("r", { status: "cancelled" })]);
    assert.equal((await store.fork({ run: "r", from: "{cancel}", id: "f1", now: T }))?.run.cancel, undefined);
    assert.equal((await store.fork({ run: "r", from: "b[0]", id: "f2", now: T }))?.run.cancel, '"why"');
  },
  "S15 a fork under the id of an existing run is that run, and a fork from no checkpoint does not exist": async (
    store,
  ) => {
    await owned(store, "r");
    await store.commit([step("r", checkpoint("a[0]", 1)), step("r", openStep("b[0]"))]);
    await store.createRun(newRun("other"));
    const other = await get(store, "other");
    assert.deepEqual(await store.fork({ run: "r", from: "a[0]", id: "other", now: T }), { created: false, run: other });
    assert.equal(await store.fork({ run: "r", from: "b[0]", id: "f", now: T }), undefined);
    assert.equal(await store.fork({ run: "r", from: "none[0]", id: "f", now: T }), undefined);
    assert.equal(await store.fork({ run: "none", from: "a[0]", id: "f", now: T }), undefined);
    assert.equal(await store.getRun("f"), undefined);
  },
  "S16 only a blocked run is unblocked": async (store) => {
    await owned(store, "r");
    await store.commit([release("r", { status: "pending", blocked: BLOCKED })]);
    assert.equal(await store.unblock("r"), true);
    assert.equal("blocked" in (await get(store, "r")), false);
    assert.equal(await store.unblock("r"), false);
    assert.equal(await store.unblock("none"), undefined);
  },
  "S17 a run that has ended is deleted with its steps and deliveries": async (store) => {
    await owned(store, "r");
    await store.deliver({ run: "r", name: "go", payload: "1", now: T });
    await store.commit([step("r", checkpoint("a[0]", 1)), finish("r")]);
    await owned(store, "kept");
    await store.commit([step("kept", checkpoint("a[0]", 1)), finish("kept")]);
    assert.equal(await store.delete({ run: "r", now: T }), true);
    assert.equal(await store.getRun("r"), undefined);
    assert.deepEqual(await store.steps("r"), []);
    assert.equal(await store.delete({ run: "r", now: T }), undefined);
    assert.deepEqual(await stepIds(store, "kept"), ["a[0]"]);
    await owned(store, "r");
    assert.deepEqual(await store.steps("r"), []);
    assert.deepEqual((await store.wakeups([{ run: "r", epoch: 2 }]))[0]?.signals, []);
  },
  "S17 a run that has not ended is deleted only by force, and never from its owner": async (store) => {
    await owned(store, "running");
    await waiting(store, "waiting", { wakeAt: T });
    for (const run of ["running", "waiting"]) assert.equal(await store.delete({ run, now: T }), false);
    assert.equal(await store.delete({ run: "running", now: T, force: true }), false);
    assert.equal(await store.delete({ run: "waiting", now: T, force: true }), true);
    assert.equal(await store.getRun("waiting"), undefined);
  },
  "S17 an owner of a deleted run cannot write to a later run with its id": async (store) => {
    await owned(store, "r");
    await store.claim({ run: "r", lease: OTHER, now: OTHER.until + 1, from: { owner: "me", epoch: 1 } });
    await store.commit([finish("r", { epoch: 2 })]);
    await store.delete({ run: "r", now: T });
    assert.equal((await owned(store, "r")).epoch, 3);
    for (const epoch of [1, 2]) assert.deepEqual(await store.commit([finish("r", { epoch })]), [false]);
    assert.deepEqual(await store.commit([finish("r", { epoch: 3 })]), [true]);
  },
  "S17 a run that waits for a deleted run is due": async (store) => {
    await store.createRun(newRun("child"));
    await waiting(store, "parent", { steps: [openChild("c[0]", "child")] });
    assert.equal((await get(store, "parent")).status, "waiting");
    assert.equal(await store.delete({ run: "child", now: T + 70, force: true }), true);
    assert.equal((await get(store, "parent")).wakeAt, T + 70);
  },
  "S18 prune deletes the oldest ended runs that the conditions select": async (store) => {
    const make = async (id: string, workflow: string, status: "completed" | "failed", age: number) => {
      await owned(store, id, { workflow, createdAt: T + age });
      await store.commit([step(id, checkpoint("a[0]", 1)), finish(id, { status, at: T + age + 10 })]);
    };
    for (const n of [1, 2, 3, 4]) await make(`c${n}`, "ship", "completed", n);
    await make("failed", "ship", "failed", 1);
    await make("bill", "bill", "completed", 1);
    await owned(store, "running");
    const ids = async () => (await store.listRuns({})).map(({ id }) => id).sort();
    const prune = (filter: object) => store.prune({ now: T, endedBefore: T + 1_000, limit: 100, ...filter });
    assert.equal(await prune({ endedBefore: T }), 0);
    assert.equal(await prune({ workflow: ["ship"], status: ["completed"], keep: 2, limit: 1 }), 1);
    assert.deepEqual(await ids(), ["bill", "c2", "c3", "c4", "failed", "running"]);
    assert.equal(await prune({ workflow: ["ship"], status: ["completed"], keep: 2 }), 1);
    assert.equal(await prune({ workflow: ["ship"], status: ["completed"], keep: 2 }), 0);
    assert.equal(await prune({ status: ["completed"], endedBefore: T + 14 }), 2);
    assert.deepEqual(await ids(), ["c4", "failed", "running"]);
    assert.deepEqual(await store.steps("c3"), []);
    assert.equal(await prune({}), 2);
    assert.deepEqual(await ids(), ["running"]);
  },
  "S18 prune keeps a run that another one waits for": async (store) => {
    await owned(store, "child");
    await owned(store, "parent");
    await store.commit([step("parent", openChild("c[0]", "child")), finish("child")]);
    const filter = { now: T, endedBefore: T + 1_000, limit: 10 };
    assert.equal(await store.prune(filter), 0);
    await store.commit([step("parent", checkpoint("c[0]", 1, { kind: "child", target: "child" }))]);
    assert.equal(await store.prune(filter), 1);
  },
};

/** The fields of a run that a fork has too. */
function newRow(run: object): object {
  const lost = ["owner", "leaseUntil", "releasedAt", "output", "unhandled", "progress"];
  return Object.fromEntries(Object.entries(run).filter(([field]) => !lost.includes(field)));
}
