import { after, type Clock } from "./clock.ts";

/** How often the store's time is read, in milliseconds. */
const SYNC_INTERVAL = 10_000;

/** By how much two clocks may run apart. */
const DRIFT = 0.001;

/**
 * The clock of the store, as far as this process knows it. A store that answers at once has the clock of this machine. The time of one behind a
 * network is read now and then, and continues with the monotonic clock in between: machines whose clocks differ, or jump, agree on it.
 */
export class StoreClock implements Clock {
  /** The clock of this process. */
  readonly own: Clock;
  readonly monotonic: () => number;
  /** The store's time at a moment of the monotonic clock, and by how much it may be wrong. */
  private known: { readonly time: number; readonly at: number; readonly error: number } | undefined;
  private askedAt = -Infinity;

  /** @param monotonic - milliseconds of a clock that only runs forward */
  constructor(own: Clock, monotonic: () => number) {
    this.own = own;
    this.monotonic = monotonic;
  }

  now(): number {
    return this.known ? Math.round(this.known.time + (this.monotonic() - this.known.at)) : this.own.now();
  }

  after(milliseconds: number, fn: () => void): () => void {
    return after(this.own, milliseconds, fn);
  }

  at(time: number, fn: () => void, background?: boolean): () => void {
    if (!this.known) return this.own.at(time, fn, background);
    let cancel: () => void;
    const arm = (): void => {
      cancel = this.own.at(this.own.now() + (time - this.now()), () => (this.now() < time ? arm() : fn()), background);
    };
    arm();
    return () => cancel();
  }

  /**
   * Reads the store's time for the first time. The answer is right to half of the time that it takes.
   * @throws what `read` throws
   */
  async begin(read: () => number | Promise<number>): Promise<void> {
    const answer = read();
    if (answer instanceof Promise) await this.learn(answer);
  }

  /** Reads it again, if the latest answer is old. If that fails, the time continues with the monotonic clock. */
  keep(read: () => number | Promise<number>): void {
    if (!this.known || this.monotonic() - this.askedAt < SYNC_INTERVAL) return;
    this.learn((async () => read())()).catch(() => {});
  }

  /** The store has just said a time: its clock shows that time, or a later one. */
  isAtLeast(time: number): void {
    if (this.known && time > this.now()) this.known = { time, at: this.monotonic(), error: this.known.error };
  }

  private async learn(answer: Promise<number>): Promise<void> {
    const before = this.monotonic();
    this.askedAt = before;
    const time = await answer;
    const at = (before + this.monotonic()) / 2;
    const error = at - before;
    const { known } = this;
    if (known) {
      const age = at - known.at;
      const doubt = known.error + age * DRIFT;
      const isJump = Math.abs(time - (known.time + age)) > error + doubt;
      if (!isJump && error > doubt) return; // what is known is more exact than an answer that took so long
    }
    this.known = { time, at, error };
  }
}
