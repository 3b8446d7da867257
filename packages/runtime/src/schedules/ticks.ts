import { Cron } from "croner";
import { Zone } from "./zone.ts";

/** The times at which a schedule ticks, in milliseconds since 1970. */
export interface Ticks {
  /** The first tick after this time. Undefined: there is none. */
  next(after: number): number | undefined;
  /** The last tick after `from` and up to `to`. Undefined: there is none. */
  last(from: number, to: number): number | undefined;
}

/** A tick each `every` milliseconds after `anchor`. */
export const intervalTicks = (every: number, anchor: number): Ticks => {
  const countAt = (time: number): number => Math.max(0, Math.floor((time - anchor) / every));
  return {
    next: (after) => anchor + (after < anchor ? 1 : countAt(after) + 1) * every,
    last(from, to) {
      const count = countAt(to);
      const tick = anchor + count * every;
      return count > 0 && tick > from ? tick : undefined;
    },
  };
};

const DAY = 24 * 3_600_000;
const MINUTE = 60_000;

function zoneOf(name: string): Zone {
  try {
    return new Zone(name);
  } catch (cause) {
    throw new Error(`there is no time zone ${JSON.stringify(name)}`, { cause });
  }
}

/** An hour field that names no hour. */
const EVERY_HOUR = /^(?:\*(?:\/1)?|\?|0-23)$/;

/**
 * The ticks of a cron expression in a time zone.
 *
 * croner reads the expression and finds local times; here they become times. When clocks are set forward, a local time that is left out is the time that many
 * minutes later: 2:30 becomes 3:30. When clocks are set back, a local time that comes twice counts the first time. But an expression for
 * every hour does not look at the hour: it goes on through both.
 */
export class CronTicks implements Ticks {
  /** Its times are local times, as if they were those of UTC. (With an offset instead of a time zone, it takes a thirtieth of the time.) */
  private readonly cron: Cron;
  private readonly zone: Zone;
  private readonly isEveryHour: boolean;

  /** @throws Error that says what is wrong with the expression or the time zone */
  constructor(expression: string, zone: string) {
    const fields = expression.trim().split(/\s+/);
    if (fields.length < 5 && !expression.startsWith("@"))
      throw new Error(`it has ${fields.length} of the five or six fields of a cron expression`);
    this.cron = new Cron(expression, { paused: true, utcOffset: 0, mode: "5-or-6-parts" });
    this.zone = zoneOf(zone);
    this.isEveryHour = expression === "@hourly" || EVERY_HOUR.test(fields.at(-4) ?? "");
  }

  next(after: number): number | undefined {
    return this.isEveryHour ? this.nextOfEveryHour(after) : this.nextOfDay(after);
  }

  last(from: number, to: number): number | undefined {
    for (let span = MINUTE; ; span *= 8) {
      const start = Math.max(from, to - span);
      let last: number | undefined;
      for (let tick = this.next(start); tick !== undefined && tick <= to; tick = this.next(tick)) last = tick;
      if (last !== undefined || start === from) return last;
    }
  }

  /** The first local time after this one that the expression names. */
  private nextLocal(local: number): number | undefined {
    return this.cron.nextRun(new Date(local))?.getTime();
  }

  /** Between two changes of the offset, all local times that the expression names. */
  private nextOfEveryHour(after: number): number | undefined {
    for (let from = Math.floor(after) + 1; ;) {
      const offset = this.zone.offsetAt(from);
      const local = this.nextLocal(from + offset - 1);
      if (local === undefined) return undefined;
      const tick = local - offset;
      if (this.zone.offsetAt(tick) === offset) return tick;
      from = this.zone.changeBetween(from, tick);
    }
  }

  /** Each local time that the expression names, once. Local times that were left out are moved, so that their order may change. */
  private nextOfDay(after: number): number | undefined {
    let best: number | undefined;
    // begins early: after a change, ticks that were moved are still to come
    const start = after + Math.min(this.zone.offsetAt(after - DAY), this.zone.offsetAt(after));
    for (let local = this.nextLocal(start); local !== undefined; local = this.nextLocal(local)) {
      const [before, later] = [this.zone.offsetAt(local - DAY), this.zone.offsetAt(local + DAY)];
      if (best !== undefined && local - Math.max(before, later) >= best) break;
      const tick = this.timeOf(local, before, later);
      if (tick > after && tick < (best ?? Infinity)) best = tick;
    }
    return best;
  }

  /** @param before - the offset a day before, `later` that of a day later: a change lies between them, if there is one */
  private timeOf(local: number, before: number, later: number): number {
    const times = [local - before, local - later].filter((time) => this.zone.offsetAt(time) === local - time);
    return times.length === 0 ? local - before : Math.min(...times);
  }
}
