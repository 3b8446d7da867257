import assert from "node:assert/strict";
import type { Gather, Throttle } from "../../contract.ts";
import type { NewTimedRun as NewRun } from "../timed.ts";
import { batchInput, JOINED_LIFETIME } from "../../flow.ts";
import { counts, define, place, queued, stateOf, type FlowCases, type QueueStore } from "./kit.ts";
import {
  dueAt,
  finish,
  get,
  ME,
  newRun,
  openChild,
  OTHER,
  owned,
  release,
  step,
  T,
  together,
  waiting,
} from "../kit.ts";

const DEBOUNCE: Gather = { type: "debounce", key: "k", wait: 100 };
const BATCH: Gather = { type: "batch", key: "k", wait: 100, size: 3 };
const THROTTLE: Throttle = { key: "k", limit: 2, per: 100 };
const LIMITS = { expired: '"expired"', timedOut: '"timed out"' };

/** Starts a run: whether it was created, and the id of the run that it is now. */
async function start(store: QueueStore, id: string, given: Partial<NewRun>): Promise<readonly [boolean, string]> {
  const { created, run } = await store.createRun(newRun(id, { input: `"${id}"`, inputHash: `#${id}`, ...given }));
  assert.deepEqual(await get(store, run.id), run);
  return [created, run.id];
}

export const startingCases: FlowCases = {
  "a run with dueAt waits until then, though it has a lease": async (store) => {
    const { run } = await store.createRun(newRun("r", { dueAt: T + 50, lease: ME }));
    assert.deepEqual([run.status, run.wakeAt, run.epoch, "owner" in run], ["waiting", T + 50, 0, false]);
    assert.deepEqual(["dueAt" in run, "lease" in run, "modules" in run], [false, false, false]);
    assert.deepEqual(await dueAt(store, T + 49), []);
    assert.deepEqual(await dueAt(store, T + 50), ["r"]);
  },
  "S7 a delivery does not shorten the delay of a run that has not begun": async (store) => {
    await store.createRun(newRun("r", { dueAt: T + 50 }));
    assert.equal(await store.deliver({ run: "r", name: "go", payload: "1", now: T }), true);
    assert.equal((await get(store, "r")).wakeAt, T + 50);
  },
  "S13 a delivery that came before a run with dueAt does not make it due": async (store) => {
    await store.deliver({ run: "r", name: "go", payload: "1", now: T });
    const { run } = await store.createRun(newRun("r", { dueAt: T + 50 }));
    assert.equal(run.wakeAt, T + 50);
    assert.equal((await store.wakeups([{ run: "r", epoch: 0 }]))[0]?.signals.length, 1);
  },
  "Q3 a run with dueAt is not in line before a claim": async (store) => {
    await define(store, { concurrency: 1 });
    await store.createRun(queued("r", { dueAt: T + 50 }));
    assert.deepEqual(await counts(store), [0, 0]);
    assert.equal(await stateOf(store, "r"), "waiting");
  },
  "Q6 a start that joins a run in line changes its input, not its place": async (store) => {
    for (const gather of [DEBOUNCE, BATCH]) {
      const { type: key } = gather;
      await define(store, { concurrency: 0 });
      const given = { queue: place(), gather: { ...gather, key } };
      await start(store, key, given);
      assert.equal(await store.claim({ run: key, lease: ME, now: T + 100 }), undefined);
      assert.deepEqual(await start(store, `${key} 2`, { ...given, createdAt: T + 110 }), [false, key]);
      const { status, inLine, input, ...row } = await get(store, key);
      assert.deepEqual([status, inLine, "wakeAt" in row], ["pending", true, false]);
      const second = `"${key} 2"`;
      assert.equal(input, key === "batch" ? batchInput([`"${key}"`, second]) : second);
    }
  },
  "S8 a run with dueAt is cancelled at once": async (store) => {
    await store.createRun(newRun("r", { dueAt: T + 50 }));
    assert.equal(await store.cancel({ run: "r", reason: '"why"', now: T }), true);
    assert.equal(await stateOf(store, "r"), "cancelled");
  },
  "a run that has not begun by its beginBy cannot be claimed later": async (store) => {
    await store.createRun(newRun("r", { beginBy: T + 50 }));
    assert.equal(await store.claim({ run: "r", lease: ME, now: T + 51 }), undefined);
    assert.equal((await get(store, "r")).beginBy, T + 50);
    const run = await store.claim({ run: "r", lease: ME, now: T + 50 });
    assert.equal(run?.status, "running");
    assert.equal(run !== undefined && "beginBy" in run, false);
    await store.commit([release("r", { status: "pending" })]);
    assert.ok(await store.claim({ run: "r", lease: ME, now: T + 99 }));
  },
  "a run that is created with a lease and gets its slot has begun": async (store) => {
    await define(store, { concurrency: 1 });
    assert.equal("beginBy" in (await owned(store, "r", { queue: place(), beginBy: T + 50 })), false);
    const { run } = await store.createRun(queued("late", { lease: ME, beginBy: T + 50 }));
    assert.equal(run.beginBy, T + 50);
  },
  "expire ends the runs that have not begun by their beginBy": async (store) => {
    await define(store, { concurrency: 1 });
    await owned(store, "busy", { queue: place(), beginBy: T + 50 });
    await store.createRun(queued("in-line", { beginBy: T + 50, parent: "parent" }));
    await store.createRun(newRun("delayed", { dueAt: T + 99, beginBy: T + 50 }));
    await store.createRun(newRun("later", { beginBy: T + 51 }));
    await waiting(store, "parent", { steps: [openChild("ship[0]", "in-line")] });
    assert.deepEqual(await store.expire({ now: T + 49, ...LIMITS }), []);
    assert.deepEqual(await store.expire({ now: T + 50, ...LIMITS }), ["in-line", "delayed"]);
    const run = await get(store, "in-line");
    assert.deepEqual(
      [run.status, run.output, run.cancel, run.updatedAt],
      ["cancelled", '"expired"', '"expired"', T + 50],
    );
    assert.equal("releasedAt" in run, false);
    assert.equal((await get(store, "parent")).wakeAt, T + 50);
    assert.deepEqual(await counts(store), [0, 1]);
    assert.deepEqual(await store.expire({ now: T + 50, ...LIMITS }), []);
  },
  "expire requests to cancel the runs that have not ended by their endBy": async (store) => {
    await owned(store, "running", { endBy: T + 50 });
    await owned(store, "cancelled", { endBy: T + 50 });
    await owned(store, "ended", { endBy: T + 50 });
    await owned(store, "later", { endBy: T + 51 });
    await store.createRun(newRun("new", { endBy: T + 50 }));
    await store.cancel({ run: "cancelled", reason: '"why"', now: T });
    await store.commit([finish("ended")]);
    assert.deepEqual(await store.expire({ now: T + 50, ...LIMITS }), ["running", "new"]);
    const run = await get(store, "running");
    assert.deepEqual([run.status, run.cancel, run.endBy], ["running", '"timed out"', T + 50]);
    const unbegun = await get(store, "new");
    assert.deepEqual([unbegun.status, unbegun.output], ["cancelled", '"timed out"']);
    assert.equal((await get(store, "cancelled")).cancel, '"why"');
    assert.deepEqual(await store.expire({ now: T + 60, ...LIMITS }), ["later"]);
  },
  "expire: a run that neither began nor ended in time has expired": async (store) => {
    await store.createRun(newRun("r", { beginBy: T + 10, endBy: T + 20 }));
    assert.deepEqual(await store.expire({ now: T + 30, ...LIMITS }), ["r"]);
    assert.equal((await get(store, "r")).output, '"expired"');
  },
  "a restart forgets beginBy and endBy": async (store) => {
    await owned(store, "r", { beginBy: T + 10, endBy: T + 20 });
    await store.commit([finish("r")]);
    await store.restart({ run: "r", now: T + 200, seed: "s" });
    assert.deepEqual(["beginBy" in (await get(store, "r")), "endBy" in (await get(store, "r"))], [false, false]);
    assert.deepEqual(await store.expire({ now: T + 300, ...LIMITS }), []);
  },
  "Q6 debounce: a further start changes the run, and creates none": async (store) => {
    assert.deepEqual(await start(store, "a", { gather: DEBOUNCE, lease: ME, dueAt: T + 7 }), [true, "a"]);
    const first = await get(store, "a");
    assert.deepEqual([first.status, first.wakeAt, first.epoch, "gather" in first], ["waiting", T + 100, 0, false]);
    assert.deepEqual(await start(store, "b", { gather: DEBOUNCE, createdAt: T + 60, code: "c2" }), [false, "a"]);
    const run = await get(store, "a");
    assert.deepEqual([run.input, run.inputHash, run.wakeAt, run.createdAt], ['"b"', "#b", T + 160, T]);
    assert.deepEqual([run.code, await store.getCode("c2")], ["c1", undefined]);
    assert.deepEqual([await store.getRun("b"), (await store.listRuns({})).length], [undefined, 1]);
  },
  "Q6 debounce: the place in a queue is that of the last start": async (store) => {
    await define(store, { concurrency: 1 });
    await start(store, "a", { gather: DEBOUNCE, queue: place({ key: "x", hold: true }) });
    await start(store, "b", { gather: DEBOUNCE, queue: place({ key: "y", rank: T + 9 }) });
    assert.deepEqual((await get(store, "a")).queue, { queue: "q", key: "y", rank: T + 9 });
    await start(store, "c", { gather: DEBOUNCE });
    assert.equal((await get(store, "a")).queue, undefined);
    assert.deepEqual(await counts(store), [0, 0]);
  },
  "Q6 debounce: the run is due max after its first start at the latest": async (store) => {
    const gather: Gather = { type: "debounce", key: "k", wait: 100, max: 130 };
    await start(store, "a", { gather });
    await start(store, "b", { gather, createdAt: T + 20 });
    assert.equal((await get(store, "a")).wakeAt, T + 120);
    await start(store, "c", { gather, createdAt: T + 70 });
    assert.equal((await get(store, "a")).wakeAt, T + 130);
    await start(store, "z", { gather: { ...gather, key: "short", max: 10 } });
    assert.equal((await get(store, "z")).wakeAt, T + 10);
  },
  "Q6 batch: the inputs are collected, in order": async (store) => {
    assert.deepEqual(await start(store, "a", { gather: BATCH }), [true, "a"]);
    assert.deepEqual(await start(store, "b", { gather: BATCH, createdAt: T + 60 }), [false, "a"]);
    const run = await get(store, "a");
    assert.deepEqual([run.batch, run.input, run.inputHash], [true, batchInput(['"a"', '"b"']), "#a"]);
    assert.deepEqual([run.status, run.wakeAt], ["waiting", T + 100]);
    assert.deepEqual(JSON.parse(run.input), ['"a"', '"b"']);
  },
  "Q6 a start that has joined a run and comes again joins no other, also when that run has begun": async (store) => {
    await start(store, "a", { gather: BATCH });
    await start(store, "b", { gather: BATCH, createdAt: T + 10 });
    assert.deepEqual(await start(store, "b", { gather: BATCH, createdAt: T + 20 }), [false, "a"]);
    assert.equal((await get(store, "a")).input, batchInput(['"a"', '"b"']));
    await store.claim({ run: "a", lease: ME, now: T + 100 });
    assert.deepEqual(await start(store, "b", { gather: BATCH, createdAt: T + 110 }), [false, "a"]);
    assert.deepEqual(await start(store, "c", { gather: BATCH, createdAt: T + 120 }), [true, "c"]);
    assert.deepEqual(await start(store, "b", { gather: BATCH, createdAt: T + 10 + JOINED_LIFETIME }), [false, "c"]);
  },
  "Q6 batch: the run is due at once when it has its size, and then another one gathers": async (store) => {
    await start(store, "a", { gather: BATCH });
    await start(store, "b", { gather: BATCH, createdAt: T + 10 });
    await start(store, "c", { gather: BATCH, createdAt: T + 20 });
    assert.equal((await get(store, "a")).wakeAt, T + 20);
    assert.deepEqual(await start(store, "d", { gather: BATCH, createdAt: T + 30 }), [true, "d"]);
    assert.equal((await get(store, "d")).input, batchInput(['"d"']));
    assert.deepEqual(await start(store, "e", { gather: { ...BATCH, key: "one", size: 1 }, createdAt: T + 40 }), [
      true,
      "e",
    ]);
    assert.equal((await get(store, "e")).wakeAt, T + 40);
  },
  "Q6 runs of other workflows and other keys gather for themselves": async (store) => {
    assert.deepEqual(await start(store, "a", { gather: DEBOUNCE }), [true, "a"]);
    assert.deepEqual(await start(store, "b", { gather: DEBOUNCE, workflow: "bill" }), [true, "b"]);
    assert.deepEqual(await start(store, "c", { gather: { ...DEBOUNCE, key: "" } }), [true, "c"]);
    assert.deepEqual(await start(store, "d", {}), [true, "d"]);
  },
  "Q6 the first claim, the end and the deletion of a run end its gathering": async (store) => {
    await start(store, "claimed", { gather: DEBOUNCE });
    await store.claim({ run: "claimed", lease: ME, now: T + 100 });
    assert.deepEqual(await start(store, "cancelled", { gather: DEBOUNCE }), [true, "cancelled"]);
    await store.cancel({ run: "cancelled", reason: '"why"', now: T + 100 });
    assert.deepEqual(await start(store, "expired", { gather: DEBOUNCE, beginBy: T + 10 }), [true, "expired"]);
    await store.expire({ now: T + 10, ...LIMITS });
    assert.deepEqual(await start(store, "deleted", { gather: DEBOUNCE }), [true, "deleted"]);
    await store.delete({ run: "deleted", now: T, force: true });
    assert.deepEqual(await start(store, "last", { gather: DEBOUNCE }), [true, "last"]);
  },
  "Q6 a claim that finds no slot does not end the gathering": async (store) => {
    await define(store, { concurrency: 0 });
    await start(store, "a", { gather: BATCH, queue: place() });
    assert.deepEqual(await counts(store), [0, 0]);
    assert.equal(await store.claim({ run: "a", lease: ME, now: T + 100 }), undefined);
    assert.equal(await stateOf(store, "a"), "pending, in line");
  },
  "S1 Q6 a start whose id exists is that run, and joins none": async (store) => {
    await start(store, "a", { gather: BATCH });
    await owned(store, "b");
    assert.deepEqual(await start(store, "b", { gather: BATCH }), [false, "b"]);
    assert.deepEqual(await start(store, "a", { gather: BATCH }), [false, "a"]);
    assert.equal((await get(store, "a")).input, batchInput(['"a"']));
  },
  "Q6 of many starts together, one creates the run and all are in it": async (store) => {
    const gather: Gather = { ...BATCH, size: 100 };
    const made = await together(20, (place_) => store.createRun(newRun(`r${place_}`, { gather, input: `${place_}` })));
    assert.equal(made.filter(({ created }) => created).length, 1);
    const ids = new Set(made.map(({ run }) => run.id));
    assert.equal(ids.size, 1);
    const inputs = JSON.parse((await get(store, [...ids][0] ?? "")).input) as string[];
    assert.deepEqual(
      inputs.map(Number).sort((a, b) => a - b),
      Array.from({ length: 20 }, (_, place_) => place_),
    );
  },
  "Q6 a fork of a batch is a batch": async (store) => {
    await start(store, "a", { gather: BATCH });
    await store.claim({ run: "a", lease: ME, now: T + 100 });
    await store.commit([
      step("a", { ...openChild("x[0]", "none"), state: "completed", seq: 1, output: "1" }),
      finish("a"),
    ]);
    const forked = await store.fork({ run: "a", from: "x[0]", id: "f", now: T + 200 });
    assert.deepEqual([forked?.run.batch, forked?.run.input], [true, batchInput(['"a"'])]);
  },
  "throttle: at most limit runs of the workflow and key are created in any period": async (store) => {
    const throttle = THROTTLE;
    assert.deepEqual(await start(store, "a", { throttle }), [true, "a"]);
    assert.deepEqual(await start(store, "b", { throttle, createdAt: T + 60 }), [true, "b"]);
    assert.deepEqual(await start(store, "c", { throttle, createdAt: T + 99 }), [false, "b"]);
    assert.equal(await store.getRun("c"), undefined);
    assert.deepEqual(await start(store, "d", { throttle, createdAt: T + 100 }), [true, "d"]);
    assert.deepEqual(await start(store, "e", { throttle, createdAt: T + 159 }), [false, "d"]);
    assert.deepEqual(await start(store, "f", { throttle, createdAt: T + 160 }), [true, "f"]);
    assert.equal("throttle" in (await get(store, "f")), false);
  },
  "throttle: other workflows and keys are counted for themselves, and starts without a throttle are not counted":
    async (store) => {
      const throttle = { ...THROTTLE, limit: 1 };
      assert.deepEqual(await start(store, "a", {}), [true, "a"]);
      assert.deepEqual(await start(store, "b", { throttle }), [true, "b"]);
      assert.deepEqual(await start(store, "c", { throttle, workflow: "bill" }), [true, "c"]);
      assert.deepEqual(await start(store, "d", { throttle: { ...throttle, key: "" } }), [true, "d"]);
      assert.deepEqual(await start(store, "e", { throttle }), [false, "b"]);
    },
  "S1 throttle: a start whose id exists is that run, and is not counted": async (store) => {
    const throttle = THROTTLE;
    await start(store, "a", { throttle });
    for (let times = 0; times < 3; times++) assert.deepEqual(await start(store, "a", { throttle }), [false, "a"]);
    assert.deepEqual(await start(store, "b", { throttle }), [true, "b"]);
    assert.deepEqual(await start(store, "a", { throttle }), [false, "a"]);
  },
  "throttle: a start that joins a gathering run is not counted": async (store) => {
    const given = { throttle: THROTTLE, gather: DEBOUNCE };
    assert.deepEqual(await start(store, "a", given), [true, "a"]);
    for (const id of ["b", "c", "d"]) assert.deepEqual(await start(store, id, given), [false, "a"]);
    await store.claim({ run: "a", lease: OTHER, now: T + 10 });
    assert.deepEqual(await start(store, "e", { ...given, createdAt: T + 20 }), [true, "e"]);
    await store.claim({ run: "e", lease: OTHER, now: T + 30 });
    assert.deepEqual(await start(store, "f", { ...given, createdAt: T + 40 }), [false, "e"]);
  },
  "throttle: where the last run was deleted, a start over the limit creates one": async (store) => {
    const throttle = { ...THROTTLE, limit: 1 };
    await start(store, "a", { throttle });
    await store.delete({ run: "a", now: T, force: true });
    assert.deepEqual(await start(store, "b", { throttle }), [true, "b"]);
    assert.deepEqual(await start(store, "c", { throttle }), [false, "b"]);
  },
  "throttle: of many starts together, as many as allowed create a run": async (store) => {
    const made = await together(10, (place_) => store.createRun(newRun(`r${place_}`, { throttle: THROTTLE })));
    assert.equal(made.filter(({ created }) => created).length, 2);
    assert.equal((await store.listRuns({})).length, 2);
  },
  "a throttled or gathered start takes no slot": async (store) => {
    await define(store, { concurrency: 5 });
    const given = { throttle: { ...THROTTLE, limit: 1 }, queue: place(), lease: ME };
    await start(store, "a", given);
    await start(store, "b", given);
    await start(store, "c", { queue: place(), gather: BATCH });
    await start(store, "d", { queue: place(), gather: BATCH });
    assert.deepEqual(await counts(store), [0, 1]);
  },
  "an imported run takes no slot with its lease, but with its next claim": async (store) => {
    await define(store, { concurrency: 1, rate: { limit: 1, per: 100, slack: 0 } });
    await store.createRun(queued("busy", { lease: ME }));
    for (const id of ["r", "sleeps", "done"]) {
      const { run } = await store.createRun(queued(id, { lease: ME, endBy: T + 900, imported: {} }));
      assert.deepEqual([run.status, run.epoch, run.queue, run.endBy], ["running", 1, place(), T + 900]);
      assert.equal("imported" in run, false);
    }
    assert.deepEqual(await counts(store), [0, 1]);
    const blocked = { error: "E", message: "m", code: "c" };
    await store.createRun(queued("blocked", { lease: ME, imported: {} }));
    await store.commit([
      release("r", { status: "pending" }),
      release("sleeps", { wakeAt: T + 50 }),
      release("blocked", { status: "pending", blocked }),
      finish("done"),
    ]);
    assert.deepEqual(await Promise.all(["r", "sleeps", "blocked", "done"].map((id) => stateOf(store, id))), [
      "pending",
      "waiting",
      "pending",
      "completed",
    ]);
    assert.deepEqual(await counts(store), [0, 1]);
    assert.equal(await store.claim({ run: "r", lease: OTHER, now: T + 5 }), undefined);
    assert.equal(await stateOf(store, "r"), "pending, in line");
    await store.commit([finish("busy")]);
    assert.deepEqual(
      (await store.offers({ now: T + 10, workflows: [] })).map(({ run }) => run),
      ["r"],
    );
  },
  "Q6 an imported run goes on to gather, unless another one does under its key": async (store) => {
    const given = { dueAt: T + 70, input: batchInput(['"a"']) };
    const gathers = { key: "k" };
    const { run } = await store.createRun(newRun("r", { ...given, imported: { batch: true, gathers } }));
    assert.deepEqual([run.status, run.wakeAt, run.batch, run.gathers], ["waiting", T + 70, true, gathers]);
    const other = await store.createRun(newRun("other", { ...given, imported: { batch: true, gathers } }));
    assert.deepEqual([other.created, other.run.batch, other.run.gathers], [true, true, undefined]);
    assert.deepEqual(await start(store, "b", { gather: BATCH }), [false, "r"]);
    assert.equal((await get(store, "r")).input, batchInput(['"a"', '"b"']));
    const until = { key: "d", until: T + 120 };
    await store.createRun(newRun("late", { dueAt: T + 90, imported: { gathers: until } }));
    assert.deepEqual(await start(store, "c", { gather: { ...DEBOUNCE, key: "d", max: 500 }, createdAt: T + 60 }), [
      false,
      "late",
    ]);
    const { wakeAt, gathers: still, input } = await get(store, "late");
    assert.deepEqual([wakeAt, still, input], [T + 120, until, '"c"']);
    await store.claim({ run: "late", lease: ME, now: T + 120 });
    assert.equal("gathers" in (await get(store, "late")), false);
  },
};
