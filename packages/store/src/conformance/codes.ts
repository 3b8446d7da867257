import assert from "node:assert/strict";
import { code, finish, get, newRun, owned, T, together, type Cases } from "./kit.ts";

export const codeCases: Cases = {
  "S10 a run's code is recorded with the run, whether it is born owned or not": async (store) => {
    assert.equal(await store.getCode("c1"), undefined);
    await store.createRun(newRun("r", { modules: '["a"]' }));
    await owned(store, "r2", { code: "c2", modules: '["b"]' });
    assert.deepEqual(
      [await store.getCode("c1"), await store.getCode("c2"), await store.getCode("c3")],
      ['["a"]', '["b"]', undefined],
    );
  },
  "S10 what is recorded first under a fingerprint stays": async (store) => {
    await owned(store, "r", { modules: "first" });
    await owned(store, "r2", { modules: "second" });
    assert.deepEqual(await store.commit([code("r2", { code: "c1", modules: "third" })]), [true]);
    assert.equal(await store.getCode("c1"), "first");
  },
  "S10 a run that is met records nothing": async (store) => {
    await owned(store, "r");
    assert.equal((await store.createRun(newRun("r", { code: "other" }))).created, false);
    assert.equal(await store.getCode("other"), undefined);
  },
  "S10 a write of type code records it with the run's change": async (store) => {
    await owned(store, "r");
    assert.deepEqual(await store.commit([code("r", { codeSeq: 7, codeHistory: '["c1"]' })]), [true]);
    const { code: now, codeSeq, codeHistory } = await get(store, "r");
    assert.deepEqual({ now, codeSeq, codeHistory }, { now: "c2", codeSeq: 7, codeHistory: '["c1"]' });
    assert.deepEqual([await store.getCode("c1"), await store.getCode("c2")], ["[1]", "[2]"]);
  },
  "a write of type code replaces all that the run had of it": async (store) => {
    await owned(store, "r");
    await store.commit([code("r", { codeSeq: 7, codeHistory: "x" })]);
    await store.commit([code("r", { code: "c3" })]);
    const run = await get(store, "r");
    assert.deepEqual([run.code, run.codeSeq, "codeHistory" in run], ["c3", 0, false]);
  },
  "S4 S10 a write that is refused records nothing": async (store) => {
    await owned(store, "r");
    assert.deepEqual(await store.commit([code("r", { epoch: 2 }), code("none"), finish("r"), code("r")]), [
      false,
      false,
      true,
      false,
    ]);
    assert.equal(await store.getCode("c2"), undefined);
    assert.equal((await get(store, "r")).code, "c1");
  },
  "S10 runs of one code that are created at once record it once": async (store) => {
    const made = await together(10, (place) =>
      store.createRun(newRun(`r${place}`, { modules: `${place}`, createdAt: T + place })),
    );
    assert.ok(made.every(({ created }) => created));
    const modules = await store.getCode("c1");
    assert.ok(modules !== undefined && /^[0-9]$/u.test(modules));
  },
};
