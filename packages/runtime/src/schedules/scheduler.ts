import { nextTurn, PerdureError } from "@perdure/protocol";
import type { ScheduleRow, ScheduleStore, Store } from "@perdure/store";
import { backoffAfter, waitAfter } from "../config/backoff.ts";
import { Failing } from "../config/failing.ts";
import { listeners } from "../definitions/registry.ts";
import { findWorkflow } from "../definitions/workflows.ts";
import { context } from "../execution/current.ts";
import type { Runtime } from "../process/runtime.ts";
import { catchUpOf, hasSchedules } from "./define.ts";
import { syncDirectives } from "./directives.ts";
import { dueTicks, ON_TIME } from "./due.ts";
import { scheduledRuns, scheduledRunId } from "./new-run.ts";
import { Timing, timingOf } from "./timing.ts";

/** Milliseconds between two looks at a tick that is about to be due. */
const SOON = 20;

/** Milliseconds between two looks where workers tell when there is something to see. */
const TOLD_INTERVAL = 10_000;

/** Starts the runs of schedules while a worker runs. Any number of processes may do so for one store: each tick starts one run. */
export class Scheduler {
  private readonly runtime: Runtime;
  /** Each worker that runs here, as what to call when there are runs to resume. */
  private readonly workers = new Set<() => void>();
  private cancelTimer: (() => void) | undefined;
  private looking: Promise<void> | undefined;
  /** It was asked to look while it looked. */
  private isAsked = false;
  /** Whether the directives of the loaded modules have been recorded. */
  private isSynced = false;
  /** Whether ticks wait for the end of a run. */
  private hasWaiting = false;
  /** Whether workers tell it when a schedule is due. */
  private isTold = false;
  /** How often in a row the store could not be read. */
  private failures = 0;
  private readonly failing = new Failing();
  /** Schedules whose tick failed: how often in a row, and when it is tried again, by the clock that is never set. */
  private readonly backOffs = new Map<string, { readonly failures: number; readonly until: number }>();
  /** Schedules that have been reported, since nothing here can run them. */
  private readonly reported = new Set<string>();

  constructor(runtime: Runtime) {
    this.runtime = runtime;
  }

  /**
   * Looks after schedules from now on, until the returned function is called.
   * @param started - called when there are runs to resume
   */
  join(started: () => void): () => Promise<void> {
    if (this.workers.size === 0) {
      listeners.add(this.loaded);
      this.isSynced = false;
    }
    this.workers.add(started);
    this.look();
    return async () => {
      this.workers.delete(started);
      if (this.workers.size > 0) return;
      listeners.delete(this.loaded);
      this.cancelTimer?.();
      await this.looking;
    };
  }

  /** Looks at once: a schedule has changed. */
  look(): void {
    if (this.looking) this.isAsked = true;
    else this.plan(this.runtime.clock.now());
  }

  /** A worker has asked whether a schedule is due. Undefined: the store does not tell it. */
  told(isDue: boolean | undefined): void {
    this.isTold = isDue !== undefined;
    if (isDue) this.look();
  }

  /** A run was created: the workers of this process look for it at once. */
  started(): void {
    context.exit(() => {
      for (const started of this.workers) started();
    });
  }

  /** A run of this process has ended. */
  runEnded(): void {
    if (this.hasWaiting) this.look();
  }

  private readonly loaded = (): void => {
    if (this.runtime.isClosed) listeners.delete(this.loaded);
    if (!this.isSynced || this.runtime.isClosed) return;
    this.isSynced = false;
    nextTurn(() => this.look()); // the rest of the module is evaluated first
  };

  private get isActive(): boolean {
    return this.workers.size > 0 && !this.runtime.isClosed;
  }

  private plan(at: number): void {
    this.cancelTimer?.();
    if (!this.isActive) return;
    // whatever asked for it may belong to a run
    context.exit(() => (this.cancelTimer = this.runtime.clock.at(at, this.timeHasCome)));
  }

  private readonly timeHasCome = (): void => {
    this.cancelTimer = undefined;
    this.looking = this.lookNow().then((next) => {
      this.looking = undefined;
      const now = this.runtime.clock.now();
      this.plan(this.isAsked ? now : next);
      this.isAsked = false;
    });
  };

  /** Resolves with the time of the next look. */
  private async lookNow(): Promise<number> {
    const { clock, settings } = this.runtime;
    try {
      const next = await this.tickAll();
      this.failures = 0;
      this.failing.works();
      return Math.min(next, clock.now() + (this.isTold ? TOLD_INTERVAL : settings.pollInterval));
    } catch (error) {
      this.failures++;
      if (!this.runtime.isClosed && this.failing.isNews(error))
        this.runtime.logFailure("the schedules cannot be read", error);
      return clock.now() + waitAfter(this.failures, settings.pollInterval);
    }
  }

  /** Ticks what is due. Resolves with the time at which the next one is due. */
  private async tickAll(): Promise<number> {
    if (!this.isActive) return Infinity;
    const store = await this.runtime.ready();
    if (!hasSchedules(store)) return Infinity;
    if (!this.isSynced) {
      this.isSynced = true;
      try {
        await syncDirectives(this.runtime);
      } catch (error) {
        this.isSynced = false;
        throw error;
      }
    }
    const { due, nextAt = Infinity, waiting } = await store.dueSchedules();
    this.hasWaiting = waiting;
    // by the store's clock, that has not come; the one that is known here may be a little ahead
    let next = Math.max(nextAt, this.runtime.clock.now() + SOON);
    for (const row of due) if (this.isActive) next = Math.min(next, await this.tickOrBackOff(store, row));
    return next;
  }

  /** Resolves with the time at which the schedule is due next. A schedule that fails hinders no other. */
  private async tickOrBackOff(store: Store & ScheduleStore, row: ScheduleRow): Promise<number> {
    const { clock } = this.runtime;
    const backOff = this.backOffs.get(row.name);
    const wait = backOff ? backOff.until - this.runtime.monotonic() : 0;
    if (wait > 0) return clock.now() + wait;
    try {
      const next = await this.tick(store, row);
      this.backOffs.delete(row.name);
      return next;
    } catch (error) {
      const failures = (backOff?.failures ?? 0) + 1;
      const delay = backoffAfter(failures);
      this.backOffs.set(row.name, { failures, until: this.runtime.monotonic() + delay });
      this.runtime.logFailure(`the schedule ${row.name} could not tick`, error, { schedule: row.name });
      return clock.now() + delay;
    }
  }

  private async tick(store: Store & ScheduleStore, row: ScheduleRow): Promise<number> {
    const { clock, settings, values } = this.runtime;
    const definition = findWorkflow({ name: row.workflow, file: row.file }, settings.renames);
    if (!definition?.fn) return this.missing(row);
    const now = clock.now();
    const timing = new Timing(row.name, timingOf(row.timing), row.anchor);
    const { ticks, doneTo, nextAt } = dueTicks(timing, catchUpOf(row), row.doneTo, now);
    const newRun = await scheduledRuns(this.runtime, row, definition);
    const starting = await this.startsOf(store, row);
    const runs = [...row.waiting, ...ticks].map((at, place) => ({
      at,
      run: newRun(scheduledRunId(row.name, at), place < starting),
    }));
    const reason = values.encode(`the schedule ${row.name} started its next run`, "a schedule cancels a run with");
    const { name, revision } = row;
    const done = await store.tickSchedule({
      name,
      revision,
      runs,
      doneTo,
      reason,
      ...(nextAt !== undefined && { nextAt }),
    });
    if (!done) return now; // another process was faster, or changed the schedule: what is due now?
    for (const id of done.cancelled) this.runtime.runs.get(id)?.cancel(reason);
    if (done.schedule.waiting.length > 0) this.hasWaiting = true;
    if (done.runs.length > 0 || done.cancelled.length > 0) this.started();
    return done.schedule.nextAt ?? Infinity;
  }

  /** How many of the next ticks probably start runs, for the instrumentation. */
  private async startsOf(store: Store, { name: schedule, overlap }: ScheduleRow): Promise<number> {
    if (overlap === "allow" || overlap === "cancel-running") return Infinity;
    if (!this.runtime.settings.instrumentation.onStart) return 0;
    const unfinished = await store.listRuns({ schedule, status: ["pending", "running", "waiting"], limit: 1 });
    return unfinished.length === 0 ? 1 : 0;
  }

  /** Another process may have the workflow: it is reported when none has seen the tick in time. Resolves with the time to look again. */
  private missing({ name, workflow, file, revision, nextAt = 0 }: ScheduleRow): number {
    const { clock, settings, log } = this.runtime;
    const now = clock.now();
    if (now - nextAt < ON_TIME) return Math.max(now + settings.pollInterval, nextAt + ON_TIME);
    const key = `${revision} ${name}`;
    if (!this.reported.has(key)) {
      this.reported.add(key);
      const problem = new PerdureError("SCHEDULE_NOT_LOADED", { schedule: name, workflow, file });
      log.warn(problem.message, { schedule: name, workflow, code: problem.code });
    }
    return now + settings.pollInterval;
  }
}

const schedulers = new WeakMap<Runtime, Scheduler>();

/** The one of the runtime. It does nothing until a worker joins it. */
export function schedulerOf(runtime: Runtime): Scheduler {
  const known = schedulers.get(runtime) ?? new Scheduler(runtime);
  schedulers.set(runtime, known);
  return known;
}
