import type { Clock } from "../config/clock.ts";

/** Callers in this process that wait for a run to change. */
export class Waiters {
  private readonly clock: Clock;
  private readonly byRun = new Map<string, Set<() => void>>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get size(): number {
    return this.byRun.size;
  }

  /** Ids of the runs that are waited for. */
  get runs(): string[] {
    return [...this.byRun.keys()];
  }

  /** Resolves when the run is woken, and at `until` (milliseconds since 1970) where that is given. */
  wait(run: string, until: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wakes = this.byRun.get(run) ?? new Set();
      this.byRun.set(run, wakes);
      const wake = (): void => {
        cancelTimer?.();
        wakes.delete(wake);
        if (wakes.size === 0) this.byRun.delete(run);
        resolve();
      };
      const cancelTimer = until === undefined ? undefined : this.clock.at(until, wake);
      wakes.add(wake);
    });
  }

  wake(run: string): void {
    for (const wake of this.byRun.get(run) ?? []) wake();
  }

  wakeAll(): void {
    for (const run of this.byRun.keys()) this.wake(run);
  }
}
