import { checkOptions, PerdureError } from "@perdure/protocol";
import type { Overlap, ScheduleRow, ScheduleStore, Store } from "@perdure/store";
import type { WorkflowDefinition } from "../definitions/definition.ts";
import { findWorkflow, workflowOf } from "../definitions/workflows.ts";
import { currentRuntime } from "../process/default-runtime.ts";
import type { Runtime } from "../process/runtime.ts";
import { catchUpOf, expressionOf, putSchedule, scheduleStore, type ScheduleOptions } from "../schedules/define.ts";
import type { CatchUp } from "../schedules/due.ts";
import { scheduledRuns, scheduledRunId } from "../schedules/new-run.ts";
import { schedulerOf } from "../schedules/scheduler.ts";
import { Timing, timingOf } from "../schedules/timing.ts";
import { Run } from "./run.ts";

/** What is recorded of a schedule. */
export interface ScheduleInfo {
  readonly name: string;
  readonly workflow: string;
  /** File of the module that defines the workflow, relative to the project's root. */
  readonly file: string;
  /** The cron expression, or `every 1h`. */
  readonly expression: string;
  /** Of a cron expression. */
  readonly timezone?: string;
  /** Milliseconds. */
  readonly jitter: number;
  readonly catchUp: CatchUp;
  readonly overlap: Overlap;
  /** `directive`: the workflow's directive defines it, `program`: a call of `schedule()`. */
  readonly from: "program" | "directive";
  /** When the next run starts. Undefined while the schedule is paused, and after the last time that its expression names. */
  readonly next?: Date;
  /** The last tick that started a run, and the id of that run. */
  readonly last?: Date;
  readonly lastRun?: string;
  readonly paused: boolean;
  /** Whether no module that is loaded here has the workflow: this process starts no runs of it. */
  readonly missing: boolean;
  /** How many runs its ticks have started. */
  readonly runs: number;
  /** How many ticks started none, because an earlier run had not ended. */
  readonly skipped: number;
  /** How many ticks wait for the end of an earlier run. */
  readonly waiting: number;
}

/** A schedule that is recorded in the store. */
export class Schedule {
  readonly name: string;
  private readonly runtime: Runtime;

  constructor(runtime: Runtime, name: string) {
    this.runtime = runtime;
    this.name = name;
  }

  /** @throws PerdureError `SCHEDULE_NOT_FOUND` */
  async info(): Promise<ScheduleInfo> {
    return infoOf(this.runtime, await this.row());
  }

  /** No tick starts a run until `resume()`, in no process, also after restarts. @throws PerdureError `SCHEDULE_NOT_FOUND` */
  pause(): Promise<void> {
    return this.change((store, { name, revision }) => store.pauseSchedule({ name, revision, paused: true }));
  }

  /** Ticks that came while it was paused start no runs. @throws PerdureError `SCHEDULE_NOT_FOUND` */
  resume(): Promise<void> {
    return this.change((store, row) => {
      const { name, revision } = row;
      const doneTo = Math.max(row.doneTo, this.runtime.clock.now());
      const nextAt = new Timing(name, timingOf(row.timing), row.anchor).dueAfter(doneTo);
      return store.pauseSchedule({ name, revision, paused: false, doneTo, ...(nextAt !== undefined && { nextAt }) });
    });
  }

  /**
   * Starts a run now, also while the schedule is paused or another run has not ended. The next tick stays as it is. A worker executes the run. It is durable when
   * this resolves.
   * @throws PerdureError `SCHEDULE_NOT_FOUND`
   */
  async trigger(): Promise<Run> {
    const store = await this.store();
    const row = await this.row();
    const newRun = await scheduledRuns(this.runtime, row, definitionOf(this.runtime, row));
    // if two come in one millisecond, or a tick does, the second is a run as well
    for (let at = this.runtime.clock.now(); ; at++) {
      const id = scheduledRunId(row.name, at);
      const { created } = await store.createRun(newRun(id));
      if (!created) continue;
      schedulerOf(this.runtime).started();
      return new Run(this.runtime, id);
    }
  }

  /** Removes it from the store. Its runs stay. @returns false when there was none */
  remove(): Promise<boolean> {
    return remove(this.runtime, this.name);
  }

  private store(): Promise<Store & ScheduleStore> {
    return scheduleStore(this.runtime);
  }

  private async row(): Promise<ScheduleRow> {
    const row = await (await this.store()).getSchedule(this.name);
    if (!row) throw new PerdureError("SCHEDULE_NOT_FOUND", { schedule: this.name });
    return row;
  }

  /** Tries again when another process has changed the schedule meanwhile. */
  private async change(
    make: (store: ScheduleStore, row: ScheduleRow) => ReturnType<ScheduleStore["pauseSchedule"]>,
  ): Promise<void> {
    const store = await this.store();
    while (!(await make(store, await this.row())));
    schedulerOf(this.runtime).look();
  }
}

/**
 * Starts a run of the workflow at each tick, as long as a worker runs in any process of the store. The schedule is durable when this resolves; it stays until
 * `unschedule(name)`. A program calls it at each start: the same definition again changes nothing, and another one replaces it. The run of a tick has the id
 * `name@2026-01-31T06:00:00.000Z`, so that any number of processes start it once.
 * @param cronOrEvery - five or six fields (`"0 6 * * *"`, with seconds `"0 0 6 * * *"`), or an interval (`"1h"`, or milliseconds), which is counted from the first call
 * @throws PerdureError `SCHEDULE_INVALID`, `NOT_COMPILED`, `NOT_A_WORKFLOW`, `OPTION_UNKNOWN`, `OPTION_INVALID`, `DURATION_INVALID`, `SCHEMA_REFUSED`,
 *   `VALUE_NOT_STORABLE`, `STORE_WITHOUT_SCHEDULES`
 */
export async function schedule<A extends unknown[]>(
  name: string,
  cronOrEvery: string | number,
  workflow: (...args: A) => Promise<unknown>,
  args: NoInfer<A>,
  options: ScheduleOptions = {},
): Promise<Schedule> {
  const definition = workflowOf(workflow);
  checkOptions(options, { timezone: true, jitter: true, catchUp: true, overlap: true }, "schedule()");
  const runtime = currentRuntime();
  await putSchedule(runtime, { name, when: cronOrEvery, definition, args, options });
  schedulerOf(runtime).look();
  return new Schedule(runtime, name);
}

/**
 * Removes the schedule from the store. Its runs stay. That of a directive comes back with the next start of a worker, unless the directive is gone.
 * @returns false when there was none
 */
export const unschedule = (name: string): Promise<boolean> => remove(currentRuntime(), name);

/** All schedules of the store, by name. */
export async function schedules(): Promise<ScheduleInfo[]> {
  const runtime = currentRuntime();
  return (await (await scheduleStore(runtime)).listSchedules()).map((row) => infoOf(runtime, row));
}

/**
 * The schedule of this name.
 * @throws PerdureError `SCHEDULE_NOT_FOUND`
 */
export async function getSchedule(name: string): Promise<Schedule> {
  const found = new Schedule(currentRuntime(), name);
  await found.info();
  return found;
}

const remove = async (runtime: Runtime, name: string): Promise<boolean> =>
  (await scheduleStore(runtime)).deleteSchedule({ name });

function infoOf(runtime: Runtime, row: ScheduleRow): ScheduleInfo {
  const spec = timingOf(row.timing);
  return {
    name: row.name,
    workflow: row.workflow,
    file: row.file,
    expression: expressionOf(spec),
    ...("cron" in spec && { timezone: spec.timezone }),
    jitter: spec.jitter,
    catchUp: catchUpOf(row),
    overlap: row.overlap,
    from: row.directive ? "directive" : "program",
    ...(row.nextAt !== undefined && !row.paused && { next: new Date(row.nextAt) }),
    ...(row.lastAt !== undefined && { last: new Date(row.lastAt) }),
    ...(row.lastRun !== undefined && { lastRun: row.lastRun }),
    paused: row.paused ?? false,
    missing: definitionOf(runtime, row) === undefined,
    runs: row.runs,
    skipped: row.skipped,
    waiting: row.waiting.length,
  };
}

function definitionOf({ settings }: Runtime, { workflow, file }: ScheduleRow): WorkflowDefinition | undefined {
  try {
    const found = findWorkflow({ name: workflow, file }, settings.renames);
    return found?.fn && found;
  } catch {
    return undefined; // several files have a workflow of this name
  }
}
