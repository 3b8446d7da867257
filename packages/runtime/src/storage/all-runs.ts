import type { RunFilter, RunHead, RunRow, Store, UnfinishedFilter } from "@perdure/store";

/** How many runs one query of the store returns. */
export const PAGE = 1000;

/** Every run of the filter, page by page. */
export async function* allRuns(store: Store, filter: Omit<RunFilter, "limit" | "after">): AsyncGenerator<RunHead> {
  for (let after: string | undefined; ;) {
    const page = { limit: PAGE, ...(after !== undefined && { after }) };
    const rows = await store.listRuns({ ...filter, ...page });
    yield* rows;
    after = rows.at(-1)?.cursor;
    if (after === undefined) return;
  }
}

/** Every run that needs an owner, however many there are. */
export async function allUnfinished(store: Store, filter: Omit<UnfinishedFilter, "limit">): Promise<RunRow[]> {
  for (let limit = PAGE; ; limit *= 10) {
    const rows = await store.unfinished({ ...filter, limit });
    if (rows.length < limit) return rows;
  }
}
