import { openStore } from "perdure";
import { runId } from "../src/edition.ts";

/** Ids of the steps that have a checkpoint, read from the store of a dead process. */
export async function finishedSteps(storeFile: string): Promise<Set<string>> {
  const store = openStore(`sqlite:${storeFile}`);
  await store.open();
  try {
    const steps = await store.steps(runId);
    return new Set(steps.filter(({ state }) => state !== "open").map(({ id }) => id));
  } finally {
    await store.close();
  }
}
