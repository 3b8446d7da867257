import type { Attempt, Journal } from "./journal.ts";
import { PARTS, resultOf } from "./program.ts";

/** Something that could keep a process from recording what it had done. Times are those of the journal. */
export interface Disturbance {
  readonly what: string;
  /** The processes that it met. Undefined: all. */
  readonly pids: readonly number[] | undefined;
  readonly from: number;
  to: number;
}

/** Milliseconds after the end of an attempt within which it is recorded, if nothing is in the way. */
const RECORDED_WITHIN = 500;

/** What was found in a journal. Each text is a fault of the fleet. */
export interface Verdict {
  readonly faults: readonly string[];
  readonly attempts: number;
  /** Attempts that were made again, since something had happened before they were recorded. */
  readonly repeated: number;
  readonly results: number;
}

/**
 * Judges what the processes have done:
 * - An item whose successor has begun is recorded: it never begins again, whatever happens.
 * - An attempt is made again only if it was in flight while something disturbed its process, and each process has at most as many of these as places.
 * - Each result that somebody has got is the right one.
 */
export function judge(
  journal: Journal,
  disturbances: readonly Disturbance[],
  orders: number,
  placesOf: (pid: number) => number,
): Verdict {
  const faults: string[] = [];
  const justified = new Map<string, number>();
  let repeated = 0;
  let attempts = 0;
  for (let item = 0; item < orders * PARTS; item++) {
    const made = journal.attempts.get(item) ?? [];
    attempts += made.length;
    if (made.length === 0) faults.push(`item ${item} was never begun`);
    const known = recordedAt(journal, item);
    for (const [place, attempt] of made.entries()) {
      if (attempt.from > known)
        faults.push(
          `item ${item} began again ${(attempt.from - known).toFixed(1)} ms after it was known to be recorded`,
        );
      const before = made[place - 1];
      if (!before) continue;
      repeated++;
      const cause = causeOf(before, attempt, disturbances, journal);
      if (!cause)
        faults.push(`item ${item} was made again for no reason: ${describe(before)}, then ${describe(attempt)}`);
      else justified.set(cause, (justified.get(cause) ?? 0) + 1);
    }
  }
  for (const [cause, count] of justified) {
    const pid = Number(cause.split(" ")[0]);
    if (count > placesOf(pid))
      faults.push(`${count} attempts were made again, of a process with ${placesOf(pid)} places: ${cause}`);
  }
  for (const { order, role, value } of journal.results)
    if (value !== String(resultOf(order))) faults.push(`the result of order ${order} at the ${role} is ${value}`);
  for (const { order, role, value } of journal.rejections)
    faults.push(`the result of order ${order} at the ${role} was refused: ${value}`);
  return { faults, attempts, repeated, results: journal.results.length };
}

/** When it was known that the item is recorded: its order went on, or its result was there. */
function recordedAt(journal: Journal, item: number): number {
  const isLast = item % PARTS === PARTS - 1;
  return isLast ? Infinity : (journal.attempts.get(item + 1)?.[0]?.from ?? Infinity);
}

/** What happened to the process of an attempt before it was recorded, if anything did. Named by the process, so that it can be counted. */
function causeOf(
  before: Attempt,
  again: Attempt,
  disturbances: readonly Disturbance[],
  { stalls }: Journal,
): string | undefined {
  const until = Math.min(again.from, (before.to ?? Infinity) + RECORDED_WITHIN);
  const met = disturbances.find(
    ({ pids, from, to }) => (pids?.includes(before.pid) ?? true) && from <= until && to >= before.from,
  );
  if (met) return `${before.pid} ${met.what} at ${met.from}`;
  const stall = stalls.find(({ pid, from, to }) => pid === before.pid && from <= until && to >= before.from);
  return stall && `${before.pid} stood still by itself at ${stall.from}`;
}

const describe = ({ pid, from, to }: Attempt): string =>
  `by ${pid} at ${from.toFixed(0)}${to === undefined ? "" : ` for ${(to - from).toFixed(0)} ms`}`;
