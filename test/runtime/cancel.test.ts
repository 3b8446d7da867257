import { expect, onTestFinished, test } from "vitest";
import { CancelledError, close, getRun, recover, signal, sleep, start, taskContext, type Run } from "perdure";
import { advance, crashEverywhere, settled, setup } from "perdure/testing";
import { until } from "../event-loop.ts";

const log: string[] = [];
const gate = { opened: Promise.resolve(), open: (): void => {} };

async function note(text: string): Promise<string> {
  "use task: retries=0";
  log.push(text);
  return text;
}

/** Fails when it is aborted. */
async function long(text: string): Promise<string> {
  "use task: timeout=30d, retries=5";
  log.push(`${text} begins`);
  const { signal } = taskContext();
  await new Promise((_, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }),
  );
  return text;
}

/** Ignores its abort signal. */
async function ignoresAbort(text: string): Promise<string> {
  "use task: retries=0";
  log.push(`${text} begins`);
  await gate.opened;
  log.push(text);
  return text;
}

async function inFlight(): Promise<string> {
  "use workflow: id=in-flight";
  try {
    return await long("work");
  } catch (error) {
    await note(error instanceof CancelledError ? `cancelled: ${String(error.reason)}` : "another error");
    throw error;
  }
}

async function branches(): Promise<unknown> {
  "use workflow: id=branches";
  const branch = async (name: string): Promise<string> => {
    try {
      for (;;) {
        await note(`${name} works`);
        await sleep("1h");
      }
    } catch {
      return note(`${name} undone`);
    }
  };
  return Promise.all([branch("a"), branch("b")]);
}

async function ignoresCancellation(): Promise<string> {
  "use workflow: id=swallows";
  await signal("never").catch(() => {});
  return note("continued");
}

async function afterTask(): Promise<string> {
  "use workflow: id=after-task";
  const done = await ignoresAbort("finished anyway");
  await note("not reached");
  return done;
}

async function child(): Promise<void> {
  "use workflow";
  try {
    await sleep("9d");
  } finally {
    await note("child undone");
  }
}

async function parent(): Promise<void> {
  "use workflow: id=parent";
  try {
    await child();
  } finally {
    await note("parent undone");
  }
}

async function begin(workflow: () => Promise<unknown>): Promise<Run> {
  log.length = 0;
  setup();
  onTestFinished(close);
  const run = await start(workflow, []);
  run.result().catch(() => {});
  await settled();
  return run;
}

test("cancelling a run aborts its running task, does not retry it and rejects the call with a CancelledError", async () => {
  const run = await begin(inFlight);
  await run.cancel("enough");
  await expect(run.result()).rejects.toMatchObject({ name: "CancelledError", reason: "enough" });
  expect(log).toEqual(["work begins", "cancelled: enough"]);
});

test("every branch of a cancelled run receives the CancelledError once and can clean up", async () => {
  const run = await begin(branches);
  await run.cancel();
  expect(await run.result()).toEqual(["a undone", "b undone"]);
  expect(log).toEqual(["a works", "b works", "a undone", "b undone"]);
  expect(await run.status()).toBe("completed");
});

test("a workflow that catches the CancelledError and continues completes", async () => {
  const run = await begin(ignoresCancellation);
  await run.cancel();
  expect(await run.result()).toBe("continued");
});

test("a task that completes during cancellation is recorded, and the next call is refused", async () => {
  log.length = 0;
  setup();
  onTestFinished(close);
  gate.opened = new Promise((resolve) => (gate.open = resolve));
  const run = await start(afterTask, []);
  await until(() => log.length > 0);
  await run.cancel();
  gate.open();
  await expect(run.result()).rejects.toBeInstanceOf(CancelledError);
  expect(log).toEqual(["finished anyway begins", "finished anyway"]);
});

test("a cancelled parent waits for its children to clean up", async () => {
  const run = await begin(parent);
  await run.cancel("all");
  await expect(run.result()).rejects.toMatchObject({ reason: "all" });
  expect(log).toEqual(["child undone", "parent undone"]);
  expect(await (await getRun("parent/child[0]")).status()).toBe("cancelled");
});

test("a run that is not in memory can be cancelled", async () => {
  log.length = 0;
  const test_ = setup();
  onTestFinished(close);
  const run = await start(parent, []);
  run.result().catch(() => {});
  await advance("5m");
  expect(await run.status()).toBe("waiting");
  test_.crash();
  await (await getRun("parent")).cancel("later");
  await expect((await getRun("parent")).result()).rejects.toMatchObject({ reason: "later" });
  expect(log).toEqual(["child undone", "parent undone"]);
  expect(await recover()).toEqual([]);
});

test("a cancelled run stays cancelled in every replay", async () => {
  const cancelsItself = async (): Promise<string> => {
    "use workflow";
    await note("first");
    await cancelRun();
    try {
      await Promise.all([sleep("1d"), note("second")]);
    } finally {
      await note("undone");
    }
    return "not reached";
  };
  const cancelRun = async (): Promise<boolean> => {
    "use task";
    return (await getRun(taskContext().runId)).cancel("self");
  };
  const { steps } = await crashEverywhere(cancelsItself, []);
  expect(steps).toContain("crash-everywhere {cancel}");
  expect(steps).toContain("crash-everywhere note[2]");
});
