import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock } from "perdure";
import type { Choices } from "../random-programs/choices.ts";

/** The time of the world in milliseconds. No process reads it directly. */
export interface Time {
  now: number;
}

interface Event {
  /** When it is due, in the time of the world. */
  at: number;
  readonly run: () => void;
  /** Of a timer of the wall clock: the time that it waits for. */
  readonly wall?: number;
}

const inContext = (fn: () => void): (() => void) => {
  const context = AsyncLocalStorage.snapshot();
  return () => context(fn);
};

/** What is going to happen in one process, or outside of all processes. */
export class EventLoop {
  private readonly time: Time;
  private readonly random: Choices;
  private readonly events = new Set<Event>();
  private readonly immediates: (() => void)[] = [];
  /** Until then nothing happens here: the process was paused, or its event loop is blocked. */
  pausedUntil = 0;

  constructor(time: Time, random: Choices) {
    this.time = time;
    this.random = random;
  }

  /** @returns a function that cancels the call */
  at(at: number, run: () => void, wall?: number): () => void {
    const event = { at: Math.max(at, this.time.now), run: inContext(run), ...(wall !== undefined && { wall }) };
    this.events.add(event);
    return () => this.events.delete(event);
  }

  immediate(run: () => void): void {
    this.immediates.push(inContext(run));
  }

  /** When something happens next. */
  get nextAt(): number {
    let next = this.immediates.length > 0 ? this.time.now : Infinity;
    for (const { at } of this.events) if (at < next) next = at;
    return Math.max(next, this.pausedUntil);
  }

  /** Lets one thing happen that is due: mostly the first, at times another one. */
  step(): void {
    const due = [...this.events].filter(({ at }) => at <= this.time.now).sort((a, b) => a.at - b.at);
    const isImmediate = this.immediates.length > 0 && (due.length === 0 || this.random.chance(80));
    if (isImmediate) return this.immediates.shift()?.();
    const event = due.length > 1 && this.random.chance(25) ? this.random.pick(due) : due[0];
    if (!event) return;
    this.events.delete(event);
    event.run();
  }

  /** The wall clock was set: `dueAt` says when a timer that waits for a time is due now. */
  reschedule(dueAt: (wall: number, before: number) => number): void {
    for (const event of this.events) if (event.wall !== undefined) event.at = dueAt(event.wall, event.at);
  }

  clear(): void {
    this.events.clear();
    this.immediates.length = 0;
  }
}

/** What a clock that is right shows when a world begins. */
export const START = Date.UTC(2030, 0, 1);
/** As the clock of the system: a timer looks at the wall clock once a second, and is called that much after its duration at the latest. */
const CHECK_INTERVAL = 1000;
const SET_BACK = 500;

/** The clocks of one process. The wall clock may be wrong and may be set; the other one only runs. */
export class VirtualClock implements Clock {
  private readonly time: Time;
  private readonly loop: EventLoop;
  private readonly bornAt: number;
  /** How far the wall clock is ahead of the world. */
  private ahead: number;

  constructor(time: Time, loop: EventLoop, ahead: number) {
    this.time = time;
    this.loop = loop;
    this.bornAt = time.now;
    this.ahead = ahead;
  }

  now(): number {
    return this.wallAt(this.time.now);
  }

  /** What the wall clock shows, as it is set now, at a time of the world. */
  wallAt(time: number): number {
    return START + time + this.ahead;
  }

  monotonic(): number {
    return this.time.now - this.bornAt;
  }

  at(wall: number, fn: () => void): () => void {
    return this.loop.at(Math.max(wall - START - this.ahead, this.time.now + 1), fn, wall);
  }

  after(milliseconds: number, fn: () => void): () => void {
    return this.loop.at(this.time.now + Math.max(1, milliseconds), fn);
  }

  set(by: number): void {
    this.ahead += by;
    const soon = this.time.now + CHECK_INTERVAL;
    this.loop.reschedule((wall, before) =>
      Math.min(Math.max(wall - START - this.ahead, this.time.now), by < 0 ? before + SET_BACK : Math.min(before, soon)),
    );
  }
}
