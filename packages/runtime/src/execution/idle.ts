import type { Calls } from "./calls.ts";
import type { Host } from "./host.ts";
import { checkLatestCall } from "./sites.ts";

/** What idleness is measured on. */
interface Idler {
  readonly host: Host;
  /** Whether the run does nothing: it is active, delivers nothing, and executes no attempt. */
  readonly isQuiet: boolean;
  /** Lets the run leave memory until `wakeAt`, or until an event from outside. */
  suspend(wakeAt: number | undefined): void;
  /** The run has not ended, and has waited for something that is not durable for `stallTimeout`. */
  waitsOutside(): void;
}

/** Suspends a run that only waits and will not continue on its own for a while. Tells of one that waits for nothing durable. */
export class Idle {
  private readonly idler: Idler;
  private readonly calls: Calls;
  private timer: (() => void) | undefined;
  /** Whether the timer measures a wait with no durable call pending. */
  private isOutside = false;

  constructor(idler: Idler, calls: Calls) {
    this.idler = idler;
    this.calls = calls;
  }

  /** Begins to measure, where the run does nothing now. */
  watch(): void {
    if (!this.idler.isQuiet) return;
    const isOutside = this.calls.size === 0;
    if (this.timer && isOutside === this.isOutside) return;
    this.stop();
    this.isOutside = isOutside;
    const { clock, settings } = this.idler.host;
    const [wait, elapsed] = isOutside
      ? [settings.stallTimeout, () => this.tell()]
      : [settings.suspendAfter, () => this.suspendOrWatch()];
    this.timer = clock.at(clock.now() + wait, elapsed, true);
  }

  stop(): void {
    this.timer?.();
    this.timer = undefined;
  }

  private tell(): void {
    this.timer = undefined;
    if (!this.idler.isQuiet || this.calls.size > 0) return;
    checkLatestCall(this.idler);
    if (this.idler.isQuiet) this.idler.waitsOutside();
  }

  private suspendOrWatch(): void {
    this.timer = undefined;
    if (!this.idler.isQuiet) return;
    const { clock, settings } = this.idler.host;
    const waiting = this.calls.waiting();
    const isSoon = waiting?.wakeAt !== undefined && waiting.wakeAt - clock.now() < settings.suspendAfter;
    if (waiting && !isSoon) this.idler.suspend(waiting.wakeAt);
    else this.watch(); // it continues soon, or a child run is still in memory
  }
}
