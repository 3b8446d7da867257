import { nextTurn } from "@perdure/protocol";
import type { Clock } from "../config/clock.ts";

interface Timer {
  readonly time: number;
  readonly fn: () => void;
}

/** A clock that stands still until it is moved. */
export class TestClock implements Clock {
  private time: number;
  private readonly timers = new Set<Timer>();

  constructor(now: number = Date.UTC(2030, 0, 1)) {
    this.time = now;
  }

  now(): number {
    return this.time;
  }

  monotonic(): number {
    return this.time;
  }

  at(time: number, fn: () => void): () => void {
    const timer = { time, fn };
    this.timers.add(timer);
    if (time <= this.time) nextTurn(() => this.fire(timer));
    return () => this.timers.delete(timer);
  }

  /** Milliseconds until the next timer; undefined when there is none. */
  get untilNext(): number | undefined {
    const next = this.next();
    return next && Math.max(0, next.time - this.time);
  }

  /** Moves the clock by `duration` (milliseconds), timer by timer. Awaits `settled` before and after each timer. */
  async advance(duration: number, settled: () => Promise<void>): Promise<void> {
    const end = this.time + duration;
    await settled();
    for (let timer = this.next(); timer && timer.time <= end; timer = this.next()) {
      this.time = Math.max(this.time, timer.time);
      this.fire(timer);
      await settled();
    }
    this.time = end;
  }

  private next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.timers) if (!next || timer.time < next.time) next = timer;
    return next;
  }

  private fire(timer: Timer): void {
    if (this.timers.delete(timer)) timer.fn();
  }
}
