import type { RunHead, Store } from "perdure";
import { allRuns } from "perdure/tools";

export const UNFINISHED = ["pending", "running", "waiting"] as const;

/** All runs that have not ended. */
export async function unfinished(store: Store): Promise<RunHead[]> {
  const all: RunHead[] = [];
  for await (const run of allRuns(store, { status: UNFINISHED })) all.push(run);
  return all;
}
