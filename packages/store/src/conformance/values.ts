import assert from "node:assert/strict";
import type { TimedStore as Store } from "./timed.ts";
import { checkpoint, code, finish, newRun, owned, step, T, type Cases } from "./kit.ts";

/** Strings that a careless store confuses, truncates or folds. */
const ODD_TEXTS = [
  "",
  " ",
  "undefined",
  "null",
  "NaN",
  "0",
  "1e3",
  "true",
  "'; DROP TABLE runs; --",
  '"quoted" \\ %_?:@$',
  "a\u0000b",
  "line\r\nbreak\t",
  "Ärger, 東京, 🚀, עברית, \u{10FFFF}",
  "e\u0301",
  "é",
  "\ufeffbom",
  "UPPER",
  "upper",
  "trailing ",
  "for[17]/shipLine[0]/chargeCard[1]",
];

async function throughEveryField(store: Store, text: string): Promise<void> {
  const { modules, ...run } = newRun("r", {
    input: text,
    inputHash: text,
    seed: text,
    code: text,
    modules: text,
    codeHistory: text,
    workflow: text,
    file: text,
    parent: text,
    tags: [text],
    trace: text,
  });
  await store.createRun({ ...run, modules, lease: { owner: text, until: T } });
  const row = checkpoint("a[0]", 1, { output: text, inputHash: text, location: text, target: text, input: text });
  await store.commit([step("r", row)]);
  await store.commit([code("r", { code: text, modules: "other", codeHistory: text })]);
  await store.deliver({ run: "r", name: text, payload: text, now: T });
  await store.cancel({ run: "r", reason: text, now: T });
  assert.deepEqual(await store.wakeups([{ run: "r", epoch: 1 }]), [
    { run: "r", owned: true, cancel: text, signals: [{ name: text, slot: 0, payload: text }] },
  ]);
  await store.commit([{ type: "progress", run: "r", epoch: 1, value: text }, finish("r", { output: text })]);
  assert.deepEqual(await store.steps("r"), [row]);
  assert.equal(await store.getCode(text), text);
  assert.deepEqual(await store.getRun("r"), {
    ...run,
    status: "completed",
    output: text,
    progress: text,
    cancel: text,
    startedAt: T,
    codeSeq: 0,
    restarts: 0,
    stalls: 0,
    epoch: 1,
    releasedAt: T + 100,
    updatedAt: T + 100,
  });
}

const roundTrips = ODD_TEXTS.map((text): [string, Cases[string]] => [
  `every text field stores any text unchanged: ${JSON.stringify(text)}`,
  (store) => throughEveryField(store, text),
]);

export const valueCases: Cases = {
  ...Object.fromEntries(roundTrips),
  "unusual ids of runs, steps and signals are all distinct": async (store) => {
    for (const id of ODD_TEXTS) await owned(store, id);
    for (const id of ODD_TEXTS) {
      const rows = ODD_TEXTS.map((stepId, place) => checkpoint(stepId, place + 1));
      assert.ok((await store.commit(rows.map((row) => step(id, row)))).every(Boolean));
      assert.deepEqual(await store.steps(id), rows);
    }
    for (const name of ODD_TEXTS) assert.equal(await store.deliver({ run: "", name, payload: name, now: T }), true);
    const [state] = await store.wakeups([{ run: "", epoch: 1 }]);
    assert.deepEqual(
      state?.signals.map(({ name }) => name),
      ODD_TEXTS,
    );
    assert.equal((await store.listRuns({ limit: 1_000 })).length, ODD_TEXTS.length);
  },
  "ids of a thousand characters are distinct if only the last character differs": async (store) => {
    const long = "x".repeat(1_000);
    await owned(store, `${long}a`);
    await owned(store, `${long}b`);
    await store.commit([step(`${long}a`, checkpoint(`${long}a`, 1)), step(`${long}a`, checkpoint(`${long}b`, 2))]);
    assert.equal((await store.steps(`${long}a`)).length, 2);
    assert.equal((await store.steps(`${long}b`)).length, 0);
  },
  "values of a megabyte are read back complete": async (store) => {
    await throughEveryField(store, "0123456789abcdé".repeat(70_000));
  },
  "times up to the year 9999 are kept to the millisecond": async (store) => {
    const late = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
    await owned(store, "r", { createdAt: late, lease: { owner: "me", until: late } });
    const row = checkpoint("a[0]", 1, { startedAt: late, finishedAt: late, dueAt: late });
    await store.commit([step("r", row)]);
    assert.deepEqual(await store.steps("r"), [row]);
    assert.deepEqual([(await store.getRun("r"))?.createdAt, (await store.getRun("r"))?.leaseUntil], [late, late]);
  },
  "times can have fractions of a millisecond": async (store) => {
    await owned(store, "r", { createdAt: T + 0.25, lease: { owner: "me", until: T + 0.5 } });
    const row = checkpoint("a[0]", 1, { startedAt: T + 0.75, finishedAt: T + 1.125, dueAt: T + 1.5 });
    await store.commit([step("r", row)]);
    assert.deepEqual(await store.steps("r"), [row]);
    assert.deepEqual(
      [(await store.getRun("r"))?.createdAt, (await store.getRun("r"))?.leaseUntil],
      [T + 0.25, T + 0.5],
    );
  },
  "a returned row does not change afterwards": async (store) => {
    const before = await owned(store, "r");
    const copy = { ...before };
    await store.commit([step("r", checkpoint("a[0]", 1)), finish("r")]);
    assert.deepEqual(before, copy);
    const steps = await store.steps("r");
    steps.length = 0;
    assert.equal((await store.steps("r")).length, 1);
  },
  "changing a row after it was written does not change the store": async (store) => {
    await owned(store, "r");
    const row = { ...checkpoint("a[0]", 1) };
    await store.commit([step("r", row)]);
    row.output = "changed";
    assert.deepEqual(await store.steps("r"), [checkpoint("a[0]", 1)]);
  },
};
