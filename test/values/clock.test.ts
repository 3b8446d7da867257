import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { programClock } from "../../packages/runtime/src/config/clock.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2030, 0, 1), toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
});
afterEach(() => void vi.useRealTimers());

/** Sets the wall clock only. */
const setClock = (by: number): void => void vi.setSystemTime(Date.now() + by);

/** How long `at` takes, in milliseconds of the monotonic clock, when `change` is made after 500 of them; undefined when it is longer than `most`. */
async function waitOf(wait: number, change: number, most: number): Promise<number | undefined> {
  const begun = performance.now();
  let ended: number | undefined;
  const cancel = programClock.at(Date.now() + wait, () => (ended = performance.now() - begun));
  await vi.advanceTimersByTimeAsync(500);
  setClock(change);
  await vi.advanceTimersByTimeAsync(most - 500);
  cancel();
  return ended;
}

test("a timer ends at its time", async () => {
  expect(await waitOf(2_000, 0, 5_000)).toBe(2_000);
  expect(await waitOf(0.5, 0, 5_000)).toBeLessThanOrEqual(1);
  expect(await waitOf(-5, 0, 5_000)).toBeLessThanOrEqual(1);
  expect(await waitOf(30 * DAY, 0, 20_000)).toBe(undefined);
});

test("a timer of the system that fires early is armed again", async () => {
  const due = Date.now() + 5;
  let at = 0;
  programClock.at(due, () => (at = Date.now()));
  await vi.advanceTimersByTimeAsync(4);
  setClock(-1); // when the timer fires, the clock shows one millisecond too little
  await vi.advanceTimersByTimeAsync(1);
  expect(at).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(at).toBe(due);
});

test("a clock that is set forward ends timers whose time has come, within a second", async () => {
  expect(await waitOf(HOUR, 3 * DAY, 10_000)).toBeLessThanOrEqual(1_500);
  expect(await waitOf(30 * DAY, 30 * DAY - 10_000, 20_000)).toBe(10_000);
  expect(await waitOf(30 * DAY, 29 * DAY, 20_000)).toBe(undefined);
});

test("a clock that is set back delays no timer by more than a second, and a correction ends none early", async () => {
  const wait = await waitOf(2_000, -HOUR, 10_000);
  expect(wait).toBeGreaterThanOrEqual(2_000);
  expect(wait).toBeLessThanOrEqual(3_000);
  expect(await waitOf(2_000, -300, 10_000)).toBe(2_300);
});

test("a cancelled timer does not fire, however often it was armed", async () => {
  const fn = vi.fn();
  const cancel = programClock.at(Date.now() + HOUR, fn);
  await vi.advanceTimersByTimeAsync(10_000);
  cancel();
  setClock(2 * HOUR);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(fn).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});
