import { describe, expect, test } from "vitest";
import { padded, positionOf, ticksOf, timeAt } from "../../page/src/model/axis.ts";
import { segmentsOf } from "../../page/src/model/bars.ts";
import { livesOf } from "../../page/src/model/lives.ts";
import { stepStatus } from "../../page/src/model/tree.ts";
import { stepAt } from "./steps.ts";

const parts = (...given: Parameters<typeof segmentsOf>): unknown[] =>
  segmentsOf(...given).map(({ kind, from, to, isOpen }) => `${kind} ${from}-${to}${isOpen ? " open" : ""}`);

const failures = (...times: readonly [number, number][]) =>
  times.map(([startedAt, endedAt], at) => ({ attempt: at + 1, startedAt, endedAt, error: "Error: busy" }));

describe("the bar of a step", () => {
  test("a task that succeeded at once is one piece", () => {
    expect(parts(stepAt("a[0]", { startedAt: 5, finishedAt: 9 }), 99)).toEqual(["work 5-9"]);
  });

  test("failed attempts and the waits between them are pieces of their own", () => {
    const step = stepAt("a[0]", {
      startedAt: 0,
      finishedAt: 100,
      attempts: 3,
      failedAttempts: failures([0, 10], [20, 30]),
      dueAt: 60,
    });
    expect(parts(step, 999)).toEqual(["failed 0-10", "backoff 10-20", "failed 20-30", "backoff 30-60", "work 60-100"]);
  });

  test("the last attempt begins at the failure before it where nothing else is known", () => {
    const step = stepAt("a[0]", { finishedAt: 50, attempts: 2, failedAttempts: failures([0, 10]) });
    expect(parts(step, 999)).toEqual(["failed 0-10", "work 10-50"]);
  });

  test("a task that failed for good ends with its last failure", () => {
    const step = stepAt("a[0]", {
      state: "failed",
      finishedAt: 30,
      attempts: 2,
      failedAttempts: failures([0, 10], [20, 30]),
    });
    expect(parts(step, 999)).toEqual(["failed 0-10", "backoff 10-20", "failed 20-30"]);
    expect(parts(stepAt("a[0]", { state: "failed", finishedAt: 30 }), 999)).toEqual(["failed 0-30"]);
  });

  test("the failure that is not among the failed attempts is the last piece", () => {
    const step = stepAt("a[0]", { state: "failed", finishedAt: 30, attempts: 2, failedAttempts: failures([0, 10]) });
    expect(parts(step, 999)).toEqual(["failed 0-10", "failed 10-30"]);
  });

  test("the bar of a running task extends until now, one that waits for an attempt is a gap until now", () => {
    expect(parts(stepAt("a[0]", { state: "open" }), 40)).toEqual(["work 0-40 open"]);
    const waiting = stepAt("a[0]", { state: "open", failedAttempts: failures([0, 10]), dueAt: 90 });
    expect(parts(waiting, 40)).toEqual(["failed 0-10", "backoff 10-40 open"]);
    expect(parts(waiting, 95)).toEqual(["failed 0-10", "backoff 10-90", "work 90-95 open"]);
  });

  test("the bar of a task in line of a queue is a gap until now", () => {
    const first = stepAt("a[0]", { state: "open", inLineOf: "mail" });
    expect(parts(first, 40)).toEqual(["backoff 0-40 open"]);
    const second = stepAt("a[0]", { state: "open", inLineOf: "mail", failedAttempts: failures([0, 10]), dueAt: 20 });
    expect(parts(second, 40)).toEqual(["failed 0-10", "backoff 10-40 open"]);
    expect([stepStatus(first), stepStatus(stepAt("a[0]", { state: "open" }))]).toEqual(["waiting", "running"]);
  });

  test("the bar of an open wait extends until now, and not beyond the time when it was due", () => {
    const sleep = stepAt("sleep[0]", { kind: "sleep", state: "open", startedAt: 10, dueAt: 50 });
    expect(parts(sleep, 30)).toEqual(["wait 10-30 open"]);
    expect(parts(sleep, 80)).toEqual(["wait 10-50 open"]);
    expect(parts(stepAt("child[0]", { kind: "child", startedAt: 1, finishedAt: 7 }), 80)).toEqual(["wait 1-7"]);
  });

  test("a clock that is behind makes no bar that goes backwards", () => {
    expect(parts(stepAt("a[0]", { state: "open", startedAt: 50 }), 40)).toEqual(["work 50-50 open"]);
    expect(parts(stepAt("s[0]", { kind: "signal", state: "open", startedAt: 50, dueAt: 20 }), 40)).toEqual([
      "wait 50-50 open",
    ]);
  });
});

describe("the lives of a run", () => {
  test("an execution without an end extends until now", () => {
    expect(livesOf([{ number: 1, startedAt: 5, end: "running" }], [], 90)).toMatchObject([
      { from: 5, to: 90, isGuessed: false },
    ]);
  });

  test("a process that died at an unknown time lived at least until the last step that it recorded", () => {
    const executions = [
      { number: 1, startedAt: 0, end: "died" as const },
      { number: 2, startedAt: 100, end: "died" as const },
      { number: 3, startedAt: 200, endedAt: 240, end: "ended" as const },
    ];
    expect(livesOf(executions, [10, 40, 210], 999)).toMatchObject([
      { from: 0, to: 40, isGuessed: true },
      { from: 100, to: 100, isGuessed: true },
      { from: 200, to: 240, isGuessed: false },
    ]);
  });
});

describe("the axis", () => {
  test("a position is a part of the width in percent", () => {
    expect(positionOf({ from: 100, to: 300 }, 150)).toBe(25);
    expect(timeAt({ from: 100, to: 300 }, 0.25)).toBe(150);
    expect(positionOf(padded({ from: 5, to: 5 }), 5)).toBe(0);
  });

  test("a short run is measured from its begin", () => {
    const origin = 1_700_000_000_123;
    const range = { from: origin, to: origin + 60_000 };
    const ticks = ticksOf(range, origin, 4);
    expect(ticks.map(({ label }) => label)).toEqual(["0 s", "15 s", "30 s", "45 s", "60 s"]);
    expect(ticks.map(({ at }) => at - origin)).toEqual([0, 15_000, 30_000, 45_000, 60_000]);
    const minutes = ticksOf({ from: origin, to: origin + 300_000 }, origin, 5);
    expect(minutes.map(({ label }) => label)).toEqual(["0:00", "1:00", "2:00", "3:00", "4:00", "5:00"]);
    const moments = ticksOf({ from: origin, to: origin + 400 }, origin, 4);
    expect(moments.map(({ label }) => label)).toEqual(["0 ms", "100 ms", "200 ms", "300 ms", "400 ms"]);
  });

  test("a long run is measured by the clock", () => {
    const from = Date.UTC(2026, 0, 1);
    const ticks = ticksOf({ from, to: from + 6 * 3_600_000 }, from, 6);
    expect(ticks.length).toBeGreaterThan(3);
    for (const { at } of ticks) expect(at % 1_800_000).toBe(0);
  });
});
