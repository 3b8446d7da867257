import type { Clock } from "../config/clock.ts";

/** Those in this process who wait for a run to change. */
export class Sleepers {
  private readonly clock: Clock;
  private readonly sleepers = new Map<string, { readonly workflow: string; readonly wakes: Set<() => void> }>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get size(): number {
    return this.sleepers.size;
  }

  /** Names of the workflows whose runs are waited for. */
  get workflows(): string[] {
    return [...new Set([...this.sleepers.values()].map(({ workflow }) => workflow))];
  }

  /** Resolves at `until`, or when the run is woken; undefined: only then. */
  sleep(run: string, workflow: string, until: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const sleepers = this.sleepers.get(run) ?? { workflow, wakes: new Set() };
      this.sleepers.set(run, sleepers);
      const wake = (): void => {
        cancel?.();
        sleepers.wakes.delete(wake);
        if (sleepers.wakes.size === 0) this.sleepers.delete(run);
        resolve();
      };
      const cancel = until === undefined ? undefined : this.clock.at(until, wake);
      sleepers.wakes.add(wake);
    });
  }

  wake(run: string): void {
    for (const wake of this.sleepers.get(run)?.wakes ?? []) wake();
  }

  wakeAll(): void {
    for (const run of this.sleepers.keys()) this.wake(run);
  }
}
