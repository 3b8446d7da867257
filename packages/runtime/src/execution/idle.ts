import type { Calls } from "./calls.ts";
import type { Host } from "./host.ts";

/** What idleness is measured on. */
interface Idler {
  readonly host: Host;
  /** Whether the run does nothing: it is active, delivers nothing, and executes no attempt. */
  readonly isQuiet: boolean;
  /** Lets the run leave memory until `wakeAt`, or until an event from outside. */
  suspend(wakeAt: number | undefined): void;
}

/** Suspends a run that only waits and will not continue on its own for a while. */
export class Idle {
  private readonly idler: Idler;
  private readonly calls: Calls;
  private timer: (() => void) | undefined;

  constructor(idler: Idler, calls: Calls) {
    this.idler = idler;
    this.calls = calls;
  }

  /** Begins to measure, where the run does nothing now. */
  watch(): void {
    if (this.timer || !this.idler.isQuiet || this.calls.size === 0) return;
    const { clock, settings } = this.idler.host;
    this.timer = clock.at(clock.now() + settings.suspendAfter, () => this.suspendOrWatch(), true);
  }

  stop(): void {
    this.timer?.();
    this.timer = undefined;
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
