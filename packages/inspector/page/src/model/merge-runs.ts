import type { RunItem, RunList } from "../../../src/api.ts";

/**
 * The runs that are loaded, after a part of them has been read again.
 * @param before - id of the run that `part` follows. Undefined: `part` is the beginning of the list
 */
export function mergeRuns(loaded: RunList, before: string | undefined, part: RunList): RunList {
  const found = before === undefined ? -1 : loaded.runs.findIndex(({ id }) => id === before);
  if (before !== undefined && found < 0) return loaded; // it was deleted meanwhile; the next reading begins elsewhere
  const fresh = new Set(part.runs.map(({ id }) => id));
  const isOld = ({ id }: RunItem): boolean => !fresh.has(id);
  const head = loaded.runs.slice(0, found + 1).filter(isOld);
  const tail = part.hasMore ? olderThan(loaded.runs.slice(found + 1), part.runs.at(-1)).filter(isOld) : [];
  return { runs: [...head, ...part.runs, ...tail], hasMore: tail.length === 0 ? part.hasMore : loaded.hasMore };
}

/** The runs that are loaded, after one of them was found to be deleted, and the one that stood before it. */
export function withoutRun({ runs, hasMore }: RunList, id: string): { list: RunList; previous: string | undefined } {
  const previous = runs[runs.findIndex((run) => run.id === id) - 1]?.id;
  return { list: { runs: runs.filter((run) => run.id !== id), hasMore }, previous };
}

/** The runs after `last`, which may have gone from the list. */
function olderThan(runs: readonly RunItem[], last: RunItem | undefined): readonly RunItem[] {
  if (last === undefined) return runs;
  const found = runs.findIndex(({ id }) => id === last.id);
  return found < 0 ? runs.filter(({ createdAt }) => createdAt < last.createdAt) : runs.slice(found + 1);
}
