/** When schedules tick: against another library over a year, and where clocks change. */
import { CronExpressionParser } from "cron-parser";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CronTicks, intervalTicks, type Ticks } from "../../packages/runtime/src/schedules/ticks.ts";

const HOUR = 3_600_000;
const time = (text: string): number => Date.parse(text);
const texts = (ticks: readonly number[]): string[] =>
  ticks.map((tick) => new Date(tick).toISOString().replace(":00.000Z", "Z"));

/** The ticks after `from` and up to `to`. */
function between(ticks: Ticks, from: number, to: number): number[] {
  const found: number[] = [];
  for (let tick = ticks.next(from); tick !== undefined && tick <= to; tick = ticks.next(tick)) found.push(tick);
  return found;
}

function oracle(expression: string, tz: string, from: number, to: number): number[] {
  const parsed = CronExpressionParser.parse(expression, { tz, currentDate: new Date(from) });
  const found: number[] = [];
  for (let tick = parsed.next().getTime(); tick <= to; tick = parsed.next().getTime()) found.push(tick);
  return found;
}

const EXPRESSIONS = [
  "*/30 * * * *",
  "0 * * * *",
  "30 2 * * *",
  "0 6 * * 1-5",
  "15,45 1-4 * * *",
  "0 0 1 * *",
  "0 */6 * * *",
  "20 4 31 * *",
  "0 30 12 * * 0",
  "10 0 3 */2 * *",
];

describe("a year of ticks is that of cron-parser", () => {
  const [from, to] = [time("2025-12-31T12:00:00Z"), time("2026-12-31T12:00:00Z")];
  for (const zone of ["Europe/Vienna", "America/New_York", "Asia/Kolkata"])
    test.each(EXPRESSIONS)(`${zone} %s`, (expression) => {
      const found = between(new CronTicks(expression, zone), from, to);
      expect(found.length).toBeGreaterThan(5);
      expect(texts(found)).toEqual(texts(oracle(expression, zone, from, to)));
    });
});

describe("where clocks are set forward", () => {
  const ticksOn = (expression: string, zone: string, from: string, hours: number): string[] =>
    texts(between(new CronTicks(expression, zone), time(from) - 1, time(from) + hours * HOUR));

  test("a time that is left out comes once, as much later as the clocks are set", () => {
    expect(ticksOn("30 2 * * *", "Europe/Vienna", "2026-03-28T12:00:00Z", 48)).toEqual([
      "2026-03-29T01:30Z",
      "2026-03-30T00:30Z",
    ]);
    expect(ticksOn("0 0 * * *", "Africa/Cairo", "2026-04-23T12:00:00Z", 48)).toEqual([
      "2026-04-23T22:00Z",
      "2026-04-24T21:00Z",
    ]);
  });
  test("two times that become one are one tick", () => {
    expect(ticksOn("15 2,3 * * *", "Europe/Vienna", "2026-03-29T00:00:00Z", 12)).toEqual(["2026-03-29T01:15Z"]);
  });
  test("a schedule that is defined after the change still has the tick that was moved", () => {
    const ticks = new CronTicks("30 2 * * *", "Europe/Vienna");
    expect(texts([ticks.next(time("2026-03-29T01:10:00Z")) ?? 0])).toEqual(["2026-03-29T01:30Z"]);
  });
  test("none is lost where moved times come after later ones, with a change of half an hour", () => {
    expect(ticksOn("20,35 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00Z", 12)).toEqual([
      "2026-10-03T15:35Z",
      "2026-10-03T15:50Z",
    ]);
  });
  test("every hour goes on", () => {
    expect(ticksOn("*/30 * * * *", "Europe/Vienna", "2026-03-29T00:30:00Z", 2)).toEqual(
      ["00:30", "01:00", "01:30", "02:00", "02:30"].map((each) => `2026-03-29T${each}Z`),
    );
  });
});

describe("where clocks are set back", () => {
  const ticks = (expression: string): string[] =>
    texts(
      between(new CronTicks(expression, "Europe/Vienna"), time("2026-10-24T22:59:00Z"), time("2026-10-25T02:30:00Z")),
    );

  test("a time that comes twice counts the first time", () => {
    expect(ticks("30 2 * * *")).toEqual(["2026-10-25T00:30Z"]);
    expect(ticks("0,30 2-3 * * *")).toEqual(["00:00", "00:30", "02:00", "02:30"].map((each) => `2026-10-25T${each}Z`));
  });
  test("a schedule that is defined in the second hour waits for the next day", () => {
    const next = new CronTicks("30 2 * * *", "Europe/Vienna").next(time("2026-10-25T01:10:00Z"));
    expect(texts([next ?? 0])).toEqual(["2026-10-26T01:30Z"]);
  });
  test("every hour goes on through both", () => {
    expect(ticks("0 * * * *")).toEqual([
      "2026-10-24T23:00Z",
      "2026-10-25T00:00Z",
      "2026-10-25T01:00Z",
      "2026-10-25T02:00Z",
    ]);
  });
});

describe("the last tick up to a time", () => {
  test("is the one that the next ones lead to", () => {
    const anyTime = fc.integer({ min: time("2026-01-01T00:00:00Z"), max: time("2027-01-01T00:00:00Z") });
    const cron = fc
      .tuple(fc.constantFrom(...EXPRESSIONS), fc.constantFrom("Europe/Vienna", "Australia/Lord_Howe"))
      .map(([expression, zone]): Ticks => new CronTicks(expression, zone));
    const interval = fc
      .tuple(fc.integer({ min: 60_000, max: 5 * HOUR }), anyTime)
      .map(([every, anchor]): Ticks => intervalTicks(every, anchor));
    fc.assert(
      fc.property(fc.oneof(cron, interval), anyTime, fc.nat({ max: 100 * HOUR }), (ticks, from, length) => {
        const all = between(ticks, from, from + length);
        expect(ticks.last(from, from + length)).toBe(all.at(-1));
        expect(new Set(all).size).toBe(all.length);
        expect([...all].sort((a, b) => a - b)).toEqual(all);
      }),
      { numRuns: 60 },
    );
  });
  test("is found at once, however many were missed", () => {
    const ticks = new CronTicks("* * * * * *", "Europe/Vienna");
    expect(ticks.last(0, time("2026-01-01T00:00:00.500Z"))).toBe(time("2026-01-01T00:00:00Z"));
    expect(intervalTicks(1, 0).last(0, 1e12)).toBe(1e12);
  });
});

test("intervals are counted from their definition", () => {
  const ticks = intervalTicks(HOUR, 500);
  expect([ticks.next(0), ticks.next(500), ticks.next(HOUR + 500), ticks.next(HOUR + 499)]).toEqual([
    HOUR + 500,
    HOUR + 500,
    2 * HOUR + 500,
    HOUR + 500,
  ]);
  expect([ticks.last(0, HOUR), ticks.last(0, HOUR + 500), ticks.last(HOUR + 500, HOUR + 600)]).toEqual([
    undefined,
    HOUR + 500,
    undefined,
  ]);
});
