import type { Clock } from "perdure";
import type { Choices } from "../random-programs/choices.ts";

interface Timer {
  readonly time: number;
  readonly fn: () => void;
}

/** Time that passes from timer to timer, and stops for good when the process it belongs to is killed. */
export class VirtualClock implements Clock {
  private time: number;
  private readonly random: Choices;
  private readonly touched: () => void;
  private readonly timers = new Set<Timer>();
  private dead = false;

  /** @param touched - called whenever a timer is set */
  constructor(time: number, random: Choices, touched: () => void) {
    this.time = time;
    this.random = random;
    this.touched = touched;
  }

  now(): number {
    return this.time;
  }

  /** Leases and back-offs pass in this time too, however slow the machine is. */
  monotonic(): number {
    return this.time;
  }

  at(time: number, fn: () => void): () => void {
    const timer = { time, fn };
    if (!this.dead) this.timers.add(timer);
    this.touched();
    return () => this.timers.delete(timer);
  }

  wait(duration: number): Promise<void> {
    return new Promise((resolve) => void this.at(this.time + duration, resolve));
  }

  get idle(): boolean {
    return this.timers.size === 0;
  }

  /** Fires the next timer, one of them when there are several; at times all of that moment in one turn. False: there is none. */
  fire(): boolean {
    const time = Math.max(this.time, Math.min(...[...this.timers].map((timer) => timer.time)));
    const due = [...this.timers].filter((timer) => timer.time <= time);
    if (due.length === 0) return false;
    this.time = time;
    const together = this.random.chance(30);
    for (const timer of together ? due : [this.random.pick(due)]) if (this.timers.delete(timer)) timer.fn();
    return true;
  }

  stop(): void {
    this.dead = true;
    this.timers.clear();
  }
}
