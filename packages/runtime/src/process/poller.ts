import { context as currentContext } from "../execution/current.ts";
import type { Execution } from "../execution/execution.ts";
import { PAGE } from "./claims.ts";
import type { ProcessContext } from "./context.ts";
import { owners } from "./owner.ts";
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
  private cancelTimer: (() => void) | undefined;
  private renewedAt = 0;

  constructor(context: ProcessContext, runs: RunsInMemory, waiters: Waiters) {
    this.context = context;
    this.runs = runs;
    this.waiters = waiters;
  }

  /** Polls from now on, unless it does already or has no reason to. */
  start(): void {
    if (this.cancelTimer || this.context.isClosed || (this.runs.size === 0 && this.waiters.size === 0)) return;
    const { clock, settings, log } = this.context;
    currentContext.exit(() => {
      this.cancelTimer = clock.at(clock.now() + settings.pollInterval, () => {
        void this.poll()
          .catch((error: unknown) => log.error(`the store cannot be read: ${String(error)}`, {}))
          .finally(() => {
            this.cancelTimer = undefined;
            this.start();
          });
      });
    });
  }

  stop(): void {
    this.cancelTimer?.();
  }

  private async poll(): Promise<void> {
    await this.renewLeases();
    if (this.runs.size > 0) await this.readWakeups(this.runs.all());
    if (this.waiters.size > 0) await this.wakeDueRuns();
  }

  /** Wakes the callers that follow a run which no process executes, also of workflows that only the caller can execute. */
  private async wakeDueRuns(): Promise<void> {
    const { workflows } = this.waiters;
    const now = this.context.clock.now();
    const due = await this.context.store.unfinished({ workflows, now, limit: PAGE, alive: [...owners] });
    for (const { id } of due) this.waiters.wake(id);
  }

  private async renewLeases(): Promise<void> {
    const { clock, settings, store } = this.context;
    const now = clock.now();
    if (this.runs.size === 0 || now - this.renewedAt < settings.lease / 3) return;
    await store.renew({ runs: this.runs.all().map(ownershipOf), until: now + settings.lease });
    this.renewedAt = now;
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

  /** Reads the deliveries of one run now. Never rejects. */
  async readSignals(run: string): Promise<void> {
    const execution = this.runs.get(run);
    if (!execution) return;
    await this.readWakeups([execution]).catch((error: unknown) =>
      this.context.log.error(`the store cannot be read: ${String(error)}`, { run }),
    );
  }
}
