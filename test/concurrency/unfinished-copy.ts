import type { RunRow, StepRow, Store, Write } from "../../packages/store/src/contract.ts";
import { memoryStore } from "../../packages/store/src/memory/store.ts";

/** A store in which the run has made all these steps and then lost its process. */
export async function unfinishedCopy(row: RunRow, rows: readonly StepRow[]): Promise<Store> {
  const store = memoryStore();
  const { id, workflow, file, input, inputHash, code, seed, createdAt } = row;
  const { run } = await store.createRun({
    id,
    workflow,
    file,
    input,
    inputHash,
    code,
    modules: "",
    seed,
    createdAt,
    lease: { owner: "nobody", ms: 0 },
  });
  const writes = rows.map((step): Write => ({ type: "step", step, run: id, epoch: run.epoch }));
  await store.commit([...writes, { type: "release", status: "pending", at: row.updatedAt, run: id, epoch: run.epoch }]);
  return store;
}
