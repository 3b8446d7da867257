import { expect, onTestFinished, test } from "vitest";
import { close, configure, getRun, memoryStore, recover, sleep, start, type Run, type Store } from "perdure";
import { advance, setup, type TestRuntime } from "perdure/testing";

const log: string[] = [];
const down = { pay: false, clean: false };

async function pay(what: string): Promise<string> {
  "use task: retries=0";
  log.push(`pay ${what}`);
  if (down.pay) throw new Error("no money");
  return `paid ${what}`;
}

async function clean(what: string): Promise<string> {
  "use task: retries=0";
  log.push(`clean ${what}`);
  if (down.clean) throw new Error("no broom");
  return `cleaned ${what}`;
}

async function withFinally(): Promise<string> {
  "use workflow: id=run";
  try {
    return await pay("x");
  } finally {
    await clean("after");
  }
}

async function withCatch(): Promise<string> {
  "use workflow: id=run";
  try {
    return await pay("x");
  } catch (error) {
    await clean("failed");
    throw error;
  }
}

async function tells(): Promise<string[]> {
  "use workflow: id=run";
  const first = await clean("before");
  let paid: string;
  try {
    paid = await pay("x");
  } catch (error) {
    await clean("sorry");
    throw error;
  }
  return [first, paid, await clean("thanks"), await clean("sorry")];
}

async function settles(): Promise<string> {
  "use workflow: id=run";
  const results = await Promise.allSettled([pay("a"), Promise.all(["b", "c"].map(async (what) => clean(what)))]);
  const failed = results.find(({ status }) => status === "rejected");
  if (failed) throw new Error("not all", { cause: (failed as PromiseRejectedResult).reason });
  return "all";
}

async function sleeps(): Promise<string> {
  "use workflow: id=run";
  try {
    return await pay("x");
  } catch (error) {
    await clean("failed");
    await sleep("1h");
    throw error;
  }
}

async function failing(workflow: () => Promise<unknown>): Promise<{ readonly run: Run; readonly test: TestRuntime }> {
  log.length = 0;
  Object.assign(down, { pay: true, clean: false });
  const test = setup();
  onTestFinished(close);
  const run = await start(workflow, []);
  await advance("2h");
  await expect(run.result()).rejects.toThrow();
  return { run, test };
}

test("a failed step that was cleaned up after is tried again, and its clean-up is not", async () => {
  const { run } = await failing(withFinally);
  down.pay = false;
  expect(await run.retry()).toBe(true);
  expect(await run.result()).toBe("paid x");
  expect(log).toEqual(["pay x", "clean after", "pay x"]);
});

test("a clean-up that is not come to again is left behind", async () => {
  const { run } = await failing(withCatch);
  down.pay = false;
  await run.retry();
  expect(await run.result()).toBe("paid x");
  expect(log).toEqual(["pay x", "clean failed", "pay x"]);
});

test("it fails again, and again", async () => {
  const { run } = await failing(withCatch);
  for (let attempt = 2; attempt < 5; attempt++) {
    await run.retry();
    await expect(run.result()).rejects.toThrow("no money");
    expect(log.filter((line) => line === "pay x")).toHaveLength(attempt);
  }
  expect(log.filter((line) => line === "clean failed")).toHaveLength(1);
});

test("a step of the path that was left behind is not taken for another one of its name", async () => {
  const { run, test } = await failing(tells);
  down.pay = false;
  await run.retry();
  expect(await run.result()).toEqual(["cleaned before", "paid x", "cleaned thanks", "cleaned sorry"]);
  expect(log).toEqual(["clean before", "pay x", "clean sorry", "pay x", "clean thanks", "clean sorry"]);
  expect((await test.store.steps("run")).map(({ id }) => id)).toEqual([
    "clean[0]",
    "clean[1]",
    "pay[0]",
    "clean[2]",
    "clean[3]",
  ]);
});

test("the retried run survives a crash at any of its steps", async () => {
  for (let turns = 0; turns < 12; turns++) {
    const { run, test } = await failing(tells);
    down.pay = false;
    await run.retry();
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
    test.crash();
    await recover();
    expect(await (await getRun("run")).result()).toEqual([
      "cleaned before",
      "paid x",
      "cleaned thanks",
      "cleaned sorry",
    ]);
    await close();
  }
});

test("a failure that only reaches the end through allSettled is tried again; finished branches are not", async () => {
  const { run } = await failing(settles);
  down.pay = false;
  await run.retry();
  expect(await run.result()).toBe("all");
  expect(log).toEqual(["pay a", "clean b", "clean c", "pay a"]);
});

test("calling the workflow again is a retry too, also of one whose clean-up waited", async () => {
  await failing(sleeps);
  down.pay = false;
  expect(await sleeps()).toBe("paid x");
  expect(log).toEqual(["pay x", "clean failed", "pay x"]);
});

test("close() waits for a run that is about to begin, and gives it back", async () => {
  log.length = 0;
  down.pay = false;
  const inner = memoryStore();
  const slowly = async <T>(value: T): Promise<Awaited<T>> => {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    return await value;
  };
  let closed = false;
  const store: Store = {
    ...inner,
    createRun: (run) => slowly(inner.createRun(run)),
    close: () => void (closed = true),
  };
  configure({ store });
  const starting = start(withFinally, []).catch((error: unknown) => error);
  await new Promise((resolve) => setImmediate(resolve));
  await close();
  expect(closed).toBe(true);
  expect(log).toEqual([]);
  await starting;
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(log).toEqual([]);
  const row = await inner.getRun("run");
  expect(row).toMatchObject({ status: "pending" });
  expect(row?.owner).toBeUndefined();
});
