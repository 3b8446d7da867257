import type { CreatedRun, NewRun } from "./runs.ts";
import type { ScheduleDefinition, ScheduleRow, Tick, Ticked } from "./schedules.ts";

/** How many ticks of a schedule wait at most. */
export const MOST_WAITING = 1_000;

/** What a tick does to the schedule and its runs. */
interface TickEffects {
  /** Ids of the runs of the schedule that have not ended. */
  unfinished(): string[];
  create(run: NewRun): CreatedRun;
  cancel(run: string): void;
}

/** Applies the runs of a tick under the overlap of the schedule (Z3): the same in every store. */
export function applyTick(
  schedule: ScheduleRow,
  { runs, doneTo, nextAt }: Tick,
  { unfinished, create, cancel }: TickEffects,
): Ticked & { readonly schedule: Omit<ScheduleRow, "revision"> } {
  const { nextAt: _, ...row } = schedule;
  const waiting: number[] = [];
  const begun: CreatedRun[] = [];
  const cancelled: string[] = [];
  let { skipped } = row;
  let last: Pick<ScheduleRow, "lastAt" | "lastRun"> = {};
  for (const { at, run } of runs) {
    const others = row.overlap === "allow" ? [] : unfinished().filter((id) => id !== run.id);
    if (others.length > 0 && row.overlap === "queue" && waiting.length < MOST_WAITING) {
      waiting.push(at);
    } else if (others.length > 0 && row.overlap !== "cancel-running") {
      skipped++;
    } else {
      for (const id of others) cancel(id);
      cancelled.push(...others);
      begun.push(create(run));
      last = { lastAt: at, lastRun: run.id };
    }
  }
  const created = begun.filter((each) => each.created).length;
  const after = { ...row, ...last, waiting, skipped, runs: row.runs + created, doneTo };
  return { schedule: nextAt === undefined ? after : { ...after, nextAt }, runs: begun, cancelled };
}

/** Whether a definition differs in what gives a schedule another revision (Z1). */
export const differs = (a: ScheduleDefinition, b: ScheduleDefinition): boolean =>
  a.timing !== b.timing ||
  a.policy !== b.policy ||
  a.overlap !== b.overlap ||
  a.workflow !== b.workflow ||
  a.inputHash !== b.inputHash ||
  a.directive !== b.directive;
