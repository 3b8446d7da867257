import type { Clock } from "../config/clock.ts";

/** Calls that wait for a run to change. */
class WaitingCalls {
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

/** Callers in this process that wait for a run to end or to need this process. */
export class Waiters extends WaitingCalls {
  /** Those that wait for whatever happens to a run. */
  readonly subscribers: WaitingCalls;
  /** Runs that have no callers here. */
  readonly sleepers: Sleepers;

  constructor(clock: Clock) {
    super(clock);
    this.subscribers = new WaitingCalls(clock);
    this.sleepers = new Sleepers(clock);
  }

  override wake(run: string): void {
    super.wake(run);
    this.subscribers.wake(run);
    this.sleepers.wake(run);
  }

  override wakeAll(): void {
    super.wakeAll();
    this.subscribers.wakeAll();
  }
}

/** Runs that this process looks after, and that wait outside of its memory with no caller here: an id and a time each, so that there may be many. */
export class Sleepers {
  private readonly clock: Clock;
  /** When each is due without an event from outside, or `Infinity`. */
  private readonly dueAt = new Map<string, number>();
  /** The recorded names of their workflows. */
  readonly workflows = new Set<string>();
  /** Called when one of them may continue. It is no longer among them then. */
  onWake: (run: string) => void = () => {};
  private timer: (() => void) | undefined;
  private firesAt = Infinity;
  private sampled: Iterator<string> | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get size(): number {
    return this.dueAt.size;
  }

  has(run: string): boolean {
    return this.dueAt.has(run);
  }

  add({
    id,
    workflow,
    wakeAt = Infinity,
  }: {
    readonly id: string;
    readonly workflow: string;
    readonly wakeAt?: number;
  }): void {
    this.dueAt.set(id, wakeAt);
    this.workflows.add(workflow);
    this.arm(wakeAt);
  }

  delete(run: string): void {
    this.dueAt.delete(run);
    if (this.size === 0) this.clear();
  }

  wake(run: string): void {
    if (!this.has(run)) return;
    this.delete(run);
    this.onWake(run);
  }

  clear(): void {
    this.dueAt.clear();
    this.workflows.clear();
    this.timer?.();
    this.timer = this.sampled = undefined;
    this.firesAt = Infinity;
  }

  /** Some of them, others at each call. */
  sample(count: number): string[] {
    const found: string[] = [];
    while (found.length < count) {
      this.sampled ??= this.dueAt.keys();
      const { value, done } = this.sampled.next() as IteratorResult<string, undefined>;
      if (done) {
        this.sampled = undefined;
        break;
      }
      found.push(value);
    }
    return found;
  }

  private arm(time: number): void {
    if (time >= this.firesAt) return;
    this.timer?.();
    this.firesAt = time;
    this.timer = this.clock.at(time, this.fired);
  }

  private readonly fired = (): void => {
    this.timer = undefined;
    this.firesAt = Infinity;
    const now = this.clock.now();
    let next = Infinity;
    for (const [run, dueAt] of this.dueAt) {
      if (dueAt <= now) this.wake(run);
      else next = Math.min(next, dueAt);
    }
    if (this.size > 0) this.arm(next);
  };
}
