import type { ExecutionItem } from "../../../src/api.ts";

/** The part of the time axis in which one process executed the run. */
export interface Life {
  readonly number: number;
  readonly from: number;
  readonly to: number;
  readonly end: ExecutionItem["end"];
  /** Its end is a guess: the last thing that the process is known to have done. */
  readonly isGuessed: boolean;
  readonly owner: string | undefined;
}

/**
 * The lives of a run on the time axis.
 * @param ends - when steps finished, in ascending order: a process that died lived at least until it recorded the last of them
 */
export function livesOf(executions: readonly ExecutionItem[], ends: readonly number[], now: number): Life[] {
  return executions.map(({ number, startedAt, endedAt, end, owner }, at) => {
    const limit = executions[at + 1]?.startedAt ?? now;
    const isGuessed = endedAt === undefined && end !== "running";
    const guess = isGuessed ? lastBefore(ends, limit, startedAt) : limit;
    return { number, from: startedAt, to: Math.max(startedAt, endedAt ?? guess), end, isGuessed, owner };
  });
}

/** The last of the times that is not after `limit`, and at least `least`. */
function lastBefore(times: readonly number[], limit: number, least: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? Infinity) <= limit) low = middle + 1;
    else high = middle;
  }
  return Math.max(least, times[low - 1] ?? least);
}
