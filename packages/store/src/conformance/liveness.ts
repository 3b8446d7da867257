import assert from "node:assert/strict";
import {
  checkpoint,
  get,
  ME,
  newRun,
  openChild,
  openStep,
  openWait,
  OTHER,
  owned,
  release,
  step,
  T,
  waiting,
  type Cases,
} from "./kit.ts";

const claimFrom = (owner: string, epoch: number) => ({ lease: OTHER, now: T, from: { owner, epoch } });

export const livenessCases: Cases = {
  "S11 a release to waiting without anything that wakes the run leaves it pending": async (store) => {
    await owned(store, "bare");
    await store.commit([release("bare")]);
    await owned(store, "done");
    await store.commit([
      step("done", checkpoint("a[0]", 1, { kind: "child", target: "none" })),
      step("done", openStep("b[0]")),
      release("done"),
    ]);
    for (const id of ["bare", "done"]) assert.equal((await get(store, id)).status, "pending");
  },
  "S11 a run that waits for a child that does not exist is pending, whatever else would wake it": async (store) => {
    await owned(store, "r");
    await store.commit([
      step("r", openChild("ship[0]", "none")),
      step("r", openWait("a[0]", "go")),
      release("r", { wakeAt: T + 9_000 }),
    ]);
    const { status, wakeAt } = await get(store, "r");
    assert.deepEqual([status, wakeAt], ["pending", undefined]);
  },
  "S11 a due time, an open wait, or a child that exists each keeps a run waiting": async (store) => {
    await owned(store, "child");
    await waiting(store, "timed", { wakeAt: T + 9_000 });
    await waiting(store, "signaled", { steps: [openWait("a[0]", "go")] });
    await waiting(store, "parent", { steps: [openChild("ship[0]", "child")] });
    for (const id of ["timed", "signaled", "parent"]) assert.equal((await get(store, id)).status, "waiting");
  },
  "S12 each claim of a running run without a new checkpoint counts as a stall": async (store) => {
    await owned(store, "r");
    assert.equal((await get(store, "r")).stalls, 0);
    assert.equal((await store.claim({ run: "r", ...claimFrom(ME.owner, 1) }))?.stalls, 1);
    await store.commit([{ ...step("r", openStep("a[0]", { attempt: 1 })), epoch: 2 }]);
    assert.equal((await store.claim({ run: "r", ...claimFrom(OTHER.owner, 2) }))?.stalls, 2);
  },
  "S12 a claim of a run that was released is no stall": async (store) => {
    await store.createRun(newRun("pending"));
    assert.equal((await store.claim({ run: "pending", lease: ME, now: T }))?.stalls, 0);
    await waiting(store, "waiting", { wakeAt: T });
    assert.equal((await store.claim({ run: "waiting", lease: ME, now: T }))?.stalls, 0);
  },
  "S12 a claim after a new checkpoint ends the count of stalls": async (store) => {
    await owned(store, "r");
    await store.claim({ run: "r", ...claimFrom(ME.owner, 1) });
    await store.commit([{ ...step("r", checkpoint("a[0]", 1)), epoch: 2 }]);
    assert.equal((await store.claim({ run: "r", ...claimFrom(OTHER.owner, 2) }))?.stalls, 0);
    assert.equal((await store.claim({ run: "r", ...claimFrom(OTHER.owner, 3) }))?.stalls, 1);
  },
  "renew answers for each run whether its lease is still held": async (store) => {
    await owned(store, "mine");
    await owned(store, "lost");
    await store.claim({ run: "lost", ...claimFrom(ME.owner, 1) });
    const runs = [
      { run: "mine", epoch: 1 },
      { run: "lost", epoch: 1 },
      { run: "none", epoch: 1 },
    ];
    assert.deepEqual(await store.renew({ runs, until: T + 90_000 }), [true, false, false]);
  },
  "unfinished can be asked about single runs, of any workflow": async (store) => {
    await store.createRun(newRun("a", { workflow: "ship" }));
    await store.createRun(newRun("b", { workflow: "bill", createdAt: T + 1 }));
    await waiting(store, "c", { wakeAt: T + 9_000 });
    const found = await store.unfinished({ runs: ["a", "b", "c", "none"], now: T, limit: 10 });
    assert.deepEqual(
      found.map(({ id }) => id),
      ["a", "b"],
    );
  },
  "unfinished leaves out blocked runs where that is asked for": async (store) => {
    const blocked = { error: "E", message: "m", code: "c" };
    await owned(store, "blocked");
    await store.commit([release("blocked", { status: "pending", blocked })]);
    await store.createRun(newRun("free"));
    const ids = async (filter: { readonly blocked?: boolean }) =>
      (await store.unfinished({ workflows: ["ship"], now: T, limit: 10, ...filter })).map(({ id }) => id);
    assert.deepEqual(await ids({ blocked: false }), ["free"]);
    assert.deepEqual(await ids({}), ["blocked", "free"]);
  },
};
