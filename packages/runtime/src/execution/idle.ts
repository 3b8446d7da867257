import type { Calls } from "./calls.ts";
import type { Host } from "./host.ts";
import type { RunRow } from "@perdure/store";
import { checkLatestCall } from "./sites.ts";

/** What idleness is measured on. */
interface Idler {
  readonly host: Host;
  readonly run: RunRow;
  /** Whether the run does nothing: it is active, delivers nothing, and executes no attempt. */
  readonly isQuiet: boolean;
  /** Lets the run leave memory until `wakeAt`, or until an event from outside. */
  suspend(wakeAt: number | undefined): void;
  /** The run has not ended, and has waited for something that is not durable for `stallTimeout`. */
  waitsOutside(): void;
}

/** Milliseconds for which a run with a queue may wait before it leaves memory, and so gives its slot to others. */
const WITH_SLOT = 50;

/** Milliseconds for which a run stays in memory while a step of it stands in line. */
const IN_LINE = 1_000;

/** Milliseconds for which a run whose step stands in line keeps its place of a worker: where attempts are short, it has its slot before. */
const BRIEF = 50;

/** Suspends a run that only waits and will not continue on its own for a while. Tells of one that waits for nothing durable. */
export class Idle {
  private readonly idler: Idler;
  private readonly calls: Calls;
  /** Keeps running while the run works, since a timer for each pause between two steps would cost time. When it fires, it looks at `since`. */
  private timer: (() => void) | undefined;
  private firesAt = 0;
  /** When the present wait began, by the monotonic clock; undefined while the run does something. */
  private since: number | undefined;
  /** Whether a step has stood in line. */
  private mayBeInLine = false;
  /** Whether the wait is one with no durable call pending. */
  private isOutside = false;

  constructor(idler: Idler, calls: Calls) {
    this.idler = idler;
    this.calls = calls;
  }

  /** Begins to measure, where the run does nothing now. */
  watch(): void {
    if (!this.idler.isQuiet) return;
    const isOutside = this.calls.size === 0;
    if (this.since !== undefined && isOutside === this.isOutside) return;
    this.isOutside = isOutside;
    this.since = this.idler.host.monotonic();
    this.arm(this.since + this.usualLimit);
  }

  /** The run does something. */
  interrupt(): void {
    this.since = undefined;
  }

  stop(): void {
    this.since = undefined;
    this.timer?.();
    this.timer = undefined;
  }

  /** A step has begun to stand in line: the run waits for less long. */
  standsInLine(): void {
    this.mayBeInLine = true;
    if (this.since !== undefined) this.arm(this.since + this.limit);
  }

  /** Whether the run waits for the slot of a step, and has not done so for long. */
  get isBrief(): boolean {
    const { since } = this;
    return (
      since !== undefined && this.idler.host.monotonic() - since < BRIEF && this.mayBeInLine && this.calls.isInLine
    );
  }

  /** The limit, without a look at the calls. */
  private get usualLimit(): number {
    const { host, run } = this.idler;
    const { stallTimeout, suspendAfter } = host.settings;
    if (this.isOutside) return stallTimeout;
    if (run.queue) return Math.min(suspendAfter, WITH_SLOT);
    return this.mayBeInLine ? Math.min(suspendAfter, IN_LINE) : suspendAfter;
  }

  private get limit(): number {
    const { host, run } = this.idler;
    const { stallTimeout, suspendAfter } = host.settings;
    if (this.isOutside) return stallTimeout;
    if (run.queue && (!run.queue.hold || this.calls.hasChild)) return Math.min(suspendAfter, WITH_SLOT);
    return this.calls.isInLine ? Math.min(suspendAfter, IN_LINE) : suspendAfter;
  }

  private arm(time: number): void {
    if (this.timer && this.firesAt <= time) return;
    this.timer?.();
    this.firesAt = time;
    const { host } = this.idler;
    this.timer = host.clock.at(host.clock.now() + (time - host.monotonic()), this.fired, true);
  }

  private readonly fired = (): void => {
    this.timer = undefined;
    if (this.since === undefined || !this.idler.isQuiet) return;
    const due = this.since + this.limit;
    if (this.idler.host.monotonic() < due) return this.arm(due);
    this.since = undefined;
    if (this.isOutside) this.tell();
    else this.suspendOrWatch();
  };

  private tell(): void {
    if (this.calls.size > 0) return;
    checkLatestCall(this.idler);
    if (this.idler.isQuiet) this.idler.waitsOutside();
  }

  private suspendOrWatch(): void {
    const { clock } = this.idler.host;
    const waiting = this.calls.waiting();
    const isSoon = waiting?.wakeAt !== undefined && waiting.wakeAt - clock.now() < this.limit;
    if (waiting && !isSoon) this.idler.suspend(waiting.wakeAt);
    else this.watch(); // it continues soon, or a child run is still in memory
  }
}
