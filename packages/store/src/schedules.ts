import type { CreatedRun, NewRun } from "./runs.ts";
import type { Awaitable, Encoded } from "./terms.ts";

/** What becomes of a tick while an earlier run of the schedule has not ended. */
export type Overlap = "skip" | "queue" | "cancel-running" | "allow";

export interface ScheduleDefinition {
  readonly name: string;
  /** When it ticks. Only the runtime reads and writes this text. */
  readonly timing: Encoded;
  /** How ticks are treated that nobody saw in time. Only the runtime reads and writes this text. */
  readonly policy: Encoded;
  readonly overlap: Overlap;
  readonly workflow: string;
  /** File of the module that defines the workflow. */
  readonly file: string;
  readonly input: Encoded;
  readonly inputHash: string;
  /** Fingerprint of the code version that defined the schedule; `getCode` returns its modules. */
  readonly code: string;
  /** The workflow's directive defines it. */
  readonly directive?: true;
}

export interface NewSchedule extends ScheduleDefinition {
  /** The modules of `code`. */
  readonly modules: Encoded;
  /** Ticks are counted from then, if `timing` is new. */
  readonly anchor: number;
  /** The first tick after that. */
  readonly nextAt: number;
}

export interface ScheduleRow extends ScheduleDefinition {
  /** Another number after each change of the schedule. No two changes of any schedules have the same. */
  readonly revision: number;
  /** When its `timing` was defined: intervals are counted from then. */
  readonly anchor: number;
  /** Ticks up to this time have been dealt with. */
  readonly doneTo: number;
  /** When the next tick is due. Undefined: there is none. */
  readonly nextAt?: number;
  readonly paused?: true;
  /** Times of ticks that wait for the end of a run, the first one first. */
  readonly waiting: readonly number[];
  /** Time and run of the last tick that began one. */
  readonly lastAt?: number;
  readonly lastRun?: string;
  /** How many runs it has created, and how many ticks were skipped because a run had not ended. */
  readonly runs: number;
  readonly skipped: number;
  readonly createdAt: number;
}

/** Ticks that are due. */
export interface Tick {
  readonly name: string;
  /** As the caller read it. */
  readonly revision: number;
  /** What each tick would start, in order: those in `waiting`, then those that are due now. The runs are of this `schedule`, and have no lease. */
  readonly runs: readonly { readonly at: number; readonly run: NewRun }[];
  readonly doneTo: number;
  readonly nextAt?: number;
  /** The reason for runs that are cancelled. */
  readonly reason: Encoded;
}

export interface Ticked {
  readonly schedule: ScheduleRow;
  readonly runs: readonly CreatedRun[];
  /** Ids of the runs that were requested to cancel. */
  readonly cancelled: readonly string[];
}

export interface DueSchedules {
  /** The longest due first. */
  readonly due: readonly ScheduleRow[];
  /** When the next of the others is due. */
  readonly nextAt?: number;
  /** Whether ticks of any schedule wait for the end of a run. */
  readonly waiting: boolean;
}

/**
 * Schedules. A store has all of these methods or none.
 *
 * Z1 One schedule per name. `putSchedule` creates it, or replaces what is given. If `timing` stays, so do `anchor` and `nextAt`; otherwise ticks are
 *    counted from `anchor`. Pause, waiting ticks and counts stay. If nothing but `file`, `input`, `code` or `modules` differs, the revision stays (`inputHash` tells inputs apart).
 *    A definition by directive does not replace one without.
 * Z2 Each tick once: `tickSchedule` changes nothing, and returns undefined, unless the schedule has the given revision and is not paused. It creates the
 *    runs and moves `doneTo` and `nextAt` in one transition. Of any number of concurrent calls for one revision, one succeeds. A run whose id exists is attached to, and counts
 *    as begun.
 * Z3 Overlap, for each of `runs` in order, where a run of the schedule has not ended: `allow` creates it all the same; `skip` creates none; `cancel-running` requests to
 *    cancel those that have not ended, as `cancel` does, and creates it; `queue` lets the tick wait. Of ticks that wait, a later call of `tickSchedule` begins the
 *    first. Those beyond 1,000 are skipped.
 * Z4 `dueSchedules` returns the schedules that are not paused and either due, or have a tick that waits and no run that has not ended.
 * Z5 A schedule that is deleted leaves its runs as they are.
 */
export interface ScheduleStore {
  putSchedule(schedule: NewSchedule): Awaitable<ScheduleRow>;
  getSchedule(name: string): Awaitable<ScheduleRow | undefined>;
  /** All of them, by name. */
  listSchedules(): Awaitable<ScheduleRow[]>;
  /** False: there is none with this name, or none with this revision, if one is given. */
  deleteSchedule(schedule: { readonly name: string; readonly revision?: number }): Awaitable<boolean>;
  /**
   * Pauses the schedule, or lets it go on with `doneTo` and `nextAt`. Returns it as it is then. A schedule that is in that state does not change. Undefined: there is
   * none with this name and revision.
   */
  pauseSchedule(
    change: { readonly name: string; readonly revision: number } & (
      { readonly paused: true } | { readonly paused: false; readonly doneTo: number; readonly nextAt?: number }
    ),
  ): Awaitable<ScheduleRow | undefined>;
  dueSchedules(): Awaitable<DueSchedules>;
  tickSchedule(tick: Tick): Awaitable<Ticked | undefined>;
}
