import assert from "node:assert/strict";
import type { TimedStore as Store } from "./timed.ts";
import {
  checkpoint,
  code,
  finish,
  get,
  ME,
  newRun,
  openStep,
  openWait,
  OTHER,
  owned,
  release,
  step,
  T,
  together,
  waiting,
  type TwoStoreCases,
} from "./kit.ts";

type Reopen = () => Promise<Store>;

async function withSecond(reopen: Reopen, run: (second: Store) => Promise<void>): Promise<void> {
  const second = await reopen();
  try {
    await run(second);
  } finally {
    await second.close();
  }
}

export const persistenceCases: TwoStoreCases = {
  "S3 a reopened store contains everything that was acknowledged": async (store, reopen) => {
    await owned(store, "r", { parent: "p" });
    await waiting(store, "w", { wakeAt: T + 5, steps: [openWait("a[0]", "go")] });
    await store.commit([step("r", checkpoint("a[0]", 1)), step("r", openStep("b[0]", { dueAt: T }))]);
    await store.deliver({ run: "r", name: "go", payload: "1", now: T });
    await store.cancel({ run: "r", reason: '"why"', now: T });
    const look = async (from: Store) => [
      await from.listRuns({}),
      await from.steps("r"),
      await from.steps("w"),
      await from.wakeups([{ run: "r", epoch: 1 }]),
      await from.getCode("c1"),
    ];
    const before = await look(store);
    await store.close();
    await withSecond(reopen, async (second) => assert.deepEqual(await look(second), before));
    await store.open();
    assert.deepEqual(await look(store), before);
  },
  "S1 S2 two stores on the same data agree on who created and who owns a run": (store, reopen) =>
    withSecond(reopen, async (second) => {
      const pick = (place: number): Store => (place % 2 === 0 ? store : second);
      const made = await together(10, (place) => pick(place).createRun(newRun("r")));
      assert.equal(made.filter(({ created }) => created).length, 1);
      const claims = await together(10, (place) =>
        pick(place).claim({ run: "r", lease: { owner: `o${place}`, until: T + 9 }, now: T }),
      );
      assert.equal(claims.filter((run) => run !== undefined).length, 1);
      assert.deepEqual(await get(store, "r"), await get(second, "r"));
    }),
  "S4 S6 an owner that lost its run to another store cannot write to it, and finds all its steps when it claims it back":
    (store, reopen) =>
      withSecond(reopen, async (second) => {
        await owned(store, "r");
        await store.commit([step("r", checkpoint("a[0]", 1))]);
        await second.claim({ run: "r", lease: OTHER, now: ME.until + 1 });
        assert.deepEqual(await second.commit([step("r", checkpoint("b[0]", 2), { epoch: 2 })]), [true]);
        assert.deepEqual(await store.commit([step("r", checkpoint("c[0]", 2)), finish("r")]), [false, false]);
        await second.commit([release("r", { epoch: 2 })]);
        assert.equal((await store.claim({ run: "r", lease: ME, now: T }))?.epoch, 3);
        const answers = await store.commit([
          step("r", checkpoint("c[0]", 2), { epoch: 3 }),
          step("r", checkpoint("c[0]", 3), { epoch: 3 }),
        ]);
        assert.deepEqual(answers, [false, true]);
        assert.deepEqual(
          (await second.steps("r")).map(({ id }) => id),
          ["a[0]", "b[0]", "c[0]"],
        );
      }),
  "S4 S6 each single checkpoint of an owner is refused once another store has taken, ended or replaced the run": (
    store,
    reopen,
  ) =>
    withSecond(reopen, async (second) => {
      for (const id of ["taken", "replaced"]) {
        await owned(store, id);
        for (const seq of [1, 2])
          assert.deepEqual(await store.commit([step(id, checkpoint(`a[${seq}]`, seq))]), [true]);
        assert.deepEqual(await store.commit([step(id, checkpoint("a[2]", 3))]), [false]);
        assert.deepEqual(await store.commit([step(id, checkpoint("b[0]", 2))]), [false]);
      }
      await second.claim({ run: "taken", lease: OTHER, now: ME.until + 1 });
      assert.deepEqual(await store.commit([step("taken", checkpoint("c[0]", 3))]), [false]);
      await second.claim({ run: "replaced", lease: OTHER, now: ME.until + 1 });
      await second.commit([finish("replaced", { epoch: 2 })]);
      assert.deepEqual(await store.commit([step("replaced", checkpoint("c[0]", 3))]), [false]);
      assert.equal(await second.delete({ run: "replaced", now: T }), true);
      await owned(second, "new");
      assert.deepEqual(await store.commit([step("replaced", checkpoint("c[0]", 3))]), [false]);
      assert.deepEqual(await second.steps("new"), []);
    }),
  "S7 a delivery through one store makes the run due in another": (store, reopen) =>
    withSecond(reopen, async (second) => {
      await owned(store, "r");
      assert.equal(await second.deliver({ run: "r", name: "go", payload: "1", now: T }), true);
      assert.equal(await store.deliver({ run: "r", name: "go", payload: "2", now: T }), true);
      const [state] = await store.wakeups([{ run: "r", epoch: 1 }]);
      assert.deepEqual(state?.signals, [
        { name: "go", slot: 0, payload: "1" },
        { name: "go", slot: 1, payload: "2" },
      ]);
    }),
  "S10 a code version recorded by one store is read and kept by another": (store, reopen) =>
    withSecond(reopen, async (second) => {
      await owned(store, "r");
      await owned(second, "r2", { modules: "late" });
      await owned(second, "r3", { code: "c2", modules: "of the second" });
      await store.commit([code("r", { modules: "late" })]);
      for (const each of [store, second])
        assert.deepEqual([await each.getCode("c1"), await each.getCode("c2")], ["[1]", "of the second"]);
    }),
  "several stores can open new data one after the other": async (_, reopen) => {
    for (let times = 0; times < 3; times++)
      await withSecond(reopen, async (second) => assert.deepEqual(await second.listRuns({}), []));
  },
};
