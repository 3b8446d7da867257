import type { CreatedRun, NewRun } from "../contract.ts";
import { applyTick, differs } from "../apply-tick.ts";
import type { NewSchedule, ScheduleRow, ScheduleStore } from "../schedules.ts";
import { isFinal } from "../status.ts";
import { cancel } from "./requests.ts";
import type { Memory } from "./state.ts";

interface Parts {
  readonly memory: Memory;
  readonly createRun: (run: NewRun) => CreatedRun;
  readonly time: () => number;
  readonly record: (version: { readonly code: string; readonly modules: string }) => void;
}

/** The part of the store in memory that keeps schedules. */
export function memorySchedules({ memory, createRun, record, time }: Parts): ScheduleStore {
  const { runs } = memory;
  const schedules = new Map<string, ScheduleRow>();
  let revisions = 0;

  const put = (row: Omit<ScheduleRow, "revision"> & { readonly revision?: number }): ScheduleRow => {
    const kept = { ...row, revision: row.revision ?? ++revisions };
    schedules.set(row.name, kept);
    return kept;
  };
  const unfinished = (name: string): string[] =>
    [...runs.values()].flatMap(({ row }) => (row.schedule === name && !isFinal(row.status) ? [row.id] : []));
  const current = (name: string, revision: number): ScheduleRow | undefined => {
    const row = schedules.get(name);
    return row?.revision === revision ? row : undefined;
  };

  return {
    putSchedule(given) {
      const { modules, anchor, nextAt, ...definition } = given;
      const found = schedules.get(given.name);
      if (found && !found.directive && given.directive) return found;
      record({ code: given.code, modules });
      return put(
        found ? replaced(found, given) : { ...definition, ...fresh, ...from(anchor, nextAt), createdAt: time() },
      );
    },
    getSchedule: (name) => schedules.get(name),
    listSchedules: () => [...schedules.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    deleteSchedule: ({ name, revision }) =>
      (revision === undefined || current(name, revision) !== undefined) && schedules.delete(name),
    pauseSchedule(change) {
      const row = current(change.name, change.revision);
      if (!row || (row.paused ?? false) === change.paused) return row;
      const { paused: _, nextAt: __, ...rest } = row;
      if (change.paused) return put({ ...withoutRevision(row), paused: true });
      const { doneTo, nextAt } = change;
      return put({ ...withoutRevision(rest), doneTo, ...(nextAt !== undefined && { nextAt }) });
    },
    dueSchedules() {
      const now = time();
      const active = [...schedules.values()].filter(({ paused }) => !paused);
      const isDue = ({ name, nextAt = Infinity, waiting }: ScheduleRow): boolean =>
        nextAt <= now || (waiting.length > 0 && unfinished(name).length === 0);
      const due = active
        .filter(isDue)
        .sort((a, b) => (a.nextAt ?? Infinity) - (b.nextAt ?? Infinity) || (a.name < b.name ? -1 : 1));
      const nextAt = Math.min(...active.flatMap((row) => ((row.nextAt ?? 0) > now ? [row.nextAt ?? 0] : [])));
      const waiting = active.some((row) => row.waiting.length > 0);
      return { due, waiting, ...(nextAt !== Infinity && { nextAt }) };
    },
    tickSchedule(tick) {
      const row = current(tick.name, tick.revision);
      if (!row || row.paused) return undefined;
      const { schedule, ...done } = applyTick(row, tick, {
        unfinished: () => unfinished(tick.name),
        create: createRun,
        cancel(id) {
          const run = runs.get(id);
          if (run) cancel(memory, run, tick.reason, time());
        },
      });
      return { schedule: put(withoutRevision(schedule)), ...done };
    },
  };
}

const fresh = { waiting: [], runs: 0, skipped: 0 };

const from = (
  anchor: number,
  nextAt: number,
): Pick<ScheduleRow, "anchor" | "doneTo"> & { readonly nextAt: number } => ({
  anchor,
  doneTo: anchor,
  nextAt,
});

function replaced(found: ScheduleRow, given: NewSchedule): Omit<ScheduleRow, "revision"> & { revision?: number } {
  const { modules: _, anchor, nextAt, ...definition } = given;
  const { directive: __, revision, ...rest } = found;
  return {
    ...rest,
    ...definition,
    ...(found.timing !== given.timing && from(anchor, nextAt)),
    ...(!differs(found, given) && { revision }),
  };
}

function withoutRevision({ revision: _, ...row }: ScheduleRow): Omit<ScheduleRow, "revision"> {
  return row;
}
