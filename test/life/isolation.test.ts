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
  await store.cancel({ run: run.id, reason: '1:[["Money",1],5]', now: Date.now() });
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
