import { nextTurn } from "@perdure/protocol";
import { context as currentContext } from "../execution/current.ts";
import type { Execution } from "../execution/execution.ts";
import { backOff, waitAfter } from "../config/backoff.ts";
import type { ProcessContext } from "./context.ts";
import type { Upkeep } from "../queues/upkeep.ts";
import { knownOwners } from "./claims.ts";
import type { Leases } from "./leases.ts";
import type { RunsInMemory } from "./runs-in-memory.ts";
import type { Waiters } from "./waiters.ts";

const ownershipOf = ({ run }: Execution): { readonly run: string; readonly epoch: number } => ({
  run: run.id,
  epoch: run.epoch,
});

/**
 * Polls the store while runs are in memory or followed: renews their leases, and reads signals, cancellations and due times
 * that other processes wrote.
 */
export class Poller {
  private readonly context: ProcessContext;
  private readonly runs: RunsInMemory;
  private readonly waiters: Waiters;
  private readonly leases: Leases;
  private readonly upkeep: Upkeep;
  private cancelTimer: (() => void) | undefined;
  private isStopped = false;
  /** Wakes the runs without callers that an event from outside has made due. */
  wakeSleepers: () => Promise<void> = () => Promise.resolve();
  /** How often in a row a poll failed. */
  private failures = 0;
  /** Runs whose deliveries are about to be read. */
  private readonly reads = new Set<string>();

  constructor(context: ProcessContext, runs: RunsInMemory, waiters: Waiters, leases: Leases, upkeep: Upkeep) {
    this.context = context;
    this.upkeep = upkeep;
    this.runs = runs;
    this.waiters = waiters;
    this.leases = leases;
  }

  /** Polls from now on, unless it does already or has no reason to. */
  start(): void {
    if (this.cancelTimer || this.isStopped || !this.isNeeded) return;
    const { clock, settings } = this.context;
    // even a store that fails for long is asked often enough to renew the leases in time
    const wait = Math.min(waitAfter(this.failures, settings.pollInterval), settings.lease / 3);
    currentContext.exit(() => {
      this.cancelTimer = clock.at(clock.now() + wait, () => {
        void this.poll()
          .then(
            () => (this.failures = 0),
            (error: unknown) => {
              this.failures++;
              this.context.logFailure("the store cannot be read", error);
            },
          )
          .finally(() => {
            this.cancelTimer = undefined;
            this.start();
          });
      });
    });
  }

  private get isNeeded(): boolean {
    return this.runs.size > 0 || this.waiters.size > 0 || this.waiters.sleepers.size > 0 || this.upkeep.isNeeded;
  }

  /** No poll begins from now on. */
  stop(): void {
    this.isStopped = true;
    this.cancelTimer?.();
  }

  private async poll(): Promise<void> {
    this.context.keepTime();
    await this.leases.renewAll(this.runs.all());
    await this.upkeep.poll();
    if (this.context.isClosed) return; // while attempts in flight end, their runs stay ours
    if (this.runs.size > 0) await this.readWakeups(this.runs.all());
    if (this.waiters.size > 0) await this.wakeFollowers();
    if (this.waiters.sleepers.size > 0) await this.wakeSleepers();
  }

  /** Wakes the callers that follow a run which no process executes, or which has ended: perhaps in another process, between two polls. */
  private async wakeFollowers(): Promise<void> {
    const { runs } = this.waiters;
    const limit = runs.length;
    const { owners, store } = this.context;
    const due = await store.unfinished({ runs, limit, ...(await knownOwners(store, owners)) });
    const ended = await store.listRuns({ runs, status: ["completed", "failed", "cancelled"], limit });
    for (const { id } of [...due, ...ended]) this.waiters.wake(id);
  }

  private async readWakeups(executions: readonly Execution[]): Promise<void> {
    const wakeups = await this.context.store.wakeups(executions.map(ownershipOf));
    wakeups.forEach(({ owned, cancel, signals }, index) => {
      const execution = executions[index];
      if (!execution?.isActive) return;
      try {
        if (!owned) return execution.lose();
        if (cancel !== undefined) execution.cancel(cancel);
        execution.offer(signals);
      } catch (error) {
        execution.stop(error);
      }
    });
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
        return await this.readWakeups([execution]);
      } catch (error) {
        this.context.logFailure("the store cannot be read", error, { run });
        await backOff(this.context.clock, failures);
      }
    }
  }
}
