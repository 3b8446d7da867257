import { nextTurn } from "@perdure/protocol";
import { context as currentContext } from "../execution/current.ts";
import type { Execution } from "../execution/execution.ts";
import { backOff, waitAfter } from "../config/backoff.ts";
import { Failing } from "../config/failing.ts";
import { Loop } from "../config/loop.ts";
import { Hints } from "../storage/hints.ts";
import type { ProcessContext } from "./context.ts";
import type { Upkeep } from "../queues/upkeep.ts";
import type { Leases } from "./leases.ts";
import { knownOwners } from "./owner.ts";
import type { RunsInMemory } from "./runs-in-memory.ts";
import type { Waiters } from "./waiters.ts";

const ownershipOf = ({ run }: Execution): { readonly run: string; readonly epoch: number } => ({
  run: run.id,
  epoch: run.epoch,
});

/** @param look - resolves with whether it found something new */
export const hintsOf = (context: ProcessContext, look: () => Promise<boolean>): Hints =>
  new Hints({
    clock: context.clock,
    monotonic: () => context.monotonic(),
    watch: (changed) => context.watchStore(changed),
    look,
  });

/**
 * Reads what other processes wrote while runs are in memory or followed: signals, cancellations, ends and due times. Polls the store for it, and looks sooner where
 * the store tells of writes. Renews the leases of the runs as well.
 */
export class Poller {
  private readonly context: ProcessContext;
  private readonly runs: RunsInMemory;
  private readonly waiters: Waiters;
  /** Each fails on its own: a part of the store may be away. */
  private readonly parts: readonly Loop[];
  private readonly hints: Hints;
  private readonly failing = new Failing();
  /** Wakes the runs without callers that an event from outside has made due. Resolves with whether there are any. */
  wakeSleepers: (isHint: boolean) => Promise<boolean> = () => Promise.resolve(false);
  /** Runs whose deliveries are about to be read. */
  private readonly reads = new Set<string>();

  constructor(context: ProcessContext, runs: RunsInMemory, waiters: Waiters, leases: Leases, upkeep: Upkeep) {
    this.context = context;
    this.runs = runs;
    this.waiters = waiters;
    const isExecuting = (): boolean => runs.size > 0;
    const isFollowing = (): boolean => waiters.size > 0 || waiters.sleepers.size > 0;
    const isNeeded = (): boolean => isExecuting() || isFollowing() || upkeep.isNeeded;
    // while attempts in flight end, their runs stay ours, but nothing new begins
    const unlessClosed = (needs: () => boolean) => () => !context.isClosed && needs();
    this.parts = [
      this.part(isExecuting, () => leases.renewAll(runs.all())),
      this.part(isNeeded, () => upkeep.endLate()),
      this.part(isNeeded, () => upkeep.lookAtQueues()),
      this.part(unlessClosed(isExecuting), () => this.readWakeups(runs.all())),
      this.part(unlessClosed(isFollowing), () => this.wakeFollowers(false)),
      this.part(unlessClosed(isFollowing), () => this.wakeSleepers(false)),
    ];
    this.hints = hintsOf(context, () => this.look());
  }

  private part(isNeeded: () => boolean, turn: () => Promise<unknown>): Loop {
    const { clock, settings } = this.context;
    return new Loop(clock, {
      isNeeded,
      // even a store that fails for long is asked often enough to renew the leases in time
      wait: (failures) => Math.min(waitAfter(failures, settings.pollInterval), settings.lease / 3),
      turn: async () => {
        this.context.keepTime();
        await turn();
        if (this.parts.every(({ failures }) => failures === 0)) this.failing.works();
      },
      failed: (error) => {
        if (this.failing.isNews(error)) this.context.logFailure("the store cannot be read", error);
      },
    });
  }

  /** Polls from now on, unless it does already or has no reason to. */
  start(): void {
    for (const part of this.parts) {
      if (!part.isIdle) continue;
      currentContext.exit(() => {
        this.hints.start();
        part.start();
      });
    }
  }

  /** Nothing is read from now on. */
  stop(): void {
    for (const part of this.parts) part.stop();
    this.hints.stop();
  }

  /** Resolves when something of the run may have changed: in this process at once, else when another one has written, or within `pollInterval`. */
  changeOf(run: string, hasFound: boolean): Promise<void> {
    if (hasFound) this.hints.found();
    currentContext.exit(() => this.hints.start());
    const { clock, settings } = this.context;
    return this.waiters.subscribers.wait(run, clock.now() + settings.pollInterval);
  }

  /** Another process has written something. Resolves with whether that is new here. */
  private async look(): Promise<boolean> {
    const { runs, waiters } = this;
    if (this.context.isClosed) return false;
    waiters.subscribers.wakeAll();
    const looks = [runs.size > 0 && this.readWakeups(runs.all()), this.wakeFollowers(true), this.wakeSleepers(true)];
    const found = await Promise.all(looks);
    return found.includes(true);
  }

  /** Wakes the callers that follow a run which no process executes, or which has ended: perhaps in another process, between two polls. */
  private async wakeFollowers(isHint: boolean): Promise<boolean> {
    const { runs } = this.waiters;
    if (runs.length === 0) return false;
    const limit = runs.length;
    const { owners, store } = this.context;
    // that an owner has ended is no write
    const known = isHint ? {} : await knownOwners(store, owners);
    const due = await store.unfinished({ runs, limit, ...known });
    const ended = await store.listRuns({ runs, status: ["completed", "failed", "cancelled"], limit });
    for (const { id } of [...due, ...ended]) this.waiters.wake(id);
    return ended.length > 0;
  }

  /** Resolves with whether any of it is new. */
  private async readWakeups(executions: readonly Execution[]): Promise<boolean> {
    const wakeups = await this.context.store.wakeups(executions.map(ownershipOf));
    const isNew = wakeups.map(({ owned, cancel, signals }, index) => {
      const execution = executions[index];
      if (!execution?.isActive) return false;
      try {
        if (!owned) {
          execution.lose();
          return true;
        }
        const isCancelled = cancel !== undefined && execution.cancel(cancel);
        return execution.offer(signals) || isCancelled;
      } catch (error) {
        execution.stop(error);
        return true;
      }
    });
    return isNew.includes(true);
  }

  /** Reads the deliveries of one run in this turn of the event loop: once, however often it is asked for. */
  readSignalsSoon(run: string): void {
    if (this.reads.has(run)) return;
    this.reads.add(run);
    nextTurn(() => {
      this.reads.delete(run);
      void this.readSignals(run);
    });
  }

  /** Reads the deliveries of one run, again and again while the store fails. Resolves when they are read, or the run has left memory. */
  async readSignals(run: string): Promise<void> {
    const execution = this.runs.get(run);
    for (let failures = 1; execution?.isActive === true; failures++) {
      try {
        return void (await this.readWakeups([execution]));
      } catch (error) {
        this.context.logFailure("the store cannot be read", error, { run });
        await backOff(this.context.clock, failures);
      }
    }
  }
}
