/** Schedules with a clock that the test moves: what starts when, and what does not. */
import {
  close,
  getRun,
  getSchedule,
  listRuns,
  memoryStore,
  queue,
  schedule,
  schedules,
  signal,
  start,
  unschedule,
  worker,
  workflowOptions,
  type Logger,
  type ScheduleOptions,
  type Store,
} from "perdure";
import { advance, settled, setup, TestClock } from "perdure/testing";
import { afterEach, describe, expect, test } from "vitest";
import { Worker } from "../../packages/runtime/src/api/worker.ts";
import { installed } from "../../packages/runtime/src/process/default-runtime.ts";
import { Runtime } from "../../packages/runtime/src/process/runtime.ts";
import { settled as settledIn } from "../../packages/runtime/src/test-kit/settled.ts";
import { load } from "./loaded-module.ts";

const now = new Date("2030-01-01T00:00:00Z");

async function report(topic: string): Promise<string> {
  "use workflow";
  return topic;
}

async function bill(): Promise<void> {
  "use workflow";
}

async function plan(): Promise<string> {
  "use task";
  const daily = await schedule("daily", "1h", report, ["sales"]);
  return (await daily.trigger()).id;
}

async function planning(): Promise<string> {
  "use workflow";
  return plan();
}

async function slow(): Promise<void> {
  "use workflow";
  await signal("done");
}

/** A logger that keeps what is logged as a warning or worse. */
function keeping(lines: string[]): Logger {
  const keep = (message: string): void => void lines.push(message);
  return { debug() {}, info() {}, warn: keep, error: keep };
}

const hour = (time: number): string => new Date(time).toISOString();
/** Ids of the runs of the schedule, oldest first, without its name. */
const ticks = async (name = "daily"): Promise<string[]> =>
  (await listRuns({ limit: 10_000 }))
    .map(({ id }) => id)
    .filter((id) => id.startsWith(`${name}@`))
    .map((id) => id.slice(name.length + 1).replace(":00.000Z", ""))
    .sort();

/** What the runs that are complete have returned, by id. */
const done = async (): Promise<unknown[]> => {
  const runs = await listRuns({ status: "completed", workflow: "report" });
  const ids = runs.map(({ id }) => id).sort();
  return Promise.all(ids.map(async (id) => (await getRun(id)).result()));
};

const statuses = async (): Promise<string[]> =>
  (await listRuns()).sort((a, b) => (a.id < b.id ? -1 : 1)).map(({ status }) => status);

afterEach(close);

describe("a schedule", () => {
  test("starts a run at each tick, while a worker runs", async () => {
    setup({ now });
    worker();
    const daily = await schedule("daily", "0 6 * * *", report, ["sales"], { timezone: "Europe/Vienna" });
    expect(await daily.info()).toEqual({
      name: "daily",
      workflow: "report",
      file: "test/schedules/schedules.test.ts",
      expression: "0 6 * * *",
      timezone: "Europe/Vienna",
      jitter: 0,
      catchUp: "last",
      overlap: "allow",
      from: "program",
      next: new Date("2030-01-01T05:00:00Z"),
      paused: false,
      missing: false,
      runs: 0,
      skipped: 0,
      waiting: 0,
    });
    await advance("5h");
    expect(await done()).toEqual(["sales"]);
    expect(await (await getRun("daily@2030-01-01T05:00:00.000Z")).status()).toBe("completed");
    await advance("2d");
    expect(await ticks()).toEqual(["2030-01-01T05:00", "2030-01-02T05:00", "2030-01-03T05:00"]);
    const last = new Date("2030-01-03T05:00:00Z");
    expect(await daily.info()).toMatchObject({ runs: 3, last, lastRun: `daily@${last.toISOString()}` });
    expect(await schedules()).toEqual([await daily.info()]);
  });

  test("of an interval is counted from its first definition, whatever restarts", async () => {
    const { crash } = setup({ now });
    worker();
    await schedule("daily", "1h", bill, []);
    await advance("90m");
    crash();
    worker();
    const again = await schedule("daily", 3_600_000, bill, []);
    expect((await again.info()).expression).toBe("every 1h");
    await advance("40m");
    expect(await ticks()).toEqual(["2030-01-01T01:00", "2030-01-01T02:00"]);
  });

  test("with seconds ticks within a second", async () => {
    setup({ now });
    worker();
    await schedule("daily", "*/20 * * * * *", bill, []);
    await advance("1m");
    expect(await ticks()).toHaveLength(3);
  });

  test("that two processes know starts each run once", async () => {
    const { store, clock } = setup({ now });
    worker();
    const other = new Runtime({ store, clock, pollInterval: "1h", lease: "1000d" });
    new Worker(other, {});
    await schedule("daily", "10m", report, ["sales"]);
    await clock.advance(7_200_000, async () => {
      await settled();
      await settledIn(other);
    });
    await other.close();
    expect(await ticks()).toHaveLength(12);
    expect(await done()).toHaveLength(12);
    expect((await (await getSchedule("daily")).info()).runs).toBe(12);
  });

  test("is durable, and ticks in a process that never defined it", async () => {
    const { crash } = setup({ now });
    await schedule("daily", "1h", report, ["sales"]);
    crash();
    worker();
    await advance("1h");
    expect(await done()).toEqual(["sales"]);
  });
});

describe("ticks while nobody ran", () => {
  const after = async (away: string, catchUp: ScheduleOptions["catchUp"]): Promise<string[]> => {
    const { crash, clock } = setup({ now });
    worker();
    await schedule("daily", "1h", bill, [], { ...(catchUp && { catchUp }) });
    await advance("1h");
    crash();
    await clock.advance(Number(away) * 3_600_000, () => Promise.resolve());
    worker();
    await advance(0);
    const found = await ticks();
    await advance("1h");
    expect((await ticks()).slice(0, -1), "then it goes on as before").toEqual(found);
    return found.map((id) => id.slice(11));
  };

  test("last: the last one starts a run, late", async () => {
    expect(await after("3.5", undefined)).toEqual(["01:00", "04:00"]);
  });
  test("all: each starts one", async () => {
    expect(await after("3.5", "all")).toEqual(["01:00", "02:00", "03:00", "04:00"]);
  });
  test("none: none does, unless it is on time", async () => {
    expect(await after("3.5", "none")).toEqual(["01:00"]);
    await close();
    expect(await after("3", "none")).toEqual(["01:00", "04:00"]);
  });
  test("more than one transaction holds are started one after the other", async () => {
    const { crash, clock } = setup({ now });
    await schedule("daily", "1m", bill, [], { catchUp: "all" });
    crash();
    await clock.advance(2_500 * 60_000, () => Promise.resolve());
    worker();
    await advance(0);
    expect(await ticks()).toHaveLength(2_500);
  });
});

describe("a clock", () => {
  /** A runtime whose clock can be set: to so many milliseconds ahead. */
  function withMovedClock(store: Store, logger?: Logger) {
    const clock = new TestClock(now.getTime());
    let shift = 0;
    const at = (time: number, fn: () => void): (() => void) => clock.at(time - shift, fn);
    const moved = { now: () => clock.now() + shift, monotonic: () => clock.now(), at };
    const options = { store, clock: moved, pollInterval: "1m", lease: "1000d", ...(logger && { logger }) } as const;
    const runtime = (installed.runtime = new Runtime(options));
    return {
      set: (ahead: number): void => void (shift = ahead),
      pass: (minutes: number): Promise<void> => clock.advance(minutes * 60_000, () => settledIn(runtime)),
    };
  }

  test("that is set back while a tick is about to be tried again delays it by no more than that", async () => {
    const store = memoryStore();
    let fails = false;
    const { tickSchedule } = store;
    store.tickSchedule = (tick) => {
      if (fails) throw new Error("disk full");
      return tickSchedule?.(tick);
    };
    const { set, pass } = withMovedClock(store, keeping([]));
    worker();
    await schedule("daily", "1h", bill, []);
    await pass(5);
    fails = true;
    set(5 * 3_600_000);
    await pass(2);
    fails = false;
    set(0);
    await pass(125);
    expect(await ticks()).toEqual(["2030-01-01T01:00", "2030-01-01T02:00"]);
  });

  test("that is set back ticks nothing twice; one that jumps ahead is like a pause", async () => {
    const { set, pass } = withMovedClock(memoryStore());
    worker();
    await schedule("daily", "1h", bill, []);
    await pass(125);
    set(-7_200_000);
    await pass(100);
    expect(await ticks()).toEqual(["2030-01-01T01:00", "2030-01-01T02:00"]);
    set(5 * 3_600_000 + 60_000);
    await pass(10);
    expect(await ticks()).toEqual(["2030-01-01T01:00", "2030-01-01T02:00", "2030-01-01T08:00"]);
  });

  test("in a zone whose clocks change: each local time once", async () => {
    setup({ now: new Date("2030-03-30T00:00:00Z") });
    worker();
    await schedule("daily", "30 2 * * *", bill, [], { timezone: "Europe/Vienna" });
    await advance("3d");
    expect(await ticks()).toEqual(["2030-03-30T01:30", "2030-03-31T01:30", "2030-04-01T00:30"]);
    await close();
    setup({ now: new Date("2030-10-26T00:00:00Z") });
    worker();
    await schedule("daily", "30 2 * * *", bill, [], { timezone: "Europe/Vienna" });
    await advance("3d");
    expect(await ticks()).toEqual(["2030-10-26T00:30", "2030-10-27T00:30", "2030-10-28T01:30"]);
  });
});

describe("steering", () => {
  test("a paused schedule ticks in no process; what it left out is not caught up", async () => {
    const { crash } = setup({ now });
    worker();
    const daily = await schedule("daily", "1h", bill, [], { catchUp: "all" });
    await advance("1h");
    await daily.pause();
    expect(await daily.info()).toMatchObject({ paused: true });
    expect(await daily.info()).not.toHaveProperty("next");
    crash();
    worker();
    await schedule("daily", "1h", bill, [], { catchUp: "all" });
    await advance("3h");
    expect(await ticks()).toEqual(["2030-01-01T01:00"]);
    const same = await getSchedule("daily");
    await same.resume();
    await same.resume();
    await advance("1h");
    expect(await ticks()).toEqual(["2030-01-01T01:00", "2030-01-01T05:00"]);
  });

  test("a changed schedule replaces the old one at once", async () => {
    setup({ now });
    worker();
    await schedule("daily", "1h", report, ["sales"]);
    await advance("1h");
    await schedule("daily", "1h", report, ["costs"]);
    await advance("1h");
    await schedule("daily", "*/30 * * * *", report, ["taxes"]);
    await advance("30m");
    expect(await done()).toEqual(["sales", "costs", "taxes"]);
  });

  test("a removed schedule ticks no more, and its runs stay", async () => {
    setup({ now });
    worker();
    const daily = await schedule("daily", "1h", bill, []);
    await advance("1h");
    expect([await unschedule("daily"), await unschedule("daily"), await daily.remove()]).toEqual([true, false, false]);
    await advance("5h");
    expect(await ticks()).toHaveLength(1);
    expect(await schedules()).toEqual([]);
    await expect(daily.info()).rejects.toMatchObject({ code: "SCHEDULE_NOT_FOUND" });
    await expect(getSchedule("daily")).rejects.toThrow(/no schedule daily/);
  });

  test("a run by hand leaves the ticks as they are", async () => {
    setup({ now });
    worker();
    const daily = await schedule("daily", "1h", report, ["sales"]);
    await daily.pause();
    const [first, second] = await Promise.all([daily.trigger(), daily.trigger()]);
    expect([first.id, second.id].sort()).toEqual([`daily@${hour(now.getTime())}`, `daily@${hour(now.getTime() + 1)}`]);
    expect(await first.result()).toBe("sales");
    await advance(0);
    expect(await done()).toEqual(["sales", "sales"]);
    await daily.resume();
    expect(await daily.info()).toMatchObject({ next: new Date(now.getTime() + 3_600_000), runs: 0 });
  });
});

test("runs of a schedule that a task defines and triggers are none of its run", async () => {
  setup({ now });
  worker();
  const run = await start(planning, []);
  await advance("1h");
  const triggered = await (await getRun(await run.result())).info();
  expect(triggered).toMatchObject({ status: "completed", schedule: "daily" });
  expect((await listRuns({ schedule: "daily" })).map(({ status, parent }) => [status, parent])).toEqual([
    ["completed", undefined],
    ["completed", undefined],
  ]);
  expect((await run.steps()).map(({ id }) => id)).toEqual(["plan[0]"]);
});

test("a directive is recorded when the store works again", async () => {
  const store = memoryStore();
  let fails = true;
  const { putSchedule } = store;
  store.putSchedule = (given) => {
    if (fails) throw new Error("disk full");
    return putSchedule?.(given) as never;
  };
  load("nightly", "src/nightly.ts", { every: 60_000 });
  const lines: string[] = [];
  setup({ now, store, logger: keeping(lines) });
  worker();
  await advance("1m");
  expect([await schedules(), lines[0]]).toEqual([[], expect.stringContaining("disk full")]);
  fails = false;
  await advance("1h");
  expect((await schedules()).map(({ name }) => name)).toEqual(["nightly"]);
  load("nightly", "src/nightly.ts");
});

describe("overlap", () => {
  const begin = async (overlap: ScheduleOptions["overlap"]): Promise<void> => {
    setup({ now, suspendAfter: "1m" });
    worker();
    await schedule("daily", "1h", slow, [], { ...(overlap && { overlap }) });
    await advance("3h");
  };
  const endFirst = async (): Promise<void> => {
    await (await getRun("daily@2030-01-01T01:00:00.000Z")).cancel();
    await advance(0);
  };

  test("allow, the default", async () => {
    await begin(undefined);
    expect(await statuses()).toEqual(["waiting", "waiting", "running"]);
  });
  test("skip", async () => {
    await begin("skip");
    await endFirst();
    expect(await ticks()).toEqual(["2030-01-01T01:00"]);
    expect(await (await getSchedule("daily")).info()).toMatchObject({ runs: 1, skipped: 2 });
    await advance("1h");
    expect(await ticks()).toEqual(["2030-01-01T01:00", "2030-01-01T04:00"]);
  });
  test("queue", async () => {
    await begin("queue");
    expect(await (await getSchedule("daily")).info()).toMatchObject({ runs: 1, skipped: 0, waiting: 2 });
    await endFirst();
    expect(await ticks()).toEqual(["2030-01-01T01:00", "2030-01-01T02:00"]);
    expect(await statuses()).toEqual(["cancelled", "running"]);
    expect(await (await getSchedule("daily")).info()).toMatchObject({ runs: 2, waiting: 1 });
  });
  test("cancel-running", async () => {
    await begin("cancel-running");
    await advance(0);
    expect(await statuses()).toEqual(["cancelled", "cancelled", "running"]);
    const { error } = await (await getRun("daily@2030-01-01T01:00:00.000Z")).info();
    expect(String(error)).toContain("the schedule daily started its next run");
  });
});

describe("jitter", () => {
  test("delays each tick by less than given, alike in every process, and keeps its id", async () => {
    const startsIn = async (name: string): Promise<number[]> => {
      setup({ now });
      worker();
      await schedule(name, "1h", bill, [], { jitter: "30m" });
      await advance("10h");
      const runs = (await listRuns()).sort((a, b) => (a.id < b.id ? -1 : 1));
      await close();
      return runs.map(({ id, createdAt }) => createdAt.getTime() - Date.parse(id.slice(name.length + 1)));
    };
    const delays = await startsIn("daily");
    expect(delays.length).toBeGreaterThan(8);
    for (const delay of delays) expect(delay >= 0 && delay < 30 * 60_000, String(delay)).toBe(true);
    expect(new Set(delays).size).toBeGreaterThan(5);
    expect(await startsIn("daily")).toEqual(delays);
    expect(await startsIn("other")).not.toEqual(delays);
  });
  test("never delays a tick beyond the next one", async () => {
    setup({ now });
    worker();
    await schedule("daily", "1m", bill, [], { jitter: "1d" });
    await advance("1h");
    expect((await ticks()).length).toBeGreaterThan(58);
  });
});

describe("what cannot be scheduled", () => {
  const invalid = async (when: string | number, options: ScheduleOptions = {}): Promise<string> =>
    schedule("daily", when, bill, [], options).then(
      () => "valid",
      ({ code, message }: { code: string; message: string }) => `${code}: ${message.split("\n")[0]}`,
    );
  test("is refused with what is wrong", async () => {
    setup({ now });
    expect(await invalid("61 * * * *")).toMatch(
      /SCHEDULE_INVALID: .*daily.*"61 \* \* \* \*": Invalid value for minute: 61/,
    );
    expect(await invalid("* * *")).toMatch(/3 of the five or six fields/);
    expect(await invalid("2030-05-05T10:00:00")).toMatch(/1 of the five or six fields/);
    expect(await invalid("* * * * * * 2030")).toMatch(/SCHEDULE_INVALID/);
    expect(await invalid("0 0 30 2 *")).toMatch(/no time that it names will come/);
    expect(await invalid("0 6 * * *", { timezone: "Mars/Olympus" })).toMatch(/there is no time zone "Mars\/Olympus"/);
    expect(await invalid("1h", { timezone: "Europe/Vienna" })).toMatch(/time zone has no effect on an interval/);
    expect(await invalid(0)).toMatch(/at least one millisecond/);
    expect(await invalid("often")).toMatch(/SCHEDULE_INVALID/);
    expect(await invalid("1h", { overlap: "stop" as never })).toMatch(/OPTION_INVALID/);
    expect(await invalid("1h", { catchUp: "some" as never })).toMatch(/OPTION_INVALID/);
    expect(await invalid("1h", { zone: "UTC" } as never)).toMatch(/OPTION_UNKNOWN/);
    expect(await invalid("1h", { jitter: "-1s" as never })).toMatch(/DURATION_INVALID/);
    await expect(schedule(" ", "1h", bill, [])).rejects.toMatchObject({ code: "SCHEDULE_INVALID" });
    await expect(schedule("daily", "1h", async () => {}, [])).rejects.toMatchObject({ code: "NOT_COMPILED" });
    await expect(schedule("daily", "1h", report, [(() => {}) as never])).rejects.toMatchObject({
      code: "VALUE_NOT_STORABLE",
    });
    expect(await schedules()).toEqual([]);
  });
  test("a workflow that no other process could find", async () => {
    setup({ now });
    const topic = String(now);
    const closure = async (): Promise<string> => {
      "use workflow: id=closure";
      return topic;
    };
    await expect(schedule("daily", "1h", closure, [])).rejects.toThrow(/closure .*could find it by its name/);
  });
  test("arguments that the workflow's schema refuses", async () => {
    setup({ now });
    const issues = [{ message: "no topic" }];
    const input = { "~standard": { version: 1, vendor: "test", validate: () => ({ issues }) } } as const;
    workflowOptions(refusing, { input });
    await expect(schedule("daily", "1h", refusing, [])).rejects.toMatchObject({ code: "SCHEMA_REFUSED" });
  });
  test("anything, in a store without schedules", async () => {
    const { putSchedule: _, ...store } = memoryStore();
    setup({ now, store: store as Store });
    worker();
    await advance("1h");
    expect(await invalid("1h")).toMatch(/STORE_WITHOUT_SCHEDULES: the store memory: has no schedules/);
  });
});

async function refusing(): Promise<void> {
  "use workflow";
}

describe("a workflow that is not loaded", () => {
  test("starts nothing, and is reported once", async () => {
    const lines: string[] = [];
    const { store, crash } = setup({ now, logger: keeping(lines) });
    await schedule("daily", "1h", bill, []);
    const row = await store.getSchedule?.("daily");
    const gone = { ...row, name: "old", workflow: "gone", file: "src/gone.ts", inputHash: "x" } as never;
    const input = { ...(gone as object), modules: "{}", now: now.getTime(), nextAt: now.getTime() + 1 };
    await store.putSchedule?.(input as never);
    crash();
    worker();
    await advance("3h");
    expect(await ticks()).toHaveLength(3);
    expect(await ticks("old")).toEqual([]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/schedule old is due .* workflow gone \(src\/gone\.ts\)/);
    expect((await schedules()).map(({ name, missing }) => [name, missing])).toEqual([
      ["daily", false],
      ["old", true],
    ]);
    load("gone", "src/gone.ts");
    await advance("1h");
    expect((await ticks("old")).length).toBeGreaterThan(0);
  });
});

describe("a directive", () => {
  test("is a schedule while a worker runs; it goes with the directive", async () => {
    load("nightly", "src/nightly.ts", { cron: "0 2 * * *", timezone: "Europe/Vienna", overlap: "skip" });
    const { crash } = setup({ now });
    worker();
    await advance("2h");
    const [info] = await schedules();
    expect(info).toMatchObject({ name: "nightly", from: "directive", overlap: "skip", timezone: "Europe/Vienna" });
    expect(await ticks("nightly")).toEqual(["2030-01-01T01:00"]);
    load("later", "src/later.ts", { every: 60_000 });
    await advance("1m");
    expect((await schedules()).map(({ name, expression }) => [name, expression])).toEqual([
      ["later", "every 1m"],
      ["nightly", "0 2 * * *"],
    ]);
    load("nightly", "src/nightly.ts");
    await advance("1m");
    expect((await schedules()).map(({ name }) => name)).toEqual(["later"]);
    load("later", "src/later.ts");
    crash();
    worker();
    await advance("1m");
    expect(await schedules()).toEqual([]);
  });

  test("does not replace a schedule of the program", async () => {
    setup({ now });
    await schedule("weekly", "1h", bill, []);
    load("weekly", "src/weekly.ts", { every: 60_000 });
    worker();
    await advance("1m");
    expect((await schedules()).map(({ from, expression }) => [from, expression])).toEqual([["program", "every 1h"]]);
    load("weekly", "src/weekly.ts");
  });
});

test("a tick that fails is tried again, and hinders no other schedule", async () => {
  const lines: string[] = [];
  const store = memoryStore();
  let fails = true;
  const { tickSchedule } = store;
  store.tickSchedule = (tick) => {
    if (fails && tick.name === "bad") throw new Error("disk full");
    return tickSchedule?.(tick);
  };
  setup({ now, store, logger: keeping(lines) });
  worker();
  await schedule("bad", "1h", bill, []);
  await schedule("good", "1h", bill, []);
  await advance("1h");
  expect([await ticks("bad"), await ticks("good")]).toEqual([[], ["2030-01-01T01:00"]]);
  await advance("10m");
  expect(lines.length).toBeGreaterThan(5);
  expect(lines.length).toBeLessThan(40);
  expect(lines[0]).toContain("the schedule bad could not tick");
  fails = false;
  await advance("1m");
  expect(await ticks("bad")).toEqual(["2030-01-01T01:00"]);
});

test("a run by hand of a workflow that is not loaded has the queue, the priority and the timeout that the program gave it", async () => {
  const { store } = setup({ now });
  queue("printing", { concurrency: 1, ageing: "1m" });
  const flow = { queue: "printing", priority: 2 };
  const workflow = load("printed", "src/printed.ts", undefined, { flow, timeout: 7_200_000 });
  const daily = await schedule("daily", "1h", workflow, []);
  expect(await store.queues?.()).toEqual([{ name: "printing", concurrency: 1, waiting: 0, running: 0 }]);
  load("other", "src/printed.ts");
  expect((await daily.info()).missing).toBe(true);
  const { id } = await daily.trigger();
  expect(await store.getRun(id)).toMatchObject({
    status: "pending",
    workflow: "printed",
    queue: { queue: "printing", key: "", rank: now.getTime() - 120_000 },
    endBy: now.getTime() + 7_200_000,
  });
});

test("what a schedule starts is told to the instrumentation, once for each run", async () => {
  const started: string[] = [];
  const onStart = ({ run, workflow }: { run: string; workflow: string }): string => {
    started.push(`${workflow} ${run}`);
    return `trace of ${run}`;
  };
  const { store } = setup({ now, instrumentation: { onStart } });
  worker();
  await schedule("daily", "1h", report, ["sales"]);
  const each = await schedule("each", "30m", slow, [], { overlap: "queue" });
  await schedule("alone", "30m", slow, [], { overlap: "skip" });
  await advance("2h");
  const late = new Date(now.getTime() + 7_200_000).toISOString();
  expect(await store.getRun(`daily@${late}`)).toMatchObject({ trace: `trace of daily@${late}` });
  expect(started.map((each) => each.split("@")[0]).sort()).toEqual([
    "report daily",
    "report daily",
    "slow alone",
    "slow each",
  ]);
  const [first] = await listRuns({ schedule: "each" });
  await (await getRun(first?.id ?? "")).cancel();
  await settled();
  await advance("1s");
  expect(started.filter((each) => each.startsWith("slow each"))).toHaveLength(2);
  const { id } = await each.trigger();
  expect(await store.getRun(id)).toMatchObject({ trace: `trace of ${id}` });
});
