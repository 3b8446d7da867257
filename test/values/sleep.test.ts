import { close, configure, sleep, start } from "perdure";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { programClock } from "../../packages/runtime/src/config/clock.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2030, 0, 1), toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
});
afterEach(async () => {
  await close();
  vi.useRealTimers();
});

/** Sets the wall clock only. */
const setClock = (by: number): void => void vi.setSystemTime(Date.now() + by);

test("sleep outside of a run lasts as long as it says, also longer than setTimeout can wait", async () => {
  const ended: string[] = [];
  void sleep("30d").then(() => ended.push("30d"));
  void sleep(new Date(Date.now() + 40 * DAY)).then(() => ended.push("date"));
  void sleep(1e300).then(() => ended.push("never"));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(ended).toEqual([]);
  setClock(30 * DAY - 15_001);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(ended).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(ended).toEqual(["30d"]);
  setClock(10 * DAY - 1_000);
  setClock(-60_000); // a date is a time of the wall clock
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ended).toEqual(["30d"]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(ended).toEqual(["30d", "date"]);
});

async function waitInTask(): Promise<void> {
  "use task: retries=0";
  await sleep("30d");
}

async function inTask(): Promise<number> {
  "use workflow: id=in-task";
  const begun = Date.now();
  await waitInTask();
  return Date.now() - begun;
}

async function naps(until: number | Date): Promise<number> {
  "use workflow: id=naps";
  const begun = Date.now();
  await sleep(until);
  return Date.now() - begun;
}

/** A workflow on the system's clock, and how much of it has passed. */
async function begun(
  workflow: (value: never) => Promise<number>,
  value: unknown,
): Promise<{ value: number | undefined }> {
  configure({ store: "memory:", suspendAfter: "100d", clock: programClock });
  const result: { value: number | undefined } = { value: undefined };
  const run = await start(workflow as (value: unknown) => Promise<number>, [value]);
  void run.result().then((ended) => (result.value = ended));
  return result;
}

test("sleep in a task lasts as long as it says", async () => {
  const result = await begun(inTask, undefined);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(result.value).toBe(undefined);
  setClock(30 * DAY - 10_000);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(result.value).toBe(undefined);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(result.value).toBeGreaterThanOrEqual(30 * DAY);
});

test("R9 a sleep never ends early by the workflow's own clock: the clock is set back", async () => {
  const result = await begun(naps, 2_000);
  await vi.advanceTimersByTimeAsync(500);
  setClock(-60_000);
  await vi.advanceTimersByTimeAsync(61_000);
  expect(result.value).toBe(undefined);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(result.value).toBeGreaterThanOrEqual(2_000);
});

test("R9 a sleep ends soon after the clock was set forward past its end", async () => {
  const result = await begun(naps, HOUR);
  await vi.advanceTimersByTimeAsync(300);
  setClock(3 * DAY);
  await vi.advanceTimersByTimeAsync(1_500);
  expect(result.value).toBeGreaterThanOrEqual(3 * DAY);
});
