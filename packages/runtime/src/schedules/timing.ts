import { createHash } from "../crypto.ts";
import { CronTicks, intervalTicks, type Ticks } from "./ticks.ts";

/** When a schedule ticks, as it is recorded. `jitter` is the longest delay of a tick in milliseconds. */
export type TimingSpec =
  | { readonly cron: string; readonly timezone: string; readonly jitter: number }
  | { readonly every: number; readonly jitter: number };

/** The recorded text. The same times have the same text. */
export const timingText = (spec: TimingSpec): string =>
  "cron" in spec
    ? JSON.stringify({ cron: spec.cron, timezone: spec.timezone, jitter: spec.jitter })
    : JSON.stringify({ every: spec.every, jitter: spec.jitter });

export const timingOf = (text: string): TimingSpec => JSON.parse(text) as TimingSpec;

const ticksOf = (spec: TimingSpec, anchor: number): Ticks =>
  "cron" in spec ? new CronTicks(spec.cron, spec.timezone) : intervalTicks(spec.every, anchor);

/** The ticks of one schedule, and when they are due. */
export class Timing {
  readonly ticks: Ticks;
  private readonly name: string;
  private readonly jitter: number;

  /** @param anchor - when the times were defined: intervals are counted from then */
  constructor(name: string, spec: TimingSpec, anchor: number) {
    this.name = name;
    this.jitter = spec.jitter;
    this.ticks = ticksOf(spec, anchor);
  }

  /** When the tick is due: later by the jitter, the same for every process, and always before the next tick. */
  dueAt(tick: number): number {
    if (this.jitter === 0) return tick;
    const longest = Math.min(this.jitter, (this.ticks.next(tick) ?? Infinity) - tick);
    const digest = createHash("sha256").update(`${this.name}@${tick}`).digest();
    return tick + Math.floor((digest.readUInt32BE(0) / 2 ** 32) * longest);
  }

  /** When the first tick after this time is due. */
  dueAfter(time: number): number | undefined {
    const tick = this.ticks.next(time);
    return tick === undefined ? undefined : this.dueAt(tick);
  }
}
