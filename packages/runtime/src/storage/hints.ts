import { after, type Clock } from "../config/clock.ts";

/** Milliseconds between two looks at least, while they find something. */
const SHORTEST = 25;

/** Milliseconds between two looks at most, while writes are announced that do not concern this process. */
const LONGEST = 250;

interface HintsOptions {
  readonly clock: Clock;
  /** Milliseconds of a clock that only runs forward. */
  readonly monotonic: () => number;
  /** Has a function called soon after another process has written. Returns what ends that. */
  readonly watch: (changed: () => void) => () => void;
  /** Reads the store. Resolves with whether it found something new. */
  readonly look: () => Promise<boolean>;
}

/**
 * Looks at the store before the next poll when another process has written to it. In a fleet, each process hears of the writes of all: a look that finds
 * nothing doubles the time until the next one, so that they cost no more than polls at the default interval.
 */
export class Hints {
  private readonly options: HintsOptions;
  private end: (() => void) | undefined;
  private cancelTimer: (() => void) | undefined;
  private isLooking = false;
  /** Something was announced during the present look, which may have been too early to find it. */
  private isAsked = false;
  /** When the latest look began, by the monotonic clock. */
  private lookedAt = -Infinity;
  private gap = SHORTEST;

  constructor(options: HintsOptions) {
    this.options = options;
  }

  /** Listens from now on. */
  start(): void {
    this.end ??= this.options.watch(() => this.heard());
  }

  stop(): void {
    this.end?.();
    this.end = () => {};
    this.cancelTimer?.();
  }

  /** A look has found something that was not known when it ended. */
  found(): void {
    this.gap = SHORTEST;
  }

  private heard(): void {
    this.isAsked = true;
    if (this.isLooking || this.cancelTimer) return;
    const { clock, monotonic } = this.options;
    this.cancelTimer = after(clock, Math.max(0, this.lookedAt + this.gap - monotonic()), () => {
      this.cancelTimer = undefined;
      void this.look();
    });
  }

  private async look(): Promise<void> {
    const now = this.options.monotonic();
    const isQuiet = now - this.lookedAt > 2 * LONGEST;
    this.lookedAt = now;
    this.isLooking = true;
    this.isAsked = false;
    const gap = isQuiet ? SHORTEST : Math.min(2 * this.gap, LONGEST);
    try {
      this.gap = (await this.options.look()) ? SHORTEST : gap;
    } catch {
      this.gap = LONGEST; // the next poll says so
    }
    this.isLooking = false;
    if (this.isAsked) this.heard();
  }
}
