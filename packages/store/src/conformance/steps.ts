import assert from "node:assert/strict";
import type { StepKind } from "../contract.ts";
import {
  checkpoint,
  code,
  finish,
  get,
  openStep,
  OTHER,
  ME,
  owned,
  step,
  stepIds,
  T,
  together,
  type Cases,
} from "./kit.ts";

export const stepCases: Cases = {
  "S3 the writes of a batch are applied in order across several runs": async (store) => {
    await owned(store, "a");
    await owned(store, "b");
    const answers = await store.commit([
      step("a", openStep("x[0]")),
      step("b", checkpoint("x[0]", 1)),
      step("a", checkpoint("x[0]", 1)),
      code("a", { codeSeq: 1 }),
      finish("b", { at: T + 7 }),
    ]);
    assert.deepEqual(answers, [true, true, true, true, true]);
    assert.deepEqual(await store.steps("a"), [checkpoint("x[0]", 1)]);
    const [a, b] = [await get(store, "a"), await get(store, "b")];
    assert.deepEqual([a.code, a.codeSeq, a.status], ["c2", 1, "running"]);
    assert.deepEqual(
      [b.status, b.output, b.updatedAt, "owner" in b, "leaseUntil" in b],
      ["completed", '"done"', T + 7, false, false],
    );
  },
  "the end and the release of an imported run have the times that they had where it comes from": async (store) => {
    await owned(store, "ended");
    await owned(store, "released");
    const at = T - 5_000;
    const end = { type: "finish", status: "completed", output: "1", unhandled: [], at } as const;
    const release = { type: "release", status: "pending", at } as const;
    await store.store.commit([
      { ...end, run: "ended", epoch: 1 },
      { ...release, run: "released", epoch: 1 },
    ]);
    for (const run of ["ended", "released"]) {
      const { updatedAt, releasedAt } = await get(store, run);
      assert.deepEqual([updatedAt, releasedAt], [at, at]);
    }
  },
  "S21 a batch that is sent again under its id is done once, and has the same answers": async (store) => {
    await owned(store, "r");
    await owned(store, "other");
    await store.commit([step("r", checkpoint("x[0]", 1)), step("r", checkpoint("x[0]", 2))], "first");
    assert.deepEqual(
      await store.commit([step("r", checkpoint("x[0]", 1)), step("r", checkpoint("x[0]", 2))], "first"),
      [true, false],
    );
    for (const batch of ["second", "third"]) {
      const checkpoints = [step("r", checkpoint("y[0]", 2)), step("other", checkpoint("y[0]", 1))];
      for (let time = 0; time < 2; time++)
        assert.deepEqual(await store.commit(checkpoints, batch), batch === "second" ? [true, true] : [false, false]);
    }
    const last = [step("r", openStep("z[0]", { attempt: 1 })), finish("r")];
    assert.deepEqual(await store.commit(last, "last"), [true, true]);
    assert.deepEqual(await store.commit([step("other", checkpoint("z[0]", 2))], "of another run"), [true]);
    assert.deepEqual(await store.commit(last, "last"), [true, true]);
    assert.deepEqual(await stepIds(store, "r"), ["x[0]", "y[0]", "z[0]"]);
    assert.equal((await get(store, "r")).status, "completed");
  },
  "S21 the same writes without an id, or with another one, are another batch": async (store) => {
    await owned(store, "r");
    const writes = [step("r", checkpoint("x[0]", 1))];
    assert.deepEqual(await store.commit(writes, "one"), [true]);
    assert.deepEqual(await store.commit(writes, "another"), [false]);
    assert.deepEqual(await store.commit(writes), [false]);
  },
  "S3 an empty batch is accepted": async (store) => {
    assert.deepEqual(await store.commit([]), []);
  },
  "S3 concurrent batches of one owner are all applied": async (store) => {
    await owned(store, "r");
    const answers = await together(50, (place) => store.commit([step("r", checkpoint(`a[${place}]`, place + 1))]));
    assert.ok(answers.flat().every(Boolean));
    assert.deepEqual(
      await stepIds(store, "r"),
      Array.from({ length: 50 }, (_, place) => `a[${place}]`),
    );
  },
  "steps of every kind and state are read as they were written": async (store) => {
    await owned(store, "r");
    const kinds: StepKind[] = ["task", "sleep", "signal", "child", "start", "cancel"];
    const rows = [
      ...kinds.map((kind, place) =>
        checkpoint(`${kind}[0]`, place + 1, { kind, target: `t-${kind}`, location: "src/a.ts:1:2" }),
      ),
      checkpoint("failed[0]", 7, { state: "failed", attempt: 4, output: '{"error":1}', failedAttempts: "[1,2]" }),
      openStep("open[0]", {
        attempt: 2,
        dueAt: T + 5,
        output: '{"error":2}',
        failedAttempts: "[]",
        location: "src/a.ts:3:4",
      }),
    ];
    assert.ok((await store.commit(rows.map((row) => step("r", row)))).every(Boolean));
    assert.deepEqual(await store.steps("r"), rows);
  },
  "steps are returned in the order of seq, not of writing, with open steps last": async (store) => {
    await owned(store, "r");
    const rows = [
      checkpoint("c[0]", 30),
      openStep("a[0]"),
      checkpoint("b[0]", 4),
      checkpoint("z[0]", 1),
      openStep("y[0]"),
    ];
    await store.commit(rows.map((row) => step("r", row)));
    assert.deepEqual(await stepIds(store, "r"), ["z[0]", "b[0]", "c[0]", "a[0]", "y[0]"]);
  },
  "a step of one run is not visible in another": async (store) => {
    await owned(store, "r");
    await owned(store, "r2");
    assert.deepEqual(
      await store.commit([step("r", checkpoint("a[0]", 1)), step("r2", checkpoint("a[0]", 1, { output: "2" }))]),
      [true, true],
    );
    assert.equal((await store.steps("r2"))[0]?.output, "2");
  },
  "S5 writing an open step replaces all of it": async (store) => {
    await owned(store, "r");
    await store.commit([
      step(
        "r",
        openStep("a[0]", {
          dueAt: T + 1,
          target: "go",
          kind: "signal",
          location: "old",
          output: "1",
          failedAttempts: "[1]",
        }),
      ),
    ]);
    const next = openStep("a[0]", { attempt: 1 });
    assert.deepEqual(await store.commit([step("r", next)]), [true]);
    assert.deepEqual(await store.steps("r"), [next]);
    assert.deepEqual(await store.commit([step("r", checkpoint("a[0]", 1))]), [true]);
    assert.deepEqual(await store.steps("r"), [checkpoint("a[0]", 1)]);
  },
  "S5 a checkpoint is final": async (store) => {
    await owned(store, "r");
    const rows = [checkpoint("ok[0]", 1), checkpoint("bad[0]", 2, { state: "failed" })];
    await store.commit(rows.map((row) => step("r", row)));
    for (const [place, id] of ["ok[0]", "bad[0]"].entries()) {
      const again = [
        openStep(id),
        checkpoint(id, place + 1),
        checkpoint(id, 9),
        checkpoint(id, 9, { state: "failed" }),
      ];
      assert.deepEqual(await store.commit(again.map((row) => step("r", row))), [false, false, false, false]);
    }
    assert.deepEqual(await store.steps("r"), rows);
    assert.deepEqual(await store.commit([step("r", checkpoint("next[0]", 9))]), [true], "a refused write takes no seq");
  },
  "S5 a checkpoint written twice in one batch is refused the second time": async (store) => {
    await owned(store, "r");
    assert.deepEqual(await store.commit([step("r", checkpoint("a[0]", 1)), step("r", checkpoint("a[0]", 2))]), [
      true,
      false,
    ]);
    assert.deepEqual(await store.steps("r"), [checkpoint("a[0]", 1)]);
  },
  "S6 each seq is accepted once in a run, in any order": async (store) => {
    await owned(store, "r");
    const rows = [
      checkpoint("a[0]", 5),
      checkpoint("b[0]", 5),
      checkpoint("c[0]", 2),
      checkpoint("d[0]", 2),
      checkpoint("e[0]", 3),
    ];
    assert.deepEqual(await store.commit(rows.map((row) => step("r", row))), [true, false, true, false, true]);
    assert.deepEqual(await store.commit([step("r", checkpoint("f[0]", 5)), step("r", checkpoint("g[0]", 6))]), [
      false,
      true,
    ]);
    assert.deepEqual(await stepIds(store, "r"), ["c[0]", "e[0]", "a[0]", "g[0]"]);
  },
  "S6 a used seq is refused from the next owner, too": async (store) => {
    await owned(store, "r");
    await store.commit([step("r", checkpoint("a[0]", 1))]);
    await store.claim({ run: "r", lease: OTHER, now: ME.until + 1 });
    const answers = await store.commit([
      step("r", checkpoint("b[0]", 1), { epoch: 2 }),
      step("r", checkpoint("b[0]", 2), { epoch: 2 }),
    ]);
    assert.deepEqual(answers, [false, true]);
  },
  "S6 an open step stays open if it is finished under a used seq": async (store) => {
    await owned(store, "r");
    await store.commit([step("r", checkpoint("a[0]", 1)), step("r", openStep("b[0]"))]);
    assert.deepEqual(await store.commit([step("r", checkpoint("b[0]", 1))]), [false]);
    assert.deepEqual(await store.steps("r"), [checkpoint("a[0]", 1), openStep("b[0]")]);
  },
  "10,000 steps of one run are read back complete and in order": async (store) => {
    await owned(store, "r");
    const rows = Array.from({ length: 10_000 }, (_, place) => checkpoint(`for[${place}]/save[0]`, place + 1));
    for (let from = 0; from < rows.length; from += 1_000) {
      const answers = await store.commit(rows.slice(from, from + 1_000).map((row) => step("r", row)));
      assert.ok(answers.every(Boolean));
    }
    assert.deepEqual(await store.steps("r"), rows);
  },
};
