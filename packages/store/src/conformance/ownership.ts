import assert from "node:assert/strict";
import {
  checkpoint,
  code,
  finish,
  get,
  ME,
  newRun,
  openStep,
  OTHER,
  owned,
  release,
  step,
  T,
  together,
  waiting,
  type Cases,
} from "./kit.ts";

export const ownershipCases: Cases = {
  "S1 a new run is pending and has the fields it was created with": async (store) => {
    const { modules: _, ...given } = newRun("r", { parent: "p", tags: ["vip"] });
    const { created, run } = await store.createRun(newRun("r", { parent: "p", tags: ["vip"] }));
    assert.equal(created, true);
    const counts = { codeSeq: 0, epoch: 0, restarts: 0, stalls: 0 };
    assert.deepEqual(run, { ...given, ...counts, status: "pending", startedAt: T, updatedAt: T });
    assert.deepEqual(await store.getRun("r"), run);
  },
  "S1 a run from another store keeps what it was there": async (store) => {
    const { run } = await store.createRun(newRun("r", { forkOf: "original", restarts: 2, startedAt: T - 5 }));
    assert.deepEqual([run.forkOf, run.restarts, run.startedAt, run.createdAt], ["original", 2, T - 5, T]);
    assert.deepEqual(await get(store, "r"), run);
  },
  "S1 a run created with a lease is running, owned and at epoch 1": async (store) => {
    const run = await owned(store, "r");
    assert.equal(run.status, "running");
    assert.equal(run.owner, ME.owner);
    assert.equal(run.leaseUntil, ME.until);
    assert.equal(run.epoch, 1);
    assert.equal("lease" in run, false);
    assert.deepEqual(await store.getRun("r"), run);
  },
  "S1 one of several concurrent calls creates the run, and all receive it": async (store) => {
    const answers = await together(20, (place) => store.createRun(newRun("r", { seed: `seed${place}` })));
    assert.equal(answers.filter(({ created }) => created).length, 1);
    const run = await get(store, "r");
    for (const answer of answers) assert.deepEqual(answer.run, run);
  },
  "S1 runs that are created together are the same as those created alone; of two with one id the first wins": async (
    store,
  ) => {
    await owned(store, "known");
    await store.deliver({ run: "early", name: "go", payload: "1", now: T });
    const known = await get(store, "known");
    const given = [
      newRun("r", { lease: ME, parent: "p", tags: ["vip"], code: "c2", modules: "[2]" }),
      newRun("known", { input: "[2]" }),
      newRun("early", { lease: ME }),
      newRun("r", { input: "[2]", lease: OTHER }),
    ];
    const answers = await store.createRuns(given);
    assert.deepEqual(
      answers.map(({ created }) => created),
      [true, false, true, false],
    );
    assert.deepEqual(answers[0]?.run, await get(store, "r"));
    assert.deepEqual(answers[3]?.run, await get(store, "r"));
    assert.deepEqual(answers[1]?.run, known);
    assert.equal(await store.getCode("c2"), "[2]");
    const [wakeup] = await store.wakeups([{ run: "early", epoch: 1 }]);
    assert.equal(wakeup?.signals.length, 1);
    const alone = await store.createRun(newRun("alone", { lease: ME, parent: "p", tags: ["vip"], code: "c2" }));
    assert.deepEqual({ ...alone.run, id: "r" }, answers[0]?.run);
    assert.deepEqual(await store.createRuns([]), []);
  },
  "S1 creating a finished run again changes nothing": async (store) => {
    await owned(store, "r");
    await store.commit([finish("r")]);
    const before = await get(store, "r");
    assert.deepEqual(await store.createRun(newRun("r", { input: "[2]", inputHash: "other", lease: OTHER })), {
      created: false,
      run: before,
    });
    assert.deepEqual(await get(store, "r"), before);
  },
  "every method accepts the id of a run that does not exist": async (store) => {
    assert.equal(await store.getRun("none"), undefined);
    assert.equal(await store.claim({ run: "none", lease: ME, now: T }), undefined);
    assert.deepEqual(await store.steps("none"), []);
    assert.deepEqual(await store.commit([finish("none")]), [false]);
    assert.equal(await store.cancel({ run: "none", reason: "1", now: T }), undefined);
    assert.equal(await store.retry({ run: "none", now: T }), undefined);
    assert.deepEqual(await store.wakeups([{ run: "none", epoch: 1 }]), [{ run: "none", owned: false, signals: [] }]);
    await store.renew({ runs: [{ run: "none", epoch: 1 }], until: T });
  },
  "S2 a claim makes the caller the owner under the next epoch": async (store) => {
    await store.createRun(newRun("r"));
    const run = await store.claim({ run: "r", lease: OTHER, now: T + 5 });
    assert.deepEqual(run, { ...(await get(store, "r")) });
    assert.equal(run?.status, "running");
    assert.equal(run.owner, "other");
    assert.equal(run.leaseUntil, OTHER.until);
    assert.equal(run.epoch, 1);
    assert.equal(run.updatedAt, T + 5);
  },
  "S2 one of several concurrent claims succeeds": async (store) => {
    await store.createRun(newRun("r"));
    const claims = await together(20, (place) =>
      store.claim({ run: "r", lease: { owner: `o${place}`, until: T + 10 }, now: T }),
    );
    const won = claims.filter((run) => run !== undefined);
    assert.equal(won.length, 1);
    assert.deepEqual(won[0], await get(store, "r"));
  },
  "S2 runs that are claimed together are the same as those claimed alone, and come with their steps": async (store) => {
    await store.createRun(newRun("new"));
    await owned(store, "held");
    await waiting(store, "waits", { wakeAt: T, steps: [checkpoint("a[0]", 1), openStep("b[0]")] });
    const given = ["waits", "none", "held", "new", "new"].map((run) => ({ run, lease: OTHER, now: T + 60 }));
    const answers = await store.claimRuns(given);
    assert.deepEqual(
      answers.map((claimed) => claimed?.run.id),
      ["waits", undefined, undefined, "new", undefined],
    );
    assert.deepEqual(answers[0], { run: await get(store, "waits"), steps: await store.steps("waits") });
    assert.deepEqual(answers[3], { run: await get(store, "new"), steps: [] });
    assert.deepEqual((await store.executions("waits")).length, 1);
    assert.deepEqual(await store.claimRuns([]), []);
  },
  "S2 a lease holds until its expiry and no longer": async (store) => {
    await owned(store, "r");
    assert.equal(await store.claim({ run: "r", lease: OTHER, now: ME.until - 1 }), undefined);
    assert.equal(await store.claim({ run: "r", lease: OTHER, now: ME.until }), undefined);
    assert.equal((await store.claim({ run: "r", lease: OTHER, now: ME.until + 1 }))?.epoch, 2);
    assert.equal(await store.claim({ run: "r", lease: ME, now: ME.until + 1 }), undefined);
  },
  "S2 a run is claimed from a dead owner only under the owner's last epoch": async (store) => {
    await owned(store, "r");
    assert.equal(await store.claim({ run: "r", lease: OTHER, now: T, from: { owner: "me", epoch: 2 } }), undefined);
    assert.equal(await store.claim({ run: "r", lease: OTHER, now: T, from: { owner: "you", epoch: 1 } }), undefined);
    const from = { owner: "me", epoch: 1 };
    const claims = await together(5, (place) =>
      store.claim({ run: "r", lease: { ...OTHER, owner: `o${place}` }, now: T, from }),
    );
    assert.equal(claims.filter((run) => run?.epoch === 2).length, 1);
    assert.equal((await get(store, "r")).epoch, 2);
  },
  "S2 a waiting run can be claimed before it is due, which clears its wake-up time": async (store) => {
    await waiting(store, "r", { wakeAt: T + 1_000_000 });
    const run = await store.claim({ run: "r", lease: OTHER, now: T });
    assert.equal(run?.status, "running");
    assert.equal("wakeAt" in run, false);
  },
  "S2 claiming a blocked run unblocks it": async (store) => {
    const blocked = { error: "LOST_STEPS", message: "two steps are not reached any more", code: "c1" };
    await owned(store, "r");
    await store.commit([release("r", { status: "pending", blocked })]);
    assert.deepEqual((await get(store, "r")).blocked, blocked);
    assert.equal((await get(store, "r")).status, "pending");
    const run = await store.claim({ run: "r", lease: OTHER, now: T });
    assert.equal(run && "blocked" in run, false);
  },
  "S2 a finished run cannot be claimed": async (store) => {
    for (const status of ["completed", "failed", "cancelled"] as const) {
      await owned(store, status);
      await store.commit([finish(status, { status })]);
      const from = { owner: "me", epoch: 1 };
      assert.equal(await store.claim({ run: status, lease: OTHER, now: T + 1_000_000, from }), undefined);
    }
  },
  "renew extends only the leases that the caller holds": async (store) => {
    for (const id of ["held", "stale", "done", "left"]) await owned(store, id);
    await store.commit([finish("done"), release("left")]);
    await store.claim({ run: "stale", lease: OTHER, now: ME.until + 1 });
    const runs = ["held", "stale", "done", "left"].map((run) => ({ run, epoch: 1 }));
    await store.renew({ runs, until: T + 99_000 });
    await store.renew({ runs, until: T + 98_000 });
    assert.equal((await get(store, "held")).leaseUntil, T + 99_000);
    assert.equal((await get(store, "stale")).leaseUntil, OTHER.until);
    assert.equal("leaseUntil" in (await get(store, "done")), false);
    assert.equal("leaseUntil" in (await get(store, "left")), false);
    await store.renew({ runs: [], until: T });
  },
  "S19 each claim is recorded with what it found, the oldest first": async (store) => {
    await store.createRun(newRun("new"));
    assert.deepEqual(await store.executions("new"), []);
    await store.claim({ run: "new", lease: ME, now: T + 1 });
    assert.deepEqual(await store.executions("new"), [{ epoch: 1, owner: "me", claimedAt: T + 1 }]);
    await owned(store, "r");
    assert.deepEqual(await store.executions("r"), []);
    await store.claim({ run: "r", lease: OTHER, now: T + 2, from: { owner: "me", epoch: 1 } });
    assert.equal(await store.claim({ run: "r", lease: ME, now: T + 3 }), undefined);
    await store.commit([release("r", { epoch: 2, wakeAt: T + 20, at: T + 10 })]);
    assert.equal((await get(store, "r")).releasedAt, T + 10);
    await store.cancel({ run: "r", reason: '"why"', now: T + 15 });
    await store.claim({ run: "r", lease: ME, now: T + 20 });
    assert.equal("releasedAt" in (await get(store, "r")), false);
    await store.commit([finish("r", { epoch: 3, status: "failed", at: T + 30 })]);
    assert.equal((await get(store, "r")).releasedAt, T + 30);
    await store.retry({ run: "r", now: T + 40 });
    await store.claim({ run: "r", lease: OTHER, now: T + 50 });
    assert.deepEqual(await store.executions("r"), [
      { epoch: 2, owner: "other", claimedAt: T + 2, from: "me" },
      { epoch: 3, owner: "me", claimedAt: T + 20, releasedAt: T + 10 },
      { epoch: 4, owner: "other", claimedAt: T + 50, releasedAt: T + 30 },
    ]);
    assert.deepEqual(await store.executions("none"), []);
  },
  "S19 a run that was cancelled before it had an owner was never given up": async (store) => {
    await store.createRun(newRun("r"));
    await store.cancel({ run: "r", reason: '"why"', now: T + 1 });
    assert.equal("releasedAt" in (await get(store, "r")), false);
  },
  "S19 a restart forgets the claims, and so do delete and prune; a fork has none": async (store) => {
    for (const id of ["restarted", "deleted", "pruned"]) {
      await store.createRun(newRun(id));
      await store.claim({ run: id, lease: ME, now: T });
      await store.commit([step(id, checkpoint("a[0]", 1)), finish(id)]);
    }
    await store.fork({ run: "restarted", from: "a[0]", id: "forked", now: T });
    await store.restart({ run: "restarted", now: T + 200, seed: "s" });
    await store.delete({ run: "deleted", now: T });
    assert.equal(await store.prune({ now: T, endedBefore: T + 101, limit: 10 }), 1);
    for (const id of ["deleted", "pruned"]) await store.createRun(newRun(id));
    for (const id of ["restarted", "deleted", "pruned", "forked"]) assert.deepEqual(await store.executions(id), []);
    await store.claim({ run: "restarted", lease: OTHER, now: T + 300 });
    assert.deepEqual(await store.executions("restarted"), [{ epoch: 2, owner: "other", claimedAt: T + 300 }]);
  },
  "S4 the writes of a stale owner are refused without affecting the rest of the batch": async (store) => {
    await owned(store, "lost");
    await owned(store, "held");
    await store.claim({ run: "lost", lease: OTHER, now: ME.until + 1 });
    const before = await get(store, "lost");
    const answers = await store.commit([
      step("lost", checkpoint("a[0]", 1)),
      step("held", checkpoint("a[0]", 1)),
      code("lost", { codeSeq: 1 }),
      release("lost"),
      finish("lost"),
      finish("held"),
      step("lost", checkpoint("b[0]", 1), { epoch: 2 }),
      step("lost", checkpoint("c[0]", 2), { epoch: 3 }),
    ]);
    assert.deepEqual(answers, [false, true, false, false, false, true, true, false]);
    assert.deepEqual(await get(store, "lost"), before);
    assert.equal((await store.steps("lost")).length, 1);
  },
  "S4 a run without an owner accepts no writes, even under its current epoch": async (store) => {
    await store.createRun(newRun("new"));
    await waiting(store, "left");
    await owned(store, "done");
    await store.commit([finish("done")]);
    const answers = await store.commit([
      step("new", checkpoint("a[0]", 1), { epoch: 0 }),
      step("left", checkpoint("a[0]", 1)),
      step("done", checkpoint("a[0]", 1)),
      finish("done", { status: "failed" }),
      release("done"),
    ]);
    assert.deepEqual(answers, [false, false, false, false, false]);
    for (const id of ["new", "left", "done"]) assert.deepEqual(await store.steps(id), []);
    assert.equal((await get(store, "done")).status, "completed");
  },
  "S4 writes after the finish or release of a run are refused, even in the same batch": async (store) => {
    await owned(store, "done");
    await owned(store, "left");
    const answers = await store.commit([
      finish("done"),
      step("done", checkpoint("late[0]", 1)),
      release("left"),
      finish("left"),
      step("left", checkpoint("late[0]", 1)),
    ]);
    assert.deepEqual(answers, [true, false, true, false, false]);
  },
};
