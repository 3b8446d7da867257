import type { Clock } from "./clock.ts";

const FIRST_WAIT = 100;
const LONGEST_WAIT = 30_000;

/** Milliseconds to wait after that many failures in a row: they double from 100 ms to 30 s. */
export const backoffAfter = (failures: number): number => Math.min(FIRST_WAIT * 2 ** (failures - 1), LONGEST_WAIT);

/** Milliseconds to wait before the next of the tries that are otherwise made in this interval. */
export const waitAfter = (failures: number, interval: number): number =>
  failures === 0 ? interval : Math.max(interval, backoffAfter(failures));

/** Waits before the next try. */
export const backOff = (clock: Clock, failures: number): Promise<void> =>
  new Promise((resolve) => clock.at(clock.now() + backoffAfter(failures), resolve));

/** How often in a row a run failed here, how often of these it stopped, and when the next try is due. */
interface BackOff {
  readonly failures: number;
  readonly stops: number;
  readonly until: number;
}

/** The runs that failed here, which are not tried again before a while that grows with each time in a row. */
export class BackOffs {
  private readonly monotonic: () => number;
  private readonly all = new Map<string, BackOff>();

  constructor(monotonic: () => number) {
    this.monotonic = monotonic;
  }

  /** @param longest - milliseconds to wait at most */
  failed(id: string, stops: 0 | 1, longest = LONGEST_WAIT): void {
    const before = this.all.get(id) ?? { failures: 0, stops: 0 };
    const failures = before.failures + 1;
    this.all.set(id, {
      failures,
      stops: before.stops + stops,
      until: this.monotonic() + Math.min(backoffAfter(failures), longest),
    });
  }

  /** The next try is due at once. If it fails, the wait after it has grown all the same. */
  endWait(id: string): void {
    const known = this.all.get(id);
    if (known) this.all.set(id, { ...known, until: -Infinity });
  }

  end(id: string): void {
    this.all.delete(id);
  }

  stopsOf(id: string): number {
    return this.all.get(id)?.stops ?? 0;
  }

  /** Milliseconds until the next try is due. */
  waitOf(id: string): number {
    return Math.max(0, (this.all.get(id)?.until ?? -Infinity) - this.monotonic());
  }

  /** Those whose next try is not due. */
  ids(): string[] {
    return [...this.all.keys()].filter((id) => this.waitOf(id) > 0);
  }
}
