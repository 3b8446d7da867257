import assert from "node:assert/strict";
import {
  checkpoint,
  dueAt,
  finish,
  get,
  newRun,
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

export const requestCases: Cases = {
  "S8 a run that never had an owner is cancelled at once": async (store) => {
    await store.createRun(newRun("r"));
    assert.equal(await store.cancel({ run: "r", reason: '"why"', now: T + 3 }), true);
    const run = await get(store, "r");
    assert.deepEqual([run.status, run.output, run.cancel, run.updatedAt], ["cancelled", '"why"', '"why"', T + 3]);
    assert.equal(await store.claim({ run: "r", lease: OTHER, now: T + 4 }), undefined);
  },
  "S8 a pending run that was owned before records the cancel request": async (store) => {
    await owned(store, "r");
    await store.commit([release("r", { status: "pending" })]);
    assert.equal(await store.cancel({ run: "r", reason: '"why"', now: T }), true);
    const run = await get(store, "r");
    assert.deepEqual([run.status, run.cancel, "output" in run], ["pending", '"why"', false]);
  },
  "S8 the first cancel request of a running run is kept, and the run stays running": async (store) => {
    await owned(store, "r");
    assert.equal(await store.cancel({ run: "r", reason: '"first"', now: T + 1 }), true);
    assert.equal(await store.cancel({ run: "r", reason: '"second"', now: T + 2 }), true);
    const run = await get(store, "r");
    assert.deepEqual([run.status, run.cancel, run.updatedAt, run.epoch], ["running", '"first"', T + 1, 1]);
    assert.deepEqual(await store.commit([step("r", checkpoint("a[0]", 1))]), [true]);
  },
  "S8 a cancel request unblocks a blocked run": async (store) => {
    const blocked = { error: "E", message: "m", code: "c" };
    await owned(store, "r");
    await store.commit([release("r", { status: "pending", blocked })]);
    assert.equal(await store.cancel({ run: "r", reason: '"why"', now: T }), true);
    assert.equal("blocked" in (await get(store, "r")), false);
  },
  "S8 a cancel request makes a waiting run due": async (store) => {
    await waiting(store, "r", { wakeAt: T + 9_000 });
    await store.cancel({ run: "r", reason: '"why"', now: T + 60 });
    assert.deepEqual(await dueAt(store, T + 60), ["r"]);
  },
  "S8 a finished run cannot be cancelled": async (store) => {
    for (const status of ["completed", "failed", "cancelled"] as const) {
      await owned(store, status);
      await store.commit([finish(status, { status })]);
      const before = await get(store, status);
      assert.equal(await store.cancel({ run: status, reason: '"why"', now: T + 900 }), false);
      assert.deepEqual(await get(store, status), before);
    }
  },
  "S9 retrying a failed run makes it pending and removes its unhandled steps": async (store) => {
    await owned(store, "r");
    const failed = { state: "failed" } as const;
    const rows = [
      checkpoint("ok[0]", 1),
      checkpoint("handled[0]", 2, failed),
      checkpoint("bad[0]", 3, failed),
      checkpoint("bad[1]", 4, failed),
    ];
    await store.commit([...rows, openStep("open[0]")].map((row) => step("r", row)));
    await store.commit([
      finish("r", {
        status: "failed",
        output: '"error"',
        unhandled: ["bad[0]", "bad[1]", "ok[0]", "open[0]", "none[0]"],
      }),
    ]);
    assert.equal(await store.retry({ run: "r", now: T + 800 }), true);
    const run = await get(store, "r");
    assert.deepEqual(
      [run.status, run.epoch, run.updatedAt, "output" in run, "owner" in run],
      ["pending", 1, T + 800, false, false],
    );
    assert.deepEqual(await stepIds(store, "r"), ["ok[0]", "handled[0]", "open[0]"]);
  },
  "S9 retried steps are recorded again and may reuse the removed sequence numbers": async (store) => {
    await owned(store, "r");
    await store.commit([
      step("r", checkpoint("bad[0]", 1, { state: "failed" })),
      finish("r", { status: "failed", unhandled: ["bad[0]"] }),
    ]);
    await store.retry({ run: "r", now: T });
    assert.equal((await store.claim({ run: "r", lease: OTHER, now: T }))?.epoch, 2);
    assert.deepEqual(await store.commit([step("r", checkpoint("bad[0]", 1), { epoch: 2 })]), [true]);
  },
  "S9 a failed run can be retried once, other runs cannot": async (store) => {
    await store.createRun(newRun("pending"));
    await owned(store, "running");
    await waiting(store, "waiting");
    for (const status of ["completed", "cancelled", "failed"] as const) {
      await owned(store, status);
      await store.commit([finish(status, { status })]);
    }
    for (const run of ["pending", "running", "waiting", "completed", "cancelled"]) {
      const before = await get(store, run);
      assert.equal(await store.retry({ run, now: T + 900 }), false);
      assert.deepEqual(await get(store, run), before);
    }
    assert.equal(await store.retry({ run: "failed", now: T }), true);
    assert.equal(await store.retry({ run: "failed", now: T }), false);
  },
  "S9 a retry removes only the unhandled steps of the latest failure": async (store) => {
    await owned(store, "r");
    await store.commit([
      step("r", checkpoint("a[0]", 1, { state: "failed" })),
      finish("r", { status: "failed", unhandled: ["a[0]"] }),
    ]);
    await store.retry({ run: "r", now: T });
    await store.claim({ run: "r", lease: OTHER, now: T });
    await store.commit([
      step("r", checkpoint("a[0]", 1, { state: "failed" }), { epoch: 2 }),
      finish("r", { epoch: 2, status: "failed" }),
    ]);
    await store.retry({ run: "r", now: T });
    assert.deepEqual(await stepIds(store, "r"), ["a[0]"]);
  },
  "S9 a compensated run is retried only by force": async (store) => {
    await owned(store, "r");
    await store.commit([finish("r", { status: "failed", compensated: true })]);
    assert.equal((await get(store, "r")).compensated, true);
    assert.equal(await store.retry({ run: "r", now: T }), false);
    assert.equal((await get(store, "r")).status, "failed");
    assert.equal(await store.retry({ run: "r", now: T, force: true }), true);
    assert.equal("compensated" in (await get(store, "r")), false);
  },
  "S9 the steps that a retry executes again stand with the failed run": async (store) => {
    for (const id of ["failed", "restarted"]) {
      await owned(store, id);
      const failed = checkpoint("a[0]", 1, { state: "failed" });
      await store.commit([step(id, failed), finish(id, { status: "failed", unhandled: ["a[0]"] })]);
      assert.deepEqual((await get(store, id)).unhandled, ["a[0]"]);
    }
    assert.equal(
      (await store.listRuns({})).some((run) => "unhandled" in run),
      false,
    );
    await store.retry({ run: "failed", now: T });
    await store.restart({ run: "restarted", now: T, seed: "s" });
    for (const id of ["failed", "restarted"]) assert.equal("unhandled" in (await get(store, id)), false);
  },
  "S14 a restart forgets what an ended run has done, but not who it is": async (store) => {
    for (const status of ["completed", "failed", "cancelled"] as const) {
      await owned(store, status);
      const before = await get(store, status);
      await store.cancel({ run: status, reason: '"why"', now: T });
      await store.commit([
        step(status, checkpoint("a[0]", 1)),
        step(status, openStep("b[0]")),
        finish(status, { status, unhandled: ["a[0]"], compensated: true }),
      ]);
      assert.equal(await store.restart({ run: status, now: T + 900, seed: "new" }), true);
      const { epoch, inputHash, workflow } = before;
      const run = await get(store, status);
      assert.deepEqual(
        [run.status, run.epoch, run.seed, run.restarts, run.stalls, run.codeSeq, run.createdAt, run.updatedAt],
        ["pending", epoch, "new", 1, 0, 0, T + 900, T + 900],
      );
      assert.deepEqual([run.inputHash, run.workflow], [inputHash, workflow]);
      assert.deepEqual(
        ["output", "cancel", "compensated", "owner", "releasedAt", "codeHistory"].filter((field) => field in run),
        [],
      );
      assert.deepEqual(await stepIds(store, status), []);
      assert.equal((await store.claim({ run: status, lease: OTHER, now: T + 900 }))?.epoch, epoch + 1);
      assert.deepEqual(await store.commit([step(status, checkpoint("a[0]", 1), { epoch: epoch + 1 })]), [true]);
    }
  },
  "S14 a restart keeps the deliveries that no wait has consumed": async (store) => {
    await owned(store, "r");
    for (const payload of ["1", "2"]) await store.deliver({ run: "r", name: "go", payload, now: T });
    const consume = { name: "go", slot: 0, payload: "1" };
    await store.commit([step("r", checkpoint("signal[0]", 1, { kind: "signal" }), { consume }), finish("r")]);
    await store.restart({ run: "r", now: T, seed: "new" });
    const [wakeup] = await store.wakeups([{ run: "r", epoch: 1 }]);
    assert.deepEqual(wakeup?.signals, [{ name: "go", slot: 1, payload: "2" }]);
  },
  "S14 a run that has not ended cannot be restarted": async (store) => {
    await store.createRun(newRun("pending"));
    await owned(store, "running");
    await waiting(store, "waiting");
    for (const run of ["pending", "running", "waiting"]) {
      const before = await get(store, run);
      assert.equal(await store.restart({ run, now: T + 900, seed: "new" }), false);
      assert.deepEqual(await get(store, run), before);
    }
    assert.equal(await store.restart({ run: "none", now: T, seed: "new" }), undefined);
  },
  "S9 a retry drops an undelivered cancel request and keeps a delivered one": async (store) => {
    for (const [id, rows] of [
      ["asked", []],
      ["delivered", [checkpoint("cancel", 1, { kind: "cancel" })]],
    ] as const) {
      await owned(store, id);
      await store.cancel({ run: id, reason: '"why"', now: T });
      await store.commit([...rows.map((row) => step(id, row)), finish(id, { status: "failed" })]);
      await store.retry({ run: id, now: T });
    }
    assert.equal("cancel" in (await get(store, "asked")), false);
    assert.equal((await get(store, "delivered")).cancel, '"why"');
  },
};
