import { LEASE, type Attempt, type Journal } from "./journal.ts";
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

/** What the fleet did wrong. */
interface Fault {
  /** The order in which it shows. */
  readonly order: number;
  readonly what: string;
}

/** What was found in a journal. */
interface Verdict {
  readonly faults: readonly Fault[];
  readonly attempts: number;
  /** Attempts that were made again, since something had happened before they were recorded. */
  readonly repeated: number;
  readonly results: number;
}

/**
 * Judges what the processes have done:
 * - An item whose successor has begun is recorded: it never begins again, whatever happens.
 * - An attempt is made again only if it was in flight while something disturbed its process, and each process has at most as many of these as places. A machine that
 *   is too busy to let its processes run, so that leases may end, is such a disturbance.
 * - Each result that somebody has got is the right one.
 */
export function judge(
  journal: Journal,
  disturbances: readonly Disturbance[],
  orders: number,
  placesOf: (pid: number) => number,
): Verdict {
  const faults: Fault[] = [];
  const made = Array.from({ length: orders * PARTS }, (_, item) => journal.attempts.get(item) ?? []);
  const causes = new Map<string, number>();
  for (const [item, attempts] of made.entries()) {
    const isWrong = (what: string): unknown =>
      faults.push({ order: Math.floor(item / PARTS), what: `item ${item} ${what}` });
    if (attempts.length === 0) isWrong("was never begun");
    const known = recordedAt(journal, item);
    for (const { from } of attempts)
      if (from > known) isWrong(`began again ${(from - known).toFixed(1)} ms after it was known to be recorded`);
    for (const [before, again] of attempts.slice(1).map((each, place) => [attempts[place] ?? each, each] as const)) {
      const cause = causeOf(before, again, disturbances, journal);
      if (cause === undefined) isWrong(`was made again for no reason: ${describe(before)}, then ${describe(again)}`);
      else causes.set(cause, (causes.get(cause) ?? 0) + 1);
      if (cause !== undefined && causes.get(cause) === placesOf(before.pid) + 1)
        isWrong(`is one more than was in flight in a process with ${placesOf(before.pid)} places: ${cause}`);
    }
  }
  for (const { order, role, value } of journal.results)
    if (value !== String(resultOf(order))) faults.push({ order, what: `its result at the ${role} is ${value}` });
  for (const { order, role, value } of journal.rejections)
    faults.push({ order, what: `its result at the ${role} was refused: ${value}` });
  const attempts = made.flat().length;
  return { faults, attempts, repeated: attempts - made.length, results: journal.results.length };
}

/** When it was known that the item is recorded: its order went on, or its result was there. */
function recordedAt(journal: Journal, item: number): number {
  const [next] = journal.attempts.get(item + 1) ?? [];
  if (item % PARTS < PARTS - 1 && next) return next.from;
  const results = journal.results.filter(({ order }) => order === Math.floor(item / PARTS));
  return Math.min(...results.map(({ at }) => at));
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
  const busy = stalls.find(
    ({ pid, from, to }) =>
      from <= until && to >= before.from - LEASE && (pid === before.pid || !isStopped(pid, from, to, disturbances)),
  );
  return busy && `${before.pid}: the machine was too busy for ${busy.pid} at ${busy.from}`;
}

/** Whether the process stood still for that time since it was stopped, not since the machine had no time for it. */
const isStopped = (pid: number, from: number, to: number, disturbances: readonly Disturbance[]): boolean =>
  disturbances.some((each) => each.pids?.includes(pid) === true && each.from <= to && each.to >= from);

const describe = ({ pid, from, to }: Attempt): string =>
  `by ${pid} at ${from.toFixed(0)}${to === undefined ? "" : ` for ${(to - from).toFixed(0)} ms`}`;
