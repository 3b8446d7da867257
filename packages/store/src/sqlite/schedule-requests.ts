import type { CreatedRun, NewRun } from "../contract.ts";
import { applyTick, differs } from "../apply-tick.ts";
import type { NewSchedule, ScheduleRow, ScheduleStore, Tick, Ticked } from "../schedules.ts";
import type { Tables } from "./tables.ts";
import { cancel } from "./requests.ts";

interface Access {
  readonly read: <T>(work: (tables: Tables) => T) => T;
  readonly write: <T>(work: (tables: Tables) => T) => T;
  readonly time: () => number;
  readonly create: (tables: Tables, run: NewRun) => CreatedRun;
}

/** The part of the store that keeps schedules. */
export function sqliteSchedules({ read, write, create, time }: Access): ScheduleStore {
  return {
    putSchedule: (schedule) => write((tables) => put(tables, schedule, time())),
    getSchedule: (name) => read(({ schedules }) => schedules.get(name)),
    listSchedules: () => read(({ schedules }) => schedules.all()),
    deleteSchedule: ({ name, revision }) =>
      write(
        ({ schedules }) =>
          (revision === undefined || schedules.get(name)?.revision === revision) && schedules.delete(name),
      ),
    pauseSchedule: (change) => write((tables) => pause(tables, change)),
    dueSchedules: () => read(({ schedules }) => schedules.due(time())),
    tickSchedule: (given) => write((tables) => tick(tables, given, create, time())),
  };
}

function put({ schedules, codes }: Tables, given: NewSchedule, now: number): ScheduleRow {
  const { modules, anchor, nextAt, ...definition } = given;
  const found = schedules.get(given.name);
  if (found && !found.directive && given.directive) return found;
  codes.record(given.code, modules);
  const timed = { anchor, doneTo: anchor, nextAt };
  if (!found) return schedules.put({ ...definition, waiting: [], runs: 0, skipped: 0, ...timed, createdAt: now });
  const { directive: _, revision, ...kept } = found;
  return schedules.put({
    ...kept,
    ...definition,
    ...(found.timing !== given.timing && timed),
    ...(!differs(found, given) && { revision }),
  });
}

function pause({ schedules }: Tables, change: Parameters<ScheduleStore["pauseSchedule"]>[0]): ScheduleRow | undefined {
  const row = schedules.get(change.name);
  if (row?.revision !== change.revision) return undefined;
  if ((row.paused ?? false) === change.paused) return row;
  const { revision: _, paused: __, ...kept } = row;
  if (change.paused) return schedules.put({ ...kept, paused: true });
  const { nextAt: ___, ...rest } = kept;
  const { doneTo, nextAt } = change;
  return schedules.put({ ...rest, doneTo, ...(nextAt !== undefined && { nextAt }) });
}

function tick(tables: Tables, given: Tick, create: Access["create"], now: number): Ticked | undefined {
  const { schedules } = tables;
  const row = schedules.get(given.name);
  if (row?.revision !== given.revision || row.paused) return undefined;
  const { schedule, ...done } = applyTick(row, given, {
    unfinished: () => schedules.unfinished(given.name),
    create: (run) => create(tables, run),
    cancel: (run) => void cancel(tables, { run, reason: given.reason, now }),
  });
  const { revision: _, ...changed } = schedule;
  return { schedule: schedules.put(changed), ...done };
}
