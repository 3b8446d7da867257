import { describe, expect, onTestFinished, test } from "vitest";
import {
  close,
  complete,
  exponential,
  FatalError,
  getRun,
  keyed,
  linear,
  listRuns,
  recover,
  RetryableError,
  signal,
  sleep,
  start,
  taskContext,
  taskOptions,
  TimeoutError,
  workflowOptions,
  worker,
  CancelledError,
  constant,
} from "perdure";
import { advance, settled, setup, type TestRuntime } from "perdure/testing";
import { stores } from "../stores.ts";

/** The side effects of tasks, outside of any store. */
let log: string[] = [];
const failures = { left: 0 };

async function record(name: string): Promise<string> {
  "use task: retries=0";
  log.push(name);
  return `did ${name}`;
}

async function flaky(times: number): Promise<number> {
  "use task: retries=5, backoff=exponential(base=2)";
  log.push(`attempt ${taskContext().attempt}`);
  if (taskContext().attempt <= times) throw new Error(`failure ${taskContext().attempt}`);
  return taskContext().attempt;
}

async function breaks(): Promise<string> {
  "use task: retries=0";
  log.push("breaks");
  if (failures.left-- > 0) throw new TypeError("broken", { cause: { code: 7 } });
  return "repaired";
}

async function give(value: unknown): Promise<unknown> {
  "use task: retries=0";
  log.push("give");
  return value;
}

async function threeSteps(): Promise<string[]> {
  "use workflow";
  const first = await record("a");
  const second = await record("b");
  const third = await breaks();
  return [first, second, third];
}

async function loop(items: string[]): Promise<string[]> {
  "use workflow: id=loop";
  const done: string[] = [];
  for (const item of items) {
    done.push(await record(item));
    await sleep("1s");
  }
  return done;
}

async function twice(): Promise<string[]> {
  "use workflow";
  return [await record("same"), await record("same")];
}

async function other(): Promise<string> {
  "use workflow";
  return record("other");
}

async function retries(times: number): Promise<number> {
  "use workflow";
  return flaky(times);
}

async function template(order: { id: string }, part = "all"): Promise<string> {
  "use workflow: id=order-{order.id}-{part}";
  return record(`${order.id} ${part}`);
}

async function nothing(): Promise<unknown[]> {
  "use workflow: id=nothing";
  const values = [await give(undefined), await give(null), await give(undefined)];
  await sleep("1h");
  return values;
}

async function approval(): Promise<unknown> {
  "use workflow: id=approval";
  await record("before");
  const answer = await signal("answer");
  await record("after");
  return answer;
}

async function severalSignals(): Promise<unknown[]> {
  "use workflow: id=several";
  const both = await Promise.all([signal("left"), signal("right")]);
  return [...both, await signal("left")];
}

async function impatient(): Promise<string> {
  "use workflow: id=impatient";
  try {
    return String(await signal("never", { timeout: "2h" }));
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    return record("timed out");
  }
}

async function compensates(): Promise<string> {
  "use workflow: id=compensates";
  try {
    await record("charge");
    await sleep("3d");
    return await record("ship");
  } finally {
    await record("refund");
  }
}

async function parent(n: number): Promise<string[]> {
  "use workflow: id=parent";
  const first = await child(n);
  const second = await child(n);
  return [first, second];
}

async function child(n: number): Promise<string> {
  "use workflow";
  await sleep("1h");
  return record(`child ${n}`);
}

async function starts(): Promise<string> {
  "use workflow: id=starts";
  const run = await start(other, []);
  return run.id;
}

async function handlesOne(): Promise<string> {
  "use workflow: id=handles";
  try {
    await breaks();
  } catch {
    await record("handled");
  }
  return breaks();
}

let test_: TestRuntime;

describe.each(Object.entries(stores))("the runtime on the %s store", (_, make) => {
  function begin(options: Parameters<typeof setup>[0] = {}): TestRuntime {
    log = [];
    failures.left = 0;
    test_ = setup({ store: make(), ...options });
    onTestFinished(close);
    return test_;
  }

  test("calling a failed workflow again replays its finished steps and executes the failed one", async () => {
    begin();
    failures.left = 1;
    await expect(threeSteps()).rejects.toThrow("broken");
    expect(log).toEqual(["a", "b", "breaks"]);
    expect(await threeSteps()).toEqual(["did a", "did b", "repaired"]);
    expect(log).toEqual(["a", "b", "breaks", "breaks"]);
    expect(await threeSteps()).toEqual(["did a", "did b", "repaired"]);
    expect(log).toHaveLength(4);
  });

  test("the error of a run keeps its class, message and cause", async () => {
    begin();
    failures.left = 1;
    const run = await start(threeSteps, []);
    const error: unknown = await run.result().catch((error: unknown) => error);
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: "broken", cause: { code: 7 } });
  });

  test("every loop iteration has its own checkpoint, which survives a crash", async () => {
    const { crash, store } = begin();
    void loop(["x", "y", "z"]).catch(() => {});
    await advance("1500ms");
    expect(log).toEqual(["x", "y"]);
    crash();
    const [run] = await recover();
    await advance("10s");
    expect(await run?.result()).toEqual(["did x", "did y", "did z"]);
    expect(log).toEqual(["x", "y", "z"]);
    const ids = (await store.steps("loop")).map(({ id }) => id);
    expect(ids).toEqual([
      "for[0]/record[0]",
      "for[0]/sleep[0]",
      "for[1]/record[0]",
      "for[1]/sleep[0]",
      "for[2]/record[0]",
      "for[2]/sleep[0]",
    ]);
  });

  test("every call of a task is a step of its own, within a workflow and across workflows", async () => {
    const { store } = begin();
    expect(await twice()).toEqual(["did same", "did same"]);
    expect(await other()).toBe("did other");
    expect(log).toEqual(["same", "same", "other"]);
    const runs = await listRuns();
    expect(runs.map(({ workflow }) => workflow)).toEqual(["other", "twice"]);
    expect((await store.steps(runs[1]?.id ?? "")).map(({ id }) => id)).toEqual(["record[0]", "record[1]"]);
  });

  test("the backoff exponential(base=2) waits 2, 4 and 8 seconds", async () => {
    const { clock, store } = begin();
    const started = clock.now();
    const times: number[] = [];
    const result = retries(3).then((value) => [value, clock.now() - started]);
    for (let second = 0; second < 15; second++) {
      const before = log.length;
      await advance("1s");
      if (log.length > before) times.push((clock.now() - started) / 1000);
    }
    expect(await result).toEqual([4, 14_000]);
    expect(times).toEqual([1, 2, 6, 14]);
    const [step] = await store.steps((await listRuns())[0]?.id ?? "");
    expect(step).toMatchObject({ id: "flaky[0]", attempt: 4 });
  });

  test("a crash neither resets the attempt count nor shortens the backoff", async () => {
    const { crash, clock } = begin();
    void retries(3).catch(() => {});
    await advance("3s");
    expect(log).toEqual(["attempt 1", "attempt 2"]);
    const due = clock.now() + 3000;
    crash();
    const [run] = await recover();
    await advance("2900ms");
    expect(log).toHaveLength(2);
    await advance("100ms");
    expect(clock.now()).toBe(due);
    expect(log).toEqual(["attempt 1", "attempt 2", "attempt 3"]);
    await advance("10s");
    expect(await run?.result()).toBe(4);
  });

  test("a step that returned undefined or null is not executed again", async () => {
    const { crash } = begin();
    void nothing().catch(() => {});
    await settled();
    crash();
    const [run] = await recover();
    await advance("1h");
    expect(await run?.result()).toEqual([undefined, null, undefined]);
    expect(log).toEqual(["give", "give", "give"]);
  });

  test("a run id comes from the template, a default or the caller", async () => {
    begin();
    await template({ id: "17" });
    await template({ id: "17" }, "rest");
    await other();
    await start(other, [], { id: "mine" }).then((run) => run.result());
    const ids = (await listRuns()).map(({ id }) => id);
    expect(ids).toEqual(["mine", expect.stringMatching(/^other-/), "order-17-rest", "order-17-all"]);
    expect(log).toEqual(["17 all", "17 rest", "other", "other"]);
  });

  test("an existing run id is refused with other arguments or for another workflow", async () => {
    begin();
    await loopNow(["x"]);
    await expect(loop(["y"])).rejects.toMatchObject({ code: "RUN_INPUT_DIFFERS" });
    await expect(start(other, [], { id: "loop" })).rejects.toMatchObject({ code: "RUN_WORKFLOW_DIFFERS" });
  });

  test("a task called outside a workflow is a plain function", async () => {
    begin();
    expect(await record("plain")).toBe("did plain");
    expect(await listRuns()).toEqual([]);
  });

  test("a wait for a signal receives the first delivery, and an ended run refuses deliveries", async () => {
    begin();
    const result = approval();
    await settled();
    expect(await complete("approval", "answer", "yes")).toBe(true);
    expect(await complete("approval", "answer", "no")).toBe(true);
    expect(await result).toBe("yes");
    expect(await complete("approval", "answer", "late")).toBe(false);
    expect(log).toEqual(["before", "after"]);
  });

  test("a signal can be delivered before the wait, and undefined is a valid payload", async () => {
    begin();
    const run = await start(approval, []);
    expect(await complete("approval", "answer", undefined)).toBe(true);
    expect(await run.result()).toBe(undefined);
    expect(log).toEqual(["before", "after"]);
  });

  test("a signal delivered after a crash is received by the recovered run", async () => {
    const { crash } = begin();
    await start(approval, []);
    await settled();
    crash();
    expect(await complete("approval", "answer", { ok: true })).toBe(true);
    const [run] = await recover();
    expect(await run?.result()).toEqual({ ok: true });
    expect(log).toEqual(["before", "after"]);
  });

  test("a signal can be delivered before the run exists", async () => {
    begin();
    expect(await complete("approval", "answer", "early")).toBe(true);
    expect(await approval()).toBe("early");
  });

  test("each wait for a signal receives a delivery of its own", async () => {
    begin();
    const result = severalSignals();
    await settled();
    expect(await complete("several", "right", 1)).toBe(true);
    expect(await complete("several", "left", 2)).toBe(true);
    await settled();
    expect(await complete("several", "left", 3)).toBe(true);
    expect(await complete("several", "left", 4)).toBe(true);
    expect(await result).toEqual([2, 1, 3]);
  });

  test("a wait for a signal can time out", async () => {
    begin();
    const result = impatient();
    await advance("2h");
    expect(await result).toBe("did timed out");
  });

  test("a cancelled workflow compensates before its run becomes cancelled", async () => {
    begin();
    const run = await start(compensates, []);
    const result = run.result();
    const checked = expect(result).rejects.toBeInstanceOf(CancelledError);
    await settled();
    expect(await run.cancel("changed my mind")).toBe(true);
    await checked;
    expect(log).toEqual(["charge", "refund"]);
    expect(await run.status()).toBe("cancelled");
    expect(await run.cancel()).toBe(false);
    await expect(run.result()).rejects.toMatchObject({ reason: "changed my mind" });
  });

  test("a cancellation survives a crash", async () => {
    const { crash } = begin();
    const run = await start(compensates, []);
    await settled();
    await run.cancel("stop");
    crash();
    const [recovered] = await recover();
    await expect(recovered?.result()).rejects.toMatchObject({ reason: "stop" });
    expect(log).toEqual(["charge", "refund"]);
  });

  test("a run with a long wait is suspended and resumes when it is due", async () => {
    const { store } = begin();
    const run = await start(compensates, []);
    const result = run.result();
    await advance("2m");
    expect(await run.status()).toBe("waiting");
    expect((await store.getRun(run.id))?.owner).toBeUndefined();
    await advance("3d");
    expect(await result).toBe("did ship");
    expect(log).toEqual(["charge", "ship", "refund"]);
  });

  test("every call of a child workflow is a run of its own", async () => {
    const { crash } = begin();
    void parent(1).catch(() => {});
    await advance("30m");
    crash();
    const runs = await recover();
    expect(runs.map(({ id }) => id).sort()).toEqual(["parent", "parent/child[0]"]);
    await advance("3h");
    expect(await (await getRun("parent")).result()).toEqual(["did child 1", "did child 1"]);
    expect(log).toEqual(["child 1", "child 1"]);
  });

  test("start() in a workflow starts the run only once", async () => {
    begin();
    const id = await starts();
    expect(await (await getRun(id)).result()).toBe("did other");
    expect(await starts()).toBe(id);
    expect(log).toEqual(["other"]);
  });

  test("a retry replays handled failures and executes the unhandled one again", async () => {
    begin();
    failures.left = 2;
    const run = await start(handlesOne, []);
    await expect(run.result()).rejects.toThrow("broken");
    expect(await run.status()).toBe("failed");
    expect(await run.retry()).toBe(true);
    expect(await run.result()).toBe("repaired");
    expect(log).toEqual(["breaks", "handled", "breaks", "breaks"]);
    expect(await run.retry()).toBe(false);
  });

  test("a worker resumes an abandoned run", async () => {
    const { crash } = begin();
    await start(loop, [["x", "y"]]);
    await settled();
    crash();
    const working = worker({ concurrency: 2 });
    await advance("5s");
    expect(await (await getRun("loop")).status()).toBe("completed");
    await working.stop();
    expect(log).toEqual(["x", "y"]);
  });

  async function loopNow(items: string[]): Promise<string[]> {
    const result = loop(items);
    await advance("1m");
    return result;
  }
});

describe("the options of a task", () => {
  const attempts: number[] = [];

  async function stubborn(kind: string): Promise<string> {
    "use task";
    attempts.push(taskContext().attempt);
    if (kind === "fatal") throw new FatalError("no use");
    if (kind === "later") throw new RetryableError("later", { retryAfter: "1h" });
    const { signal } = taskContext();
    if (kind === "slow")
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    throw new Error(kind);
  }

  async function tries(kind: string): Promise<string> {
    "use workflow";
    return stubborn(kind);
  }

  async function attempt(kind: string, wait: string): Promise<unknown> {
    attempts.length = 0;
    setup();
    onTestFinished(close);
    const outcome = tries(kind).catch((error: unknown) => error);
    await advance(wait as "1h");
    return outcome;
  }

  test("a FatalError is not retried", async () => {
    expect(await attempt("fatal", "1h")).toBeInstanceOf(FatalError);
    expect(attempts).toEqual([1]);
  });

  test("a RetryableError sets the time of the next attempt", async () => {
    taskOptions(stubborn, { retries: 1, backoff: constant("1s") });
    setup();
    onTestFinished(close);
    attempts.length = 0;
    const outcome = tries("later");
    outcome.catch(() => {});
    await advance("59m");
    expect(attempts).toEqual([1]);
    await advance("1m");
    expect(attempts).toEqual([1, 2]);
    await expect(outcome).rejects.toBeInstanceOf(RetryableError);
  });

  test("taskOptions sets retryIf, a timeout, and a linear or custom backoff", async () => {
    taskOptions(stubborn, {
      retries: 5,
      backoff: linear({ start: "1s", step: "2s" }),
      retryIf: (_, attempt) => attempt < 3,
    });
    expect(await attempt("plain", "4s")).toMatchObject({ message: "plain" });
    expect(attempts).toEqual([1, 2, 3]);
    taskOptions(stubborn, { retries: 2, backoff: (retry) => retry * 10, retryIf: () => true });
    expect(await attempt("plain", "30ms")).toMatchObject({ message: "plain" });
    expect(attempts).toEqual([1, 2, 3]);
    taskOptions(stubborn, { retries: 1, backoff: exponential({ base: 2 }), timeout: "5s" });
    expect(await attempt("slow", "12s")).toBeInstanceOf(TimeoutError);
    expect(attempts).toEqual([1, 2]);
  });
});

test("keyed() sets a part of the step id, and workflowOptions() sets the run id", async () => {
  const work = async (key: string): Promise<string> => {
    "use task";
    return key;
  };
  const flow = async (keys: string[]): Promise<string[]> => {
    "use workflow";
    return Promise.all(keys.map((key) => keyed(key, () => work(key))));
  };
  const { store } = setup();
  onTestFinished(close);
  workflowOptions(flow, { id: (keys) => `flow-${keys.join("-")}` });
  expect(await flow(["b", "a"])).toEqual(["b", "a"]);
  expect((await store.steps("flow-b-a")).map(({ id }) => id).sort()).toEqual([
    "map[0]/{b}/keyed[0]/work[0]",
    "map[1]/{a}/keyed[0]/work[0]",
  ]);
});
