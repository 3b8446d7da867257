/** R13: every waiting run can be woken. */
import { describe, expect, onTestFinished, test } from "vitest";
import { close, complete, configure, getRun, memoryStore, recover, signal, sleep, start, type Store } from "perdure";
import { advance, settled, setup } from "perdure/testing";
import { wrapStore, type StoreMethod } from "../../packages/store/src/wrap-store.ts";
import { withoutSteps } from "../stores.ts";
import { turns } from "../event-loop.ts";

async function work(text: string): Promise<string> {
  "use task: retries=0";
  return text;
}

export async function inner(text: string): Promise<string> {
  "use workflow";
  return work(text);
}

export async function outer(id: string): Promise<string> {
  "use workflow: id=outer-{id}";
  return `outer ${await inner(id)}`;
}

export async function nap(_id: string): Promise<string> {
  "use workflow: id=nap-{_id}";
  await sleep("1h");
  return work("awake");
}

export async function waits(_id: string): Promise<unknown> {
  "use workflow: id=waits-{_id}";
  return signal("go", { timeout: "1h" }).catch((error: Error) => error.name);
}

function begin(options: Parameters<typeof setup>[0] = {}): ReturnType<typeof setup> {
  onTestFinished(close);
  return setup({ logLevel: "silent", pollInterval: "1s", lease: "1h", suspendAfter: "1m", ...options });
}

describe("a parent whose child has just ended", () => {
  /** Calls `leave` when the child's outcome is on its way into the parent's record. */
  const leaving = (leave: () => void): Parameters<typeof setup>[0] => ({
    onStep: (event, run, step) => {
      if (event === "executed" && run === "outer-1" && step === "inner[0]") process.nextTick(leave);
    },
  });

  test.each(["sealed", "committed"])("is resumed after close(), when the outcome is only %s", async (when) => {
    const store = memoryStore();
    begin({ store, ...leaving(() => void (when === "sealed" ? close() : setImmediate(() => void close()))) });
    start(outer, ["1"]).then(
      (run) => run.result().catch(() => {}),
      () => {},
    );
    await settled().catch(() => {});
    await close();
    expect(["pending", "completed"]).toContain((await store.getRun("outer-1"))?.status);
    begin({ store });
    await recover();
    await expect((await getRun("outer-1")).result()).resolves.toBe("outer 1");
  });

  test("is resumed when close() comes between its open step and the child's row", async () => {
    const store = memoryStore();
    const onStep = (event: string, _run: string, step: string): void => {
      if (event === "waiting" && step === "inner[0]") queueMicrotask(() => void close());
    };
    begin({ store, onStep });
    await start(outer, ["1"]).then(
      (run) => run.result().catch(() => {}),
      () => {},
    );
    await close();
    expect((await store.getRun("outer-1"))?.status).toBe("pending");
    begin({ store });
    await recover();
    await expect((await getRun("outer-1")).result()).resolves.toBe("outer 1");
  });
});

describe("a store that fails", () => {
  const failing = new Set<StoreMethod>();
  const faulty = (): Store =>
    wrapStore(withoutSteps(memoryStore()), (method, perform) => {
      if (failing.delete(method)) throw Object.assign(new Error("disk I/O error"), { code: "SQLITE_IOERR" });
      return perform();
    });

  test.each(["getRun", "claimRuns", "steps"] as const)(
    "once at %s does not lose a run whose sleep is over",
    async (method) => {
      begin({ store: faulty() });
      const run = await start(nap, ["1"]);
      await advance("5m");
      expect(await run.status()).toBe("waiting");
      failing.add(method);
      await advance("1h");
      await advance("1m");
      expect(await run.status()).toBe("completed");
    },
  );

  test("while a wait times out does not drop a delivery that was accepted before", async () => {
    const store = faulty();
    begin({ store, pollInterval: "20m", suspendAfter: "2h" });
    const run = await start(waits, ["1"]);
    await advance("1m");
    await store.deliver({ run: run.id, name: "go", payload: '1:["in time"]' }); // by another process
    failing.add("wakeups");
    await advance("2h");
    await expect(run.result()).resolves.toBe("in time");
  });
});

test("a signal from another process wakes a run behind any number of older runs of its workflow", async () => {
  const store = memoryStore();
  const { clock } = begin({ store });
  for (let i = 0; i < 1_001; i++) {
    const createdAt = clock.now() - 1_000_000 + i;
    const input = '1:[[1],"old"]';
    const code = { code: "c", modules: "{}", seed: "s" };
    await store.createRun({
      id: `old-${i}`,
      workflow: "waits",
      file: "old.ts",
      input,
      inputHash: "h",
      ...code,
      createdAt,
    });
  }
  const run = await start(waits, ["1"]);
  await advance("2m");
  expect(await run.status()).toBe("waiting");
  await store.deliver({ run: run.id, name: "go", payload: '1:["x"]' });
  await advance("2s");
  await expect(run.result()).resolves.toBe("x");
});

test("a commit that is never answered is sent again, and its run stays where it is", async () => {
  const inner = memoryStore();
  let commits = 0;
  const never = new Promise<never>(() => {});
  const store = wrapStore(inner, (method, perform) =>
    method === "commit" && ++commits === 1 ? never : Promise.resolve(perform()),
  );
  onTestFinished(close);
  configure({ store, logLevel: "silent", storeTimeout: 100, pollInterval: 20, lease: 60_000 });
  const run = await start(inner1, ["1"]);
  await expect(run.result()).resolves.toBe("1");
  expect((await inner.getRun(run.id))?.epoch).toBe(1);
});

export async function inner1(id: string): Promise<string> {
  "use workflow: id=inner-{id}";
  return work(id);
}

test("a follower of a due run whose workflow is not loaded polls, and reports what is missing", async () => {
  const reads: string[] = [];
  const store = wrapStore(memoryStore(), (method, perform) => {
    reads.push(method);
    return perform();
  });
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const { clock } = begin({ store, logLevel: "warn", logger: { debug() {}, info() {}, warn: log, error: log } });
  const code = { code: "c", modules: "{}", seed: "s" };
  await store.createRun({
    id: "r",
    workflow: "elsewhere",
    file: "b.ts",
    input: "1:[[]]",
    inputHash: "h",
    ...code,
    createdAt: clock.now(),
  });
  const run = await getRun("r");
  run.result().catch(() => {});
  await settled();
  reads.length = 0;
  await advance("10s");
  expect(reads.filter((method) => method === "getRun").length).toBeLessThanOrEqual(25);
  expect(lines.join("\n")).toMatch(/no loaded module has the workflow elsewhere \(b\.ts\) of run r/);
  expect(lines).toHaveLength(1);
});

test("recover() also resumes the runs of modules that are loaded later, and reports the others", async () => {
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const { clock, store } = begin({ logLevel: "warn", logger: { debug() {}, info() {}, warn: log, error: log } });
  const code = { code: "c", modules: "{}", seed: "s" };
  const row = { input: '1:[[1],"late"]', inputHash: "h", ...code, createdAt: clock.now() };
  await store.createRun({ id: "late-1", workflow: "lateWorkflow", file: "test/life/late.ts", ...row });
  await store.createRun({ id: "never-1", workflow: "neverLoaded", file: "never.ts", ...row });
  expect(await recover()).toEqual([]);
  expect(lines.join("\n")).toMatch(/lateWorkflow .* of run late-1/s);
  expect(lines.join("\n")).toMatch(/neverLoaded .* of run never-1/s);
  await import("./late.ts");
  await settled();
  expect(await (await getRun("late-1")).status()).toBe("completed"); // result() would execute the run itself
});

test("recover() resumes the runs of a module that is loaded while the store answers", async () => {
  let loading: Promise<unknown> | undefined;
  const store = wrapStore(memoryStore(), async (method, perform) => {
    if (method === "unfinished") await (loading ??= import("./late-again.ts"));
    return perform();
  });
  const { clock } = begin({ store });
  const code = { code: "c", modules: "{}", seed: "s" };
  const row = { input: '1:[[1],"it"]', inputHash: "h", ...code, createdAt: clock.now() };
  await store.createRun({ id: "again-1", workflow: "lateAgain", file: "test/life/late-again.ts", ...row });
  expect(await recover()).toEqual([]);
  await settled();
  expect(await (await getRun("again-1")).status()).toBe("completed"); // result() would execute the run itself
});

test("recover({ workflows }) reports what it cannot resume, and resumes it when its module is loaded", async () => {
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const { clock, store } = begin({ logLevel: "warn", logger: { debug() {}, info() {}, warn: log, error: log } });
  const code = { code: "c", modules: "{}", seed: "s" };
  const row = { input: '1:[[1],"it"]', inputHash: "h", ...code, createdAt: clock.now() };
  const file = "test/life/late-by-name.ts";
  await store.createRun({ id: "wanted", workflow: "lateByName", file, ...row });
  await store.createRun({ id: "not-wanted", workflow: "lateAndNotWanted", file, ...row });
  expect(await recover({ workflows: ["lateByName"] })).toEqual([]);
  expect(lines.join("\n")).toMatch(/lateByName .* of run wanted/s);
  expect(lines.join("\n")).not.toMatch(/not-wanted/);
  await import("./late-by-name.ts");
  await settled();
  expect(await (await getRun("wanted")).status()).toBe("completed");
  expect(await (await getRun("not-wanted")).status()).toBe("pending");
});

test("recover() reports a run whose workflow is not loaded, however many other runs are unfinished", async () => {
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const { clock, store } = begin({ logLevel: "warn", logger: { debug() {}, info() {}, warn: log, error: log } });
  const lease = { owner: "another machine", ms: 3_600_000 };
  const row = { input: "1:[[1]]", inputHash: "h", code: "c", modules: "{}", seed: "s", file: "x.ts" };
  for (let i = 0; i < 1_500; i++)
    await store.createRun({ id: `r${i}`, workflow: "nap", ...row, lease, createdAt: clock.now() + i });
  await store.createRun({ id: "last", workflow: "neverLoaded", ...row, createdAt: clock.now() + 2_000 });
  await recover();
  expect(lines.join("\n")).toMatch(/neverLoaded .* of run last/s);
});

test("deliveries to one run that waits for many signals are read together", async () => {
  let reads = 0;
  const store = wrapStore(memoryStore(), (method, perform) => {
    if (method === "wakeups") reads++;
    return perform();
  });
  begin({ store, pollInterval: "1h", lease: "10h", suspendAfter: "3h" });
  const run = await start(many, [500]);
  await settled();
  reads = 0;
  for (let i = 0; i < 500; i++) await complete(run.id, `s${i}`, i);
  await expect(run.result()).resolves.toBe(500);
  expect(reads).toBeLessThan(20);
});

export async function many(count: number): Promise<number> {
  "use workflow: id=many-{count}";
  return (await Promise.all(Array.from({ length: count }, (_, i) => signal(`s${i}`)))).length;
}

test("a task that runs beside a child finishes and is recorded while close() waits for it", async () => {
  const store = memoryStore();
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  async function slow(): Promise<string> {
    "use task: retries=0";
    await gate;
    return "done";
  }
  const both = async (): Promise<string[]> => {
    "use workflow: id=both";
    return Promise.all([slow(), nap("1")]);
  };
  const logged: string[] = [];
  const logger = { debug() {}, info() {}, warn() {}, error: (message: string) => void logged.push(message) };
  begin({ store, logger, logLevel: "error" });
  await start(both, []);
  await turns(30);
  const closed = close();
  await turns(30);
  open();
  await closed;
  expect((await store.steps("both")).map(({ id, state }) => [id, state])).toContainEqual(["slow[0]", "completed"]);
  expect(logged).toEqual([]);
});

// found by test/concurrency
test("a run does not leave memory before the deliveries are read that came while it was not there", async () => {
  const turns = async (): Promise<void> => {
    for (let count = 0; count < 5; count++) await new Promise((resolve) => setImmediate(resolve));
  };
  let claims = 0;
  const store = wrapStore(memoryStore(), (method, perform) => {
    if (method === "claimRuns") claims++;
    if (method !== "wakeups") return perform();
    return new Promise((resolve) => environment.clock.at(environment.clock.now() + 50, () => resolve(perform())));
  });
  const environment = begin({ store, suspendAfter: "10ms" });
  const run = await start(waits, ["slowly"]);
  run.result().catch(() => {});
  await environment.clock.advance(5000, turns);
  expect(await run.status()).toBe("waiting");
  await complete(run.id, "go", "gone");
  await environment.clock.advance(5000, turns);
  expect(await run.status()).toBe("completed");
  expect(claims).toBe(1);
});

test("a store that refuses every write of an owner is asked less and less often", async () => {
  let claims = 0;
  const store = wrapStore(memoryStore(), (method, perform, args) => {
    if (method === "claimRuns") claims++;
    if (method === "commit") return (args[0] as unknown[]).map(() => false) as never;
    return perform();
  });
  begin({ store, maxStalls: 1_000_000 });
  const run = await start(nap, ["refused"]);
  run.result().catch(() => {});
  await advance("1m");
  expect(claims).toBeGreaterThan(2);
  expect(claims).toBeLessThan(40);
});
