import { expect, test } from "vitest";
import type { StepFilter } from "../src/index.ts";
import { checkpoint, newRun } from "../src/conformance/kit.ts";
import { sqliteStore } from "../src/index.ts";
import { tempFiles } from "./temp.ts";

const file = tempFiles();

test("without values, the long ones are not read", () => {
  const store = sqliteStore(file(), { durability: "normal" });
  store.open();
  for (const id of ["before", "r", "after"]) {
    store.createRun({ ...newRun(id), lease: { owner: "me", ms: 1e9 } });
    const steps = Array.from({ length: 300 }, (_, n) => checkpoint(`a[${n}]`, n + 1, { output: "x".repeat(100_000) }));
    store.commit(steps.map((row) => ({ type: "step", run: id, epoch: 1, step: row })));
  }
  /** The shortest of three times, in milliseconds. */
  const timeOf = (filter: StepFilter): number => {
    const times = [1, 2, 3].map(() => {
      const began = performance.now();
      expect(store.steps("r", filter)).toHaveLength(300);
      return performance.now() - began;
    });
    return Math.min(...times);
  };
  for (const which of [{}, { after: 0 }]) expect(timeOf({ ...which, values: false })).toBeLessThan(timeOf(which) / 3);
  store.close();
});
