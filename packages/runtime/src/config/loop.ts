import type { Clock } from "./clock.ts";

interface LoopOptions {
  /** Whether there is anything to do. Without that, it ends until it is started again. */
  readonly isNeeded: () => boolean;
  /** Milliseconds until the next turn, after that many failures in a row. */
  readonly wait: (failures: number) => number;
  readonly turn: () => Promise<unknown>;
  readonly failed: (error: unknown) => void;
}

/** Does something again and again. What fails, or takes long, delays only the next turn of its own loop. */
export class Loop {
  private readonly clock: Clock;
  private readonly options: LoopOptions;
  private cancelTimer: (() => void) | undefined;
  private isStopped = false;
  /** How often in a row it has failed. */
  failures = 0;

  constructor(clock: Clock, options: LoopOptions) {
    this.clock = clock;
    this.options = options;
  }

  /** Whether `start` would begin something. */
  get isIdle(): boolean {
    return !this.cancelTimer && !this.isStopped && this.options.isNeeded();
  }

  start(): void {
    if (!this.isIdle) return;
    const { isNeeded, wait, turn, failed } = this.options;
    this.cancelTimer = this.clock.at(this.clock.now() + wait(this.failures), () => {
      void (isNeeded() ? turn() : Promise.resolve())
        .then(
          () => (this.failures = 0),
          (error: unknown) => {
            this.failures++;
            failed(error);
          },
        )
        .finally(() => {
          this.cancelTimer = undefined;
          this.start();
        });
    });
  }

  /** No turn begins from now on. */
  stop(): void {
    this.isStopped = true;
    this.cancelTimer?.();
  }
}
