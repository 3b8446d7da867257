import type { Clock } from "../config/clock.ts";

interface RunWaiters {
  readonly workflow: string;
  readonly wakes: Set<() => void>;
}

/** Callers in this process that wait for a run to change. */
export class Waiters {
  private readonly clock: Clock;
  private readonly byRun = new Map<string, RunWaiters>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get size(): number {
    return this.byRun.size;
  }

  /** Names of the workflows of the runs that are waited for. */
  get workflows(): string[] {
    return [...new Set([...this.byRun.values()].map(({ workflow }) => workflow))];
  }

  /** Resolves when the run is woken, and at `until` (milliseconds since 1970) where that is given. */
  wait(run: string, workflow: string, until: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const waiters = this.byRun.get(run) ?? { workflow, wakes: new Set() };
      this.byRun.set(run, waiters);
      const wake = (): void => {
        cancelTimer?.();
        waiters.wakes.delete(wake);
        if (waiters.wakes.size === 0) this.byRun.delete(run);
        resolve();
      };
      const cancelTimer = until === undefined ? undefined : this.clock.at(until, wake);
      waiters.wakes.add(wake);
    });
  }

  wake(run: string): void {
    for (const wake of this.byRun.get(run)?.wakes ?? []) wake();
  }

  wakeAll(): void {
    for (const run of this.byRun.keys()) this.wake(run);
  }
}
