import { expect, onTestFinished, test } from "vitest";
import { close, configure, getRun, memoryStore, recover, sleep, start, type Run, type Store } from "perdure";
import { advance, setup, type TestRuntime } from "perdure/testing";
import { turns } from "../event-loop.ts";

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

test("retrying a run by force executes its failed step again, but not the clean-up that followed", async () => {
  const { run } = await failing(withFinally);
  down.pay = false;
  expect(await run.retry({ force: true })).toBe(true);
  expect(await run.result()).toBe("paid x");
  expect(log).toEqual(["pay x", "clean after", "pay x"]);
});

test("a clean-up step that the retried run no longer reaches is discarded", async () => {
  const { run } = await failing(withCatch);
  down.pay = false;
  await run.retry({ force: true });
  expect(await run.result()).toBe("paid x");
  expect(log).toEqual(["pay x", "clean failed", "pay x"]);
});

test("a run that fails on every retry can be retried again", async () => {
  const { run } = await failing(withCatch);
  for (let attempt = 2; attempt < 5; attempt++) {
    await run.retry({ force: true });
    await expect(run.result()).rejects.toThrow("no money");
    expect(log.filter((line) => line === "pay x")).toHaveLength(attempt);
  }
  expect(log.filter((line) => line === "clean failed")).toHaveLength(1);
});

test("a step of the discarded path is not reused for another call of the same task", async () => {
  const { run, test } = await failing(tells);
  down.pay = false;
  await run.retry({ force: true });
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

test("a retried run survives a crash at any of its steps", async () => {
  for (let count = 0; count < 12; count++) {
    const { run, test } = await failing(tells);
    down.pay = false;
    await run.retry({ force: true });
    await turns(count);
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

test("a retry executes a step whose failure passed through allSettled, but not the completed branches", async () => {
  const { run } = await failing(settles);
  down.pay = false;
  await run.retry();
  expect(await run.result()).toBe("all");
  expect(log).toEqual(["pay a", "clean b", "clean c", "pay a"]);
});

test("calling a failed workflow again retries it, even if its clean-up included a sleep", async () => {
  await failing(sleeps);
  down.pay = false;
  expect(await sleeps()).toBe("paid x");
  expect(log).toEqual(["pay x", "pay x"]);
});

test("close() waits for a run that is being created and releases it", async () => {
  log.length = 0;
  down.pay = false;
  const inner = memoryStore();
  let closed = false;
  const store: Store = {
    ...inner,
    async createRun(run) {
      const created = await inner.createRun(run);
      await turns(5);
      return created;
    },
    close: () => void (closed = true),
  };
  configure({ store });
  const starting = start(withFinally, []).catch((error: unknown) => error);
  await turns(1);
  await close();
  expect(closed).toBe(true);
  expect(log).toEqual([]);
  await starting;
  await turns(20);
  expect(log).toEqual([]);
  const row = await inner.getRun("run");
  expect(row).toMatchObject({ status: "pending" });
  expect(row?.owner).toBeUndefined();
});
