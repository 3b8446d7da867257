import type { PerdureError } from "@perdure/protocol";
import type { Awaitable } from "@perdure/store";
import { backoffAfter } from "../config/backoff.ts";
import { after, type Clock } from "../config/clock.ts";
import type { Logger } from "../config/logger.ts";
import { textOf } from "../values/describe.ts";

/** Milliseconds between two reports that the store does not answer. */
const REPORT_INTERVAL = 10_000;

const UNAVAILABLE: ReadonlySet<unknown> = new Set(["STORE_UNREACHABLE", "STORE_TIMEOUT"]);

/** Whether the store could not be reached, or did not answer in time. What became of the call is not known. */
export const isUnavailable = (error: unknown): boolean =>
  error instanceof Error && "code" in error && UNAVAILABLE.has(error.code);

/** Whether the store answers, as its latest calls show. Says so in the log when that changes, and makes calls again until it does. */
export class Availability {
  private readonly name: string;
  private readonly clock: Clock;
  private readonly monotonic: () => number;
  private readonly longestWait: number;
  private readonly spread: number;
  private readonly log: Logger;
  /** When the first of the calls failed that no answer has followed. */
  private since: number | undefined;
  private reportedAt = -Infinity;
  private isReported = false;
  private isOver = false;
  private readonly waiting = new Set<() => void>();

  /**
   * @param monotonic - milliseconds of a clock that only runs forward
   * @param longestWait - milliseconds between two tries at most
   * @param spread - from 0 to 1, another one in each process: they do not all try at the same moment
   */
  constructor(
    name: string,
    clock: Clock,
    monotonic: () => number,
    { longestWait, spread, log }: { readonly longestWait: number; readonly spread: number; readonly log: Logger },
  ) {
    this.name = name;
    this.clock = clock;
    this.monotonic = monotonic;
    this.longestWait = longestWait;
    this.spread = spread;
    this.log = log;
  }

  /** Whether the latest call was answered. */
  get isAvailable(): boolean {
    return this.since === undefined;
  }

  /** The store has answered a call. */
  answered(): void {
    if (this.since === undefined) return;
    const seconds = Math.round((this.monotonic() - this.since) / 1000);
    this.since = undefined;
    for (const wake of this.waiting) wake();
    if (!this.isReported) return;
    this.isReported = false;
    this.log.warn(`the store ${this.name} answers again, after ${seconds} s`, {});
  }

  /** A call of the store failed. */
  failed(error: unknown): void {
    if (!isUnavailable(error)) return this.answered();
    const now = this.monotonic();
    this.since ??= now;
    if (this.isReported || this.isOver || now - this.reportedAt < REPORT_INTERVAL) return;
    this.isReported = true;
    this.reportedAt = now;
    const [what] = textOf(error).split("\n");
    this.log.error(`${what}. Runs continue when it answers`, { code: (error as PerdureError).code });
  }

  /**
   * Makes the call, and again while the store is not available, at growing intervals and as soon as another call is answered. The call has to be one that has
   * the same effect and answer the second time.
   * @throws what the call throws otherwise, and after `end` also what it throws while the store is not available
   */
  untilAnswered<T>(call: () => Awaitable<T>): Awaitable<T> {
    let answer: Awaitable<T>;
    try {
      answer = call();
    } catch (error) {
      return this.again(call, error);
    }
    return answer instanceof Promise ? answer.catch((error: unknown) => this.again(call, error)) : answer;
  }

  private async again<T>(call: () => Awaitable<T>, first: unknown): Promise<T> {
    let error = first;
    for (let failures = 1; ; failures++) {
      if (!isUnavailable(error) || this.isOver) throw error;
      await this.pause(failures);
      if (this.isOver) throw error;
      try {
        return await call();
      } catch (next) {
        error = next;
      }
    }
  }

  /** Waits after a failure. An answer to another call ends the wait, except for the first part of it. */
  private async pause(failures: number): Promise<void> {
    const shortest = backoffAfter(1);
    await this.wait(shortest);
    const longest = Math.min(backoffAfter(failures) * (0.5 + this.spread), this.longestWait);
    if (longest > shortest && this.since !== undefined) await this.wait(longest - shortest);
  }

  private wait(milliseconds: number): Promise<void> {
    if (this.isOver) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        cancelTimer();
        this.waiting.delete(wake);
        resolve();
      };
      const cancelTimer = after(this.clock, milliseconds, wake);
      this.waiting.add(wake);
    });
  }

  /** Nothing is tried again from now on. */
  end(): void {
    this.isOver = true;
    for (const wake of this.waiting) wake();
  }
}
