import {
  close,
  constant,
  exponential,
  linear,
  PerdureError,
  RetryableError,
  sleep,
  start,
  taskOptions,
  type TaskOptions,
} from "perdure";
import { advance, setup } from "perdure/testing";
import { expect, onTestFinished, test } from "vitest";

const BEGIN = Date.UTC(2030, 0, 1);
const LONGEST = 3_155_760_000_000_000;
const state: { error: unknown; attempts: number } = { error: undefined, attempts: 0 };

async function pay(): Promise<void> {
  "use task: retries=2";
  state.attempts++;
  throw state.error;
}

async function flow(): Promise<void> {
  "use workflow: id=flow";
  await pay();
}

/** The first wait that is recorded, in milliseconds; or the failure, when there is none. */
async function waitAfter(error: unknown, options: TaskOptions = {}): Promise<unknown> {
  const { store } = setup({ now: new Date(BEGIN) });
  onTestFinished(close);
  taskOptions(pay, { backoff: exponential({ base: 2, max: "60s" }), retryIf: () => true, ...options });
  Object.assign(state, { error, attempts: 0 });
  const run = await start(flow, []);
  await advance(0);
  const [step] = await store.steps(run.id);
  const failure = step?.state === "failed" ? await run.result().catch((each: unknown) => each) : undefined;
  const dueAt = step?.dueAt;
  await close();
  if (state.attempts === 3) return 0; // the clock has not moved, and all attempts are made
  return failure ?? (dueAt as number) - BEGIN;
}

const original = (retryAfter: unknown): RetryableError =>
  new RetryableError("busy", { retryAfter: retryAfter as string });

test.each([
  [250, 250],
  [0, 0],
  ["250ms", 250],
  [" 2m ", 120_000],
  ["1", 1_000],
  ["120", 120_000],
  ["0", 0],
  ["1.5", 1_500],
  ["Tue, 01 Jan 2030 00:00:30 GMT", 30_000],
  ["Tuesday, 01-Jan-30 00:00:30 GMT", 30_000],
  ["Tue Jan  1 00:00:30 2030", 30_000],
  ["2030-01-01T00:00:30.500Z", 30_500],
  ["2030-01-01T01:00:30+01:00", 30_000],
  ["Sun, 06 Nov 1994 08:49:37 GMT", 0],
  [new Date(BEGIN + 5), 5],
  [new Date(0), 0],
  [1e300, LONGEST],
  ["9".repeat(40), LONGEST],
  ["9".repeat(20) + "y", LONGEST],
  [new Date(8.64e15), 8.64e15 - BEGIN],
])("R4 retryAfter: %o waits %d ms", async (retryAfter, wait) => {
  expect(await waitAfter(original(retryAfter))).toBe(wait);
});

test.each([undefined, null])(
  "R4 retryAfter: %s, as of a missing header, leaves the wait to the backoff",
  async (retryAfter) => {
    expect(await waitAfter(original(retryAfter))).toBe(2_000);
  },
);

/** The failure that a mistake in an option makes, checked for what all of them have. */
async function mistakeAfter(error: unknown, options: TaskOptions, option: string): Promise<PerdureError> {
  const failure = (await waitAfter(error, options)) as PerdureError;
  expect(failure).toBeInstanceOf(PerdureError);
  expect(failure).toMatchObject({ code: "RETRY_NOT_POSSIBLE", cause: { message: (error as Error).message } });
  expect(failure.message).toContain(`the task pay failed, and its ${option} does not work`);
  expect(state.attempts).toBe(1);
  return failure;
}

test.each([
  [-5, '"-5" is not a duration'],
  [Number.NaN, '"NaN"'],
  [Infinity, '"Infinity"'],
  ["-1", '"-1"'],
  ["-1s", '"-1s"'],
  ["soon", '"soon"'],
  ["", '""'],
  ["tomorrow 5", '"tomorrow 5"'],
  ["2030-13-45T00:00:00Z", '"an invalid date"'],
  [new Date("nonsense"), '"an invalid date"'],
  [{}, '"[object Object]"'],
  [Object.create(null), '"an object"'],
  [Symbol("s"), '"Symbol(s)"'],
  [5n, '"5"'],
  [true, '"true"'],
])("R4 retryAfter: %o fails the task with the original error as the cause", async (retryAfter, text) => {
  const failure = await mistakeAfter(original(retryAfter), {}, "retryAfter");
  expect(failure.message).toContain(text);
});

const boom = new Error("original failure");

test.each([
  [Number.NaN, '"NaN" is not a duration (backoff)'],
  [Infinity, '"Infinity"'],
  [-1, '"-1"'],
  ["soon", '"soon"'],
  [undefined, '"undefined"'],
  [null, '"null"'],
  [Object.create(null), '"an object"'],
])("R4 a backoff function that returns %o fails the task with the original error as the cause", async (wait, text) => {
  expect((await mistakeAfter(boom, { backoff: () => wait as number }, "backoff")).message).toContain(text);
});

test("R4 so do functions that throw, and those that return a promise", async () => {
  const broken = (): never => {
    throw new TypeError("mine broke\nin two lines");
  };
  const later = async (): Promise<never> => broken();
  expect(await mistakeAfter(boom, { backoff: broken }, "backoff")).toMatchObject({
    message: expect.stringMatching(/not tried again: mine broke\n/),
    mistake: { message: "mine broke\nin two lines" },
  });
  await mistakeAfter(boom, { backoff: later as never }, "backoff");
  await mistakeAfter(boom, { retryIf: broken }, "retryIf");
  expect((await mistakeAfter(boom, { retryIf: later as never }, "retryIf")).message).toContain("returned a promise");
});

test("R4 the same holds where what was thrown cannot be stored", async () => {
  const failure = await waitAfter(new Response(null, { status: 503 }), { backoff: () => Number.NaN });
  expect(failure).toMatchObject({ code: "RETRY_NOT_POSSIBLE", cause: "(not stored: a Response (status 503))" });
});

test.each([
  [exponential({ base: 3 }), 3_000],
  [exponential({ base: 1e200, max: "1m" }), 60_000],
  [exponential({ base: 1e307, max: 0 }), 0],
  [exponential({ base: 1e200 }), LONGEST],
  [exponential({ base: 1e307 }), LONGEST],
  [exponential({ base: 1e-320 }), 0],
  [linear({ start: Number.MAX_VALUE, step: Number.MAX_VALUE }), LONGEST],
  [constant(Number.MAX_VALUE), LONGEST],
  [{ kind: "constant", delay: 1e300 } as const, LONGEST],
  [() => 1e300, LONGEST],
  [() => "2s" as const, 2_000],
])("a backoff is finite, at most its max, and at most 100,000 years: %o", async (backoff, wait) => {
  expect(Math.round((await waitAfter(boom, { backoff })) as number)).toBe(wait);
});

test("jitter takes from the wait, and adds nothing", async () => {
  const wait = (await waitAfter(boom, { backoff: exponential({ base: 1e307, jitter: true }) })) as number;
  expect(wait).toBeGreaterThanOrEqual(LONGEST / 2);
  expect(wait).toBeLessThanOrEqual(LONGEST);
});

test.each([
  { kind: "exponential", base: Number.NaN },
  { kind: "exponential", base: 2, max: "60s" },
  { kind: "linear", start: 1 },
  { kind: "constant", delay: -1 },
  { kind: "often" },
  "1s",
  null,
])("a backoff of the form %o is refused when it is given", (backoff) => {
  expect(() => taskOptions(pay, { backoff: backoff as never })).toThrow(/is not a valid value for backoff/);
});

test("retryIf that is no function is refused when it is given", () => {
  expect(() => taskOptions(pay, { retryIf: true as never })).toThrow(/true is not a valid value for retryIf/);
});

async function naps(duration: number): Promise<void> {
  "use workflow: id=naps-{duration}";
  await sleep(duration);
}

test("R13 a sleep longer than 100,000 years is due in 100,000 years, and its time is a date", async () => {
  const { store } = setup({ now: new Date(BEGIN) });
  onTestFinished(close);
  for (const duration of [1e300, Number.MAX_VALUE, 8.64e15, LONGEST + 1]) {
    const run = await start(naps, [duration]);
    await advance("10m");
    expect(await run.status()).toBe("waiting");
    const [step] = await store.steps(run.id);
    expect(new Date(step?.dueAt ?? Number.NaN).getTime()).toBe(step?.dueAt);
  }
});
