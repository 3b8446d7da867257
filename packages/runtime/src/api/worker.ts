import { checkOptions, PerdureError } from "@perdure/protocol";
import { waitAfter } from "../config/backoff.ts";
import { Failing } from "../config/failing.ts";
import { revision, workflowNames } from "../definitions/registry.ts";
import type { NextRun } from "../process/claims.ts";
import { isOfTheStore } from "../process/followers.ts";
import { hintsOf } from "../process/poller.ts";
import type { Runtime } from "../process/runtime.ts";
import { schedulerOf, type Scheduler } from "../schedules/scheduler.ts";
import { checkQueueName } from "../config/flow-options.ts";
import { Lookout } from "./lookout.ts";
import { Retention } from "./prune.ts";

export interface WorkerOptions {
  /** Runs that execute at the same time. A run that only waits does not count as soon as another one needs its place. Default 10. */
  readonly concurrency?: number;
  /** Names of the workflows whose runs it resumes. Default: all that this program has loaded. */
  readonly workflows?: readonly string[];
  /** Only runs of these queues. Default: of all queues, and those without one. */
  readonly queues?: readonly string[];
  /** Whether SIGTERM and SIGINT end this program in order: attempts in flight finish (for ten seconds at most), and all runs are given back. Default false. */
  readonly signals?: boolean;
}

/** What a worker does just now. */
export interface WorkerState {
  /** Ids of the runs that it executes. */
  readonly running: readonly string[];
  readonly concurrency: number;
  /** Runs that it had no place for when it last looked: at most a hundred, or twice its concurrency. */
  readonly queued: number;
  readonly isStopped: boolean;
  /** When it last read the store without an error. */
  readonly lookedAt?: Date;
}

const DEFAULT_CONCURRENCY = 10;

/** Milliseconds after which a worker looks at blocked runs again: their code may have been deployed in another process. */
const BLOCKED_INTERVAL = 10_000;

/** Milliseconds after which a worker without room asks for it again. */
const ROOM_INTERVAL = 50;

/** Resumes the runs that need a process: pending, due, or abandoned. */
export class Worker {
  private readonly runtime: Runtime;
  private readonly concurrency: number;
  private readonly workflows: readonly string[] | undefined;
  private readonly queues: ReadonlySet<string> | undefined;
  private readonly hints: ReturnType<typeof hintsOf>;
  /** Whether the latest look found runs. */
  private hasFound = false;
  private lookedAt: number | undefined;
  private readonly lookout: Lookout;
  private readonly retention: Retention;
  private readonly scheduler: Scheduler;
  private readonly leaveScheduler: () => Promise<void>;
  private readonly taken = new Set<string>();
  private timer: (() => void) | undefined;
  private ticking: Promise<void> | undefined;
  /** Another look is wanted, soon or after the present one. */
  private isAsked = false;
  private stopped = false;
  /** When blocked runs were last looked at, and with which modules. */
  private blockedAt = -Infinity;
  private blockedRevision = -1;
  /** How often in a row the store could not be read. */
  private failures = 0;
  private readonly failing = new Failing();
  /** Milliseconds from one look to the next. */
  private interval: number;
  /** Runs that it had no place for when it last looked. */
  queued = 0;

  constructor(runtime: Runtime, options: WorkerOptions) {
    const {
      concurrency = DEFAULT_CONCURRENCY,
      workflows,
      queues,
      signals = false,
    } = checkOptions(options, { concurrency: true, workflows: true, queues: true, signals: true }, "worker()");
    queues?.forEach(checkQueueName);
    if (!(Number.isInteger(concurrency) && concurrency > 0))
      throw new PerdureError("OPTION_INVALID", {
        option: "concurrency",
        value: String(concurrency),
        expected: "a whole number from 1",
      });
    this.runtime = runtime;
    this.lookout = new Lookout(runtime);
    this.retention = new Retention(runtime);
    this.concurrency = concurrency;
    this.workflows = workflows;
    this.queues = queues && new Set(queues);
    this.interval = runtime.settings.pollInterval;
    runtime.workers.add(this);
    this.scheduler = schedulerOf(runtime);
    this.leaveScheduler = this.scheduler.join(() => this.lookSoon());
    this.hints = hintsOf(runtime, async () => {
      this.lookSoon();
      return this.hasFound;
    });
    this.hints.start();
    if (signals) closeOnSignals(runtime);
    this.loop(0);
  }

  /** How many of the runs that it has no place for it counts. */
  private get count(): number {
    return Math.max(100, 2 * this.concurrency);
  }

  /** What it does just now. */
  state(): WorkerState {
    return {
      running: [...this.taken],
      concurrency: this.concurrency,
      queued: this.queued,
      isStopped: this.stopped,
      ...(this.lookedAt !== undefined && { lookedAt: new Date(this.lookedAt) }),
    };
  }

  /** Looks for runs before the next poll: something may have become claimable. */
  lookSoon(): void {
    if (this.timer && !this.isAsked) this.loop(0);
    this.isAsked = true;
  }

  /** Whether it runs, with these options. */
  does({ concurrency = DEFAULT_CONCURRENCY, workflows, queues }: WorkerOptions): boolean {
    const named = (names: readonly string[] | undefined): string => JSON.stringify(names && [...new Set(names)].sort());
    if (this.stopped || concurrency !== this.concurrency) return false;
    return named(workflows) === named(this.workflows) && named(queues) === named(this.queues && [...this.queues]);
  }

  /** Reads the store once and begins to resume what it finds. */
  async tick(): Promise<void> {
    if (this.stopped || this.runtime.isClosed) return;
    await this.runtime.ready();
    const { claims, upkeep } = this.runtime;
    this.interval = this.runtime.settings.pollInterval;
    if (this.lookout.isQuiet) return this.retention.tick();
    this.lookout.looks();
    const { needsUpkeep } = this.lookout;
    // what fails there keeps no run waiting
    const kept = needsUpkeep ? upkeep.poll() : Promise.resolve();
    await kept.catch(() => {});
    const blocked = this.isTimeForBlocked();
    const { runs, left, outlook } = await claims.next({
      workflows: this.workflows ?? workflowNames(),
      queues: this.queues && [...this.queues],
      limit: Math.max(0, this.concurrency - this.taken.size),
      count: this.count,
      blocked: blocked ? "others" : "none",
    });
    for (const run of runs) this.take(run);
    this.queued = left;
    this.hasFound = runs.length + left > 0;
    if (left > 0) this.makeRoom(left);
    this.lookout.hasLooked(outlook, runs.length + left === 0);
    this.scheduler.told(outlook?.schedules);
    // the upkeep may make runs claimable
    if (this.lookout.needsUpkeep && !needsUpkeep) this.lookSoon();
    await this.retention.tick();
    await kept;
    this.lookedAt = this.runtime.clock.now();
  }

  /** Stops taking runs, lets the attempts in flight finish, and gives the runs back. `close()` does this too. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.hints.stop();
    this.timer?.();
    await this.leaveScheduler();
    await this.ticking;
    this.queued = 0;
    await this.runtime.runs.drain(this.taken);
  }

  runEnded(): void {
    this.scheduler.runEnded();
  }

  /** A blocked run is only worth a look when modules have been loaded since, or another process may have changed it. */
  private isTimeForBlocked(): boolean {
    const now = this.runtime.clock.now();
    if (this.blockedRevision === revision.count && now - this.blockedAt < BLOCKED_INTERVAL) return false;
    this.blockedAt = now;
    this.blockedRevision = revision.count;
    return true;
  }

  /** Suspends runs that only wait, for others that need their places. If there are places, these were passed over: they are looked for again soon. */
  private makeRoom(wanted: number): void {
    let suspended = 0;
    if (this.taken.size < this.concurrency) this.interval = Math.min(this.interval, ROOM_INTERVAL);
    for (const id of this.taken) {
      if (suspended === wanted) return;
      const answer = this.runtime.runs.get(id)?.suspendIfWaiting();
      if (answer === true) suspended++;
      if (answer === "soon") this.interval = Math.min(this.interval, ROOM_INTERVAL);
    }
  }

  private take({ id, begin }: NextRun): void {
    this.taken.add(id);
    begin()
      .then((isOurs) => (isOurs ? this.runtime.runs.get(id)?.ended : undefined))
      .catch((error: unknown) => {
        if (!isOfTheStore(error)) this.runtime.claims.notClaimed(id);
        this.runtime.logFailure(`run ${id} cannot be resumed`, error, { run: id });
      })
      .finally(() => {
        this.taken.delete(id);
        this.lookSoon(); // also while it looks: the place may be for a run that it has just found no place for
      });
  }

  private loop(wait: number): void {
    if (this.stopped || this.runtime.isClosed) return;
    this.timer?.();
    const { clock } = this.runtime;
    this.timer = clock.at(clock.now() + wait, () => {
      this.timer = undefined;
      this.isAsked = false;
      this.ticking = this.tick()
        .then(
          () => {
            this.failures = 0;
            this.failing.works();
          },
          (error: unknown) => {
            this.failures++;
            if (!this.runtime.isClosed && this.failing.isNews(error))
              this.runtime.logFailure("the worker cannot read the store", error);
          },
        )
        .finally(() => this.loop(this.isAsked ? 0 : waitAfter(this.failures, this.interval)));
    });
  }
}

/** Runtimes that end with the program. */
const closing = new WeakSet<Runtime>();

/** Closes the runtime at the first SIGTERM or SIGINT, and then ends the program as the signal does. A second one ends it at once. */
function closeOnSignals(runtime: Runtime): void {
  if (closing.has(runtime)) return;
  closing.add(runtime);
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.once(signal, () => {
      void runtime.close().finally(() => process.kill(process.pid, signal));
    });
}
