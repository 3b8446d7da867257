import type { RunHead, Store } from "perdure";

const PAGE = 500;
export const UNFINISHED = ["pending", "running", "waiting"] as const;

/** All runs that have not ended. */
export async function unfinished(store: Store): Promise<RunHead[]> {
  const all: RunHead[] = [];
  for (;;) {
    const before = all.at(-1)?.id;
    const page = await store.listRuns({ status: UNFINISHED, limit: PAGE, ...(before !== undefined && { before }) });
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}
