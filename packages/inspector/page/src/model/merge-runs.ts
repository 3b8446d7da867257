import type { RunItem, RunList } from "../../../src/api.ts";

/**
 * The runs that are loaded, after a part of them has been read again.
 * @param after - cursor of the run that `part` follows. Undefined: `part` is the beginning of the list
 */
export function mergeRuns(loaded: RunList, after: string | undefined, part: RunList): RunList {
  const found = after === undefined ? -1 : loaded.runs.findIndex(({ cursor }) => cursor === after);
  if (after !== undefined && found < 0) return loaded; // it has gone from the list meanwhile; the next reading begins elsewhere
  const fresh = new Set(part.runs.map(({ id }) => id));
  const isOld = ({ id }: RunItem): boolean => !fresh.has(id);
  const head = loaded.runs.slice(0, found + 1).filter(isOld);
  const tail = part.hasMore ? olderThan(loaded.runs.slice(found + 1), part.runs.at(-1)).filter(isOld) : [];
  return { runs: [...head, ...part.runs, ...tail], hasMore: tail.length === 0 ? part.hasMore : loaded.hasMore };
}

/** The runs after `last`, which may have gone from the list. */
function olderThan(runs: readonly RunItem[], last: RunItem | undefined): readonly RunItem[] {
  if (last === undefined) return runs;
  const found = runs.findIndex(({ id }) => id === last.id);
  return found < 0 ? runs.filter(({ createdAt }) => createdAt < last.createdAt) : runs.slice(found + 1);
}
