import assert from "node:assert/strict";
import type { ClaimNext, NextRuns } from "../contract.ts";
import type { TimedStore as Store } from "./timed.ts";
import {
  type Cases,
  checkpoint,
  get,
  ME,
  newRun,
  openStep,
  OTHER,
  owned,
  release,
  T,
  together,
  type TwoStoreCases,
  waiting,
} from "./kit.ts";

/** Every lease has ended. */
const LATE = OTHER.until + 1;
const THIRD = { owner: "third", until: LATE + 60_000 };

type Asked = Partial<Omit<ClaimNext, "lease">> & { readonly now?: number; readonly lease?: typeof ME };

export const next = async (store: Store, { now = T + 60, ...asked }: Asked = {}): Promise<NextRuns> =>
  store.claimNext({ executables: [{ workflow: "ship" }], limit: 10, lease: THIRD, now, ...asked });

export const idsOf = ({ claimed }: NextRuns): string[] => claimed.map(({ run }) => run.id);

export const claimingCases: Cases = {
  "S20 the next runs are claimed, the oldest first, with their steps and the owner that they were taken from": async (
    store,
  ) => {
    await owned(store, "held", { createdAt: T + 1, lease: OTHER });
    await owned(store, "left", { createdAt: T + 2 });
    await waiting(store, "due", { wakeAt: T + 60, steps: [checkpoint("a[0]", 1), openStep("b[0]")] });
    await waiting(store, "sleeps", { wakeAt: T + 100_000 });
    await store.createRun(newRun("new", { createdAt: T + 3 }));
    const { claimed, left } = await next(store, { now: ME.until + 1 });
    assert.deepEqual(claimed, [
      { run: await get(store, "due"), steps: await store.steps("due") },
      { run: await get(store, "left"), from: "me", steps: [] },
      { run: await get(store, "new"), steps: [] },
    ]);
    assert.equal(left, 0);
    const left2 = await get(store, "left");
    assert.deepEqual([left2.status, left2.owner, left2.epoch, left2.stalls], ["running", "third", 2, 1]);
    assert.equal(left2.leaseUntil, THIRD.until);
    assert.deepEqual(await store.executions("left"), [
      { epoch: 2, owner: "third", claimedAt: ME.until + 1, from: "me" },
    ]);
    assert.deepEqual(await next(store, { now: ME.until + 1 }), { claimed: [], left: 0 });
  },
  "S20 at most as many runs are claimed as are asked for, and the others are counted": async (store) => {
    for (let place = 0; place < 7; place++) await store.createRun(newRun(`r${place}`, { createdAt: T + place }));
    assert.deepEqual(await next(store, { limit: 0, count: 3 }), { claimed: [], left: 3 });
    assert.deepEqual(await next(store, { limit: 0, count: 10 }), { claimed: [], left: 7 });
    assert.deepEqual(await next(store, { limit: 0 }), { claimed: [], left: 0 });
    const first = await next(store, { limit: 2, count: 10 });
    assert.deepEqual([idsOf(first), first.left], [["r0", "r1"], 5]);
    const second = await next(store, { limit: 2 });
    assert.deepEqual([idsOf(second), second.left], [["r2", "r3"], 0]);
    const third = await next(store, { limit: 10, count: 10 });
    assert.deepEqual([idsOf(third), third.left], [["r4", "r5", "r6"], 0]);
  },
  "S20 concurrent calls get different runs, each as many as it asks for": async (store) => {
    for (let place = 0; place < 60; place++) await store.createRun(newRun(`r${place}`, { createdAt: T + place }));
    const answers = await together(10, (place) =>
      next(store, { limit: 5, lease: { owner: `o${place}`, until: LATE } }),
    );
    assert.deepEqual(
      answers.map(({ claimed }) => claimed.length),
      Array.from({ length: 10 }, () => 5),
    );
    assert.equal(new Set(answers.flatMap(idsOf)).size, 50);
    for (const [place, answer] of answers.entries())
      for (const { run } of answer.claimed) assert.equal((await get(store, run.id)).owner, `o${place}`);
    assert.equal((await next(store, { limit: 20 })).claimed.length, 10);
  },
  "S20 only runs that the request describes are claimed: by workflow, file, and the code that blocked them": async (
    store,
  ) => {
    await store.createRun(newRun("a", { createdAt: T + 1, file: "a.ts" }));
    await store.createRun(newRun("b", { createdAt: T + 2, file: "b.ts" }));
    await store.createRun(newRun("c", { createdAt: T + 3, file: "c.ts" }));
    await store.createRun(newRun("bill", { createdAt: T + 4, workflow: "bill" }));
    const claims = async (asked: Asked): Promise<string[]> => {
      const found = await next(store, asked);
      await store.commit(found.claimed.map(({ run: { id, epoch } }) => release(id, { epoch, status: "pending" })));
      return idsOf(found);
    };
    assert.deepEqual(await claims({ executables: [] }), []);
    assert.deepEqual(await claims({ executables: [{ workflow: "other" }] }), []);
    assert.deepEqual(await claims({ executables: [{ workflow: "bill" }] }), ["bill"]);
    assert.deepEqual(await claims({ executables: [{ workflow: "bill" }, { workflow: "ship", file: "b.ts" }] }), [
      "b",
      "bill",
    ]);
    assert.deepEqual(await claims({ executables: [{ workflow: "ship", notFiles: ["b.ts", "x.ts"] }] }), ["a", "c"]);
    assert.deepEqual(await claims({ except: ["a", "none"] }), ["b", "c"]);
    assert.deepEqual(await claims({ queues: ["q"] }), []);
    const blocked = { error: "E", message: "m", code: "k1" };
    await next(store, { limit: 1 });
    const { epoch } = await get(store, "a");
    await store.commit([release("a", { epoch, status: "pending", blocked })]);
    assert.deepEqual(await claims({ blocked: false }), ["b", "c"]);
    assert.deepEqual(await claims({ executables: [{ workflow: "ship", notBlockedUnder: "k1" }] }), ["b", "c"]);
    assert.deepEqual((await get(store, "a")).blocked, blocked);
    const [first] = (await next(store, { executables: [{ workflow: "ship", notBlockedUnder: "k2" }] })).claimed;
    assert.deepEqual([first?.run.id, first?.run.blocked], ["a", undefined]);
  },
  "S20 runs of owners that live are not claimed, those of owners that have ended at once": async (store) => {
    await owned(store, "mine", { createdAt: T + 1 });
    await owned(store, "theirs", { createdAt: T + 2, lease: OTHER });
    assert.deepEqual(idsOf(await next(store, { dead: ["nobody"] })), []);
    assert.deepEqual(idsOf(await next(store, { dead: ["other"], alive: ["me"] })), ["theirs"]);
    assert.deepEqual(idsOf(await next(store, { now: LATE, alive: ["me", "third"] })), []);
    assert.deepEqual(idsOf(await next(store, { now: LATE, alive: ["third"] })), ["mine"]);
  },
  "S20 of the runs that have stalled, at most one is claimed, after all others, if it is asked for": async (store) => {
    for (const [place, id] of ["s1", "s2"].entries()) {
      await owned(store, id, { createdAt: T + place });
      await store.claim({ run: id, lease: OTHER, now: T, from: { owner: "me", epoch: 1 } });
    }
    await store.createRun(newRun("r1", { createdAt: T + 8 }));
    await store.createRun(newRun("r2", { createdAt: T + 9 }));
    const dead = ["other"];
    assert.deepEqual(idsOf(await next(store, { dead, limit: 1 })), ["r1"]);
    const found = await next(store, { dead, stalled: true });
    assert.deepEqual(idsOf(found), ["r2", "s1"]);
    assert.deepEqual([found.claimed[1]?.from, found.claimed[1]?.run.stalls], ["other", 2]);
    assert.deepEqual(idsOf(await next(store, { dead })), []);
    assert.deepEqual(idsOf(await next(store, { dead, stalled: true })), ["s2"]);
  },
  "S20 a run that did not begin in time hides no other one": async (store) => {
    if (!store.expire) return;
    await store.createRun(newRun("late", { createdAt: T, beginBy: T + 10 }));
    await store.createRun(newRun("r", { createdAt: T + 1 }));
    assert.deepEqual(idsOf(await next(store, { limit: 1 })), ["r"]);
  },
};

export const sharedClaimingCases: TwoStoreCases = {
  "S20 calls of several stores on the same data get different runs": async (store, reopen) => {
    const stores = [store, ...(await Promise.all([reopen(), reopen(), reopen()]))];
    for (let place = 0; place < 45; place++) await store.createRun(newRun(`r${place}`, { createdAt: T + place }));
    const answers = await Promise.all(
      stores.map(async (each, place) => next(each, { limit: 10, lease: { owner: `o${place}`, until: LATE } })),
    );
    assert.deepEqual(
      answers.map(({ claimed }) => claimed.length),
      [10, 10, 10, 10],
    );
    assert.equal(new Set(answers.flatMap(idsOf)).size, 40);
    for (const other of stores.slice(1)) await other.close();
  },
};
