/** R12: one run never harms another, or the process. */
import { describe, expect, onTestFinished, test } from "vitest";
import {
  close,
  getRun,
  memoryStore,
  recover,
  signal,
  sleep,
  start,
  type PerdureError,
  type RuntimeOptions,
} from "perdure";
import { advance, settled, setup } from "perdure/testing";
import { until } from "../event-loop.ts";

async function fail(text: string): Promise<never> {
  "use task: retries=0";
  throw new Error(text);
}

async function ok(text: string): Promise<string> {
  "use task";
  return text;
}

const reports: PerdureError[] = [];

function begin(options: Parameters<typeof setup>[0] = {}): ReturnType<typeof setup> {
  reports.length = 0;
  onTestFinished(close);
  const onReport: RuntimeOptions["onReport"] = (error) => void reports.push(error);
  return setup({ logLevel: "silent", pollInterval: "1s", lease: "1h", onReport, ...options });
}

const codes = (): string[] => reports.map(({ code }) => code);

// Vitest fails a test run in which a rejection is not handled: these tests would be red without the rule.
describe("a rejection that nobody handles", () => {
  async function orphans(): Promise<string> {
    "use workflow: id=orphans";
    void fail("nobody awaits this");
    await ok("a");
    await sleep("1m");
    return ok("the end");
  }

  test("of a step ends neither the process nor the run, and is reported at the end of the run", async () => {
    begin();
    const run = await start(orphans, []);
    await advance("1h");
    await expect(run.result()).resolves.toBe("the end");
    expect(codes()).toEqual(["REJECTION_UNHANDLED"]);
    expect(reports[0]?.message).toMatch(/run orphans of the workflow orphans .* Error: nobody awaits this/s);
  });

  async function awaitsLate(): Promise<string> {
    "use workflow: id=awaits-late";
    const failing = fail("late");
    await sleep("1m");
    return failing.catch((error: Error) => `handled ${error.message}`);
  }

  test("can still be handled later, and is not reported then", async () => {
    begin();
    const run = await start(awaitsLate, []);
    await advance("1h");
    await expect(run.result()).resolves.toBe("handled late");
    expect(codes()).toEqual([]);
  });

  async function holdsWait(): Promise<unknown> {
    "use workflow: id=holds-wait";
    const early = signal("approval");
    await sleep("1h");
    return early;
  }

  test("of a wait that was begun early harms nobody when the run is cancelled", async () => {
    const { crash } = begin();
    const run = await start(holdsWait, []);
    await settled();
    await run.cancel("why not");
    await settled();
    await expect(run.result()).rejects.toMatchObject({ name: "CancelledError" });
    crash();
    await recover();
    expect(await (await getRun("holds-wait")).status()).toBe("cancelled");
  });

  test("from outside of any run stays a rejection of the process", async () => {
    begin();
    await start(orphans, []);
    const seen: unknown[] = [];
    const listeners = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    process.once("unhandledRejection", (reason) => seen.push(reason));
    void Promise.reject(new Error("foreign"));
    await until(() => seen.length > 0);
    for (const listener of listeners) process.on("unhandledRejection", listener);
    expect(seen).toMatchObject([{ message: "foreign" }]);
  });
});

test.each(["onReport", "onStep", "logger"])("%s that throws fails no run", async (which) => {
  const broken = (): never => {
    throw new Error(`${which} is broken`);
  };
  const logger = { debug: broken, info: broken, warn: broken, error: broken };
  begin(which === "logger" ? { logger, logLevel: "debug" } : { [which]: broken });
  await expect((await start(fine, ["1"])).result()).resolves.toBe("fine 1");
});

async function fine(id: string): Promise<string> {
  "use workflow: id=fine-{id}";
  await ok("first");
  return `fine ${id}`;
}

test("a cancellation whose reason cannot be decoded here cancels the run without it", async () => {
  const store = memoryStore();
  const { crash } = begin({ store });
  const run = await start(sleeper, ["1"]);
  await settled();
  crash();
  await store.cancel({ run: run.id, reason: '1:[["Money",1],5]' });
  await recover();
  await settled();
  await expect((await getRun(run.id)).result()).rejects.toMatchObject({ name: "CancelledError", reason: undefined });
  expect(codes()).toContain("REASON_UNREADABLE");
});

export async function sleeper(_id: string): Promise<void> {
  "use workflow: id=sleeper-{_id}";
  await sleep("10h");
}

describe("a call that comes too late", () => {
  let leftover: (() => Promise<string>) | undefined;

  async function leaks(): Promise<string> {
    "use workflow: id=leaks";
    const later = async (): Promise<string> => ok("too late");
    leftover = later;
    let release: () => void = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    leaked = gate.then(later);
    openGate = release;
    return ok("done");
  }
  let leaked: Promise<string> | undefined;
  let openGate: () => void = () => {};

  test("rejects with an error that names the step, the run and the reason, once the run has ended", async () => {
    begin();
    await (await start(leaks, [])).result();
    openGate();
    await expect(leaked).rejects.toMatchObject({ code: "CALL_AFTER_END" });
    await expect(leaked).rejects.toThrow(/ok was called in run leaks .* the run has ended \(completed\)/s);
    expect(leftover).toBeDefined();
  });

  let calls = 0;
  async function loops(): Promise<string> {
    "use workflow: id=loops";
    const gate = new Promise<void>((resolve) => (openGate = resolve));
    const forever = async (): Promise<void> => {
      await gate;
      for (;;) {
        calls++;
        await ok("again").catch(() => {});
      }
    };
    void forever();
    return ok("done");
  }

  test("is rejected later and later to a branch that was left behind and calls again and again, and then no more", async () => {
    calls = 0;
    const { clock } = begin();
    await (await start(loops, [])).result();
    openGate();
    for (let turn = 0; turn < 1_000; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toBeLessThan(5);
    for (let minute = 0; minute < 20; minute++)
      await clock.advance(60_000, async () => new Promise((resolve) => setImmediate(resolve)));
    expect(calls).toBeLessThan(15);
    expect(codes()).toContain("CALL_AFTER_END");
  });
});

/** Limits calls to one at a time, and begins each in the asynchronous context of the call that ended before it. */
function careless(): <R>(call: () => Promise<R>) => Promise<R> {
  const queue: (() => void)[] = [];
  let isBusy = false;
  const next = (): void => {
    const first = queue.shift();
    if (first) first();
    else isBusy = false;
  };
  return async (call) =>
    new Promise((resolve) => {
      const begin = (): void => {
        const result = call();
        resolve(result);
        result.then(next, next);
      };
      if (isBusy) queue.push(begin);
      else begin();
      isBusy = true;
    });
}

let limit = careless();

async function limited(_id: number): Promise<string> {
  "use workflow: id=limited-{_id}";
  await ok("before");
  await limit(async () => ok("limited"));
  return ok("after");
}

/** Resolves once the door is opened. Not durable. */
const door = async (): Promise<unknown> => new Promise((resolve) => (openDoor = resolve));

async function awaitsInCleanUp(): Promise<string> {
  "use workflow: id=awaits-in-clean-up";
  try {
    await sleep("1h");
    return "";
  } finally {
    await door();
    await ok("cleaned up");
  }
}

async function awaitsAPromise(): Promise<string> {
  "use workflow: id=awaits-a-promise";
  await ok("before");
  await door();
  await sleep("3s");
  return ok("after");
}
let openDoor: (value: unknown) => void = () => {};

describe("a run that waits for what is not durable", () => {
  test("is reported once, with its last step, and continues", async () => {
    begin({ stallTimeout: "10s" });
    const run = await start(awaitsAPromise, []);
    await advance("9s");
    expect(codes()).toEqual([]);
    await advance("2s");
    expect(codes()).toEqual(["WAITS_OUTSIDE"]);
    expect(reports[0]?.message).toMatch(
      /run awaits-a-promise of the workflow awaitsAPromise .* its last step was ok\[0\] \(.*isolation\.test\.ts:\d+:\d+\)/,
    );
    await advance("1h");
    openDoor(undefined);
    await advance("1m");
    await expect(run.result()).resolves.toBe("after");
    expect(codes()).toEqual(["WAITS_OUTSIDE"]);
  });

  test("ends when it is cancelled, with the reason why its clean-up did not run", async () => {
    begin({ stallTimeout: "10s" });
    const run = await start(awaitsAPromise, []);
    await advance("1m");
    expect(await run.cancel("enough")).toBe(true);
    await advance("9s");
    expect(await run.status()).toBe("running"); // it may still continue, and clean up
    await advance("2s");
    expect(await run.status()).toBe("cancelled");
    await expect(run.result()).rejects.toMatchObject({
      name: "CancelledError",
      reason: "enough",
      cause: { code: "WAITS_OUTSIDE" },
    });
    expect(codes()).toEqual(["WAITS_OUTSIDE", "CLEAN_UP_SKIPPED"]);
  });

  test("cleans up to its end, however long it waits, once it knows that it is cancelled", async () => {
    const { store } = begin({ stallTimeout: "10s" });
    const run = await start(awaitsInCleanUp, []);
    await run.cancel();
    await advance("1h");
    expect([await run.status(), codes()]).toEqual(["running", ["WAITS_OUTSIDE"]]);
    openDoor(undefined);
    await advance("1m");
    expect(await run.status()).toBe("cancelled");
    expect((await store.steps(run.id)).map(({ id }) => id)).toContain("ok[0]");
  });

  test("is reported when a limiter that runs share began its call in another run, which ended", async () => {
    begin({ stallTimeout: "10s" });
    limit = careless();
    const runs = [];
    for (let id = 0; id < 3; id++) runs.push(await start(limited, [id]));
    await advance("11s");
    const waiting = reports.filter(({ code }) => code === "WAITS_OUTSIDE").map(({ message }) => message);
    const statuses = await Promise.all(runs.map(async (run) => run.status()));
    expect(statuses).toContain("running");
    expect(waiting).toHaveLength(statuses.filter((status) => status === "running").length);
    for (const message of waiting) expect(message).toMatch(/its last step was ok\[0\]/);
  });

  test("is not reported while a durable call of it is pending, or when it has ended", async () => {
    begin({ stallTimeout: "1s" });
    await start(sleeper, ["reported"]);
    await start(fireAndForget, []);
    await advance("1h");
    expect(codes()).toEqual([]);
  });
});

async function mail(to: string): Promise<void> {
  "use task";
  sent.push(to);
}
const sent: string[] = [];

async function fireAndForget(): Promise<string> {
  "use workflow";
  void mail("somebody");
  return "sent";
}

test("a task that is called last and not awaited still begins", async () => {
  begin();
  sent.length = 0;
  await expect(fireAndForget()).resolves.toBe("sent");
  expect(sent).toEqual(["somebody"]);
});
