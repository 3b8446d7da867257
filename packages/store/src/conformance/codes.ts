import assert from "node:assert/strict";
import { code, finish, get, newRun, owned, T, together, type Cases } from "./kit.ts";

export const codeCases: Cases = {
  "S10 creating a run records its code version, with or without a lease": async (store) => {
    assert.equal(await store.getCode("c1"), undefined);
    await store.createRun(newRun("r", { modules: '["a"]' }));
    await owned(store, "r2", { code: "c2", modules: '["b"]' });
    assert.deepEqual(
      [await store.getCode("c1"), await store.getCode("c2"), await store.getCode("c3")],
      ['["a"]', '["b"]', undefined],
    );
  },
  "S10 the first record under a fingerprint is kept": async (store) => {
    await owned(store, "r", { modules: "first" });
    await owned(store, "r2", { modules: "second" });
    assert.deepEqual(await store.commit([code("r2", { code: "c1", modules: "third" })]), [true]);
    assert.equal(await store.getCode("c1"), "first");
  },
  "S10 creating a run that already exists records no code version": async (store) => {
    await owned(store, "r");
    assert.equal((await store.createRun(newRun("r", { code: "other" }))).created, false);
    assert.equal(await store.getCode("other"), undefined);
  },
  "S10 a code write records the code version and updates the run": async (store) => {
    await owned(store, "r");
    assert.deepEqual(await store.commit([code("r", { codeSeq: 7, codeHistory: '["c1"]' })]), [true]);
    const { code: now, codeSeq, codeHistory } = await get(store, "r");
    assert.deepEqual({ now, codeSeq, codeHistory }, { now: "c2", codeSeq: 7, codeHistory: '["c1"]' });
    assert.deepEqual([await store.getCode("c1"), await store.getCode("c2")], ["[1]", "[2]"]);
  },
  "a code write replaces all code fields of the run": async (store) => {
    await owned(store, "r");
    await store.commit([code("r", { codeSeq: 7, codeHistory: "x" })]);
    await store.commit([code("r", { code: "c3" })]);
    const run = await get(store, "r");
    assert.deepEqual([run.code, run.codeSeq, "codeHistory" in run], ["c3", 0, false]);
  },
  "S4 S10 a refused code write records nothing": async (store) => {
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
  "S10 concurrently created runs of one code version record it once": async (store) => {
    const made = await together(10, (place) =>
      store.createRun(newRun(`r${place}`, { modules: `${place}`, createdAt: T + place })),
    );
    assert.ok(made.every(({ created }) => created));
    const modules = await store.getCode("c1");
    assert.ok(modules !== undefined && /^[0-9]$/u.test(modules));
  },
};
