/** R4: a task that is called inside a task is a step of its own. */
import { describe, expect, onTestFinished, test } from "vitest";
import { CancelledError, close, start, taskContext, type PerdureError } from "perdure";
import { advance, crashEverywhere, settled, setup } from "perdure/testing";
import { stores } from "../stores.ts";

const log: string[] = [];
/** How often a task of this name fails from now on. */
const failures = new Map<string, number>();
const reports: PerdureError[] = [];
let onCall: (name: string) => void = () => {};

function begin(options: Parameters<typeof setup>[0] = {}): ReturnType<typeof setup> {
  log.length = reports.length = 0;
  failures.clear();
  onCall = () => {};
  onTestFinished(close);
  return setup({ logLevel: "silent", onReport: (error) => void reports.push(error), ...options });
}

function act(name: string): string {
  log.push(name);
  onCall(name);
  const left = failures.get(name) ?? 0;
  failures.set(name, left - 1);
  if (left > 0) throw new Error(`${name} failed`);
  return `did ${name}`;
}

async function once(name: string): Promise<string> {
  "use task: retries=0";
  return act(name);
}

async function flaky(name: string): Promise<string> {
  "use task: retries=3, backoff=constant(1m)";
  return act(name);
}

const stepsOf = async (store: ReturnType<typeof setup>["store"], run: string): Promise<string[]> =>
  (await store.steps(run)).map(({ id, state }) => `${id} ${state}`);

describe.each(Object.entries(stores))("a task inside a task, %s store", (_, makeStore) => {
  async function both(): Promise<string[]> {
    "use task: retries=1, backoff=constant(1m)";
    const results = [await once("a"), await once("b")];
    act("both");
    return results;
  }

  async function flow(): Promise<string[]> {
    "use workflow: id=flow";
    return both();
  }

  test("has a checkpoint of its own, under the id of the calling step, with the place of its call", async () => {
    const { store } = begin({ store: makeStore() });
    expect(await (await start(flow, [])).result()).toEqual(["did a", "did b"]);
    expect((await store.steps("flow")).map(({ location }) => location)).toEqual([
      expect.stringMatching(/inner-tasks\.test\.ts:\d+:28$/),
      expect.stringMatching(/inner-tasks\.test\.ts:\d+:45$/),
      expect.stringMatching(/inner-tasks\.test\.ts:\d+:12$/),
    ]);
    expect(await stepsOf(store, "flow")).toEqual([
      "both[0]//once[0] completed",
      "both[0]//once[1] completed",
      "both[0] completed",
    ]);
  });

  test("does not run again in the next attempt of the calling task", async () => {
    begin({ store: makeStore() });
    failures.set("both", 1);
    const run = await start(flow, []);
    await advance("1h");
    expect(await run.result()).toEqual(["did a", "did b"]);
    expect(log).toEqual(["a", "b", "both", "both"]);
  });

  test("does not run again after a crash of the process", async () => {
    const { crash } = begin({ store: makeStore() });
    onCall = (name) => name === "b" && crash();
    await start(flow, []);
    await settled();
    onCall = () => {};
    const run = await start(flow, []);
    expect(await run.result()).toEqual(["did a", "did b"]);
    expect(log).toEqual(["a", "b", "b", "both"]);
  });
});

describe("retries of a task inside a task", () => {
  async function outer(): Promise<string> {
    "use task: retries=0";
    return flaky("inner");
  }

  async function flow(): Promise<string> {
    "use workflow: id=flow";
    return outer();
  }

  test("are its own", async () => {
    begin();
    failures.set("inner", 2);
    const run = await start(flow, []);
    await advance("90s");
    expect(log).toHaveLength(2);
    await advance("1m");
    expect(await run.result()).toBe("did inner");
    expect(log).toHaveLength(3);
  });

  test("are counted over a crash, and the wait between them is not shortened", async () => {
    const { crash } = begin();
    failures.set("inner", 9);
    await start(flow, []);
    await advance("90s");
    expect(log).toHaveLength(2);
    crash();
    const run = await start(flow, []);
    run.result().catch(() => {});
    await advance("29s");
    expect(log).toHaveLength(2);
    await advance("1h");
    await expect(run.result()).rejects.toThrow("inner failed");
    expect(log).toHaveLength(4);
  });

  async function catching(): Promise<string> {
    "use task: retries=1, backoff=constant(1m)";
    const card = await once("card").catch(() => once("invoice"));
    act("receipt");
    return card;
  }

  async function order(): Promise<string> {
    "use workflow: id=order";
    return catching();
  }

  test("a failure that the calling task handled is the same in its next attempt", async () => {
    begin();
    failures.set("card", 1).set("receipt", 1);
    const run = await start(order, []);
    await advance("1h");
    expect(await run.result()).toBe("did invoice");
    expect(log).toEqual(["card", "invoice", "receipt", "receipt"]);
  });

  async function wrapping(): Promise<string> {
    "use task: retries=1, backoff=constant(1m)";
    try {
      return await once("card");
    } catch (cause) {
      throw new Error("not paid", { cause });
    }
  }

  async function payment(): Promise<string> {
    "use workflow: id=payment";
    return wrapping();
  }

  test("a failure that ended the attempt of the calling task is tried again in the next", async () => {
    const { store } = begin();
    failures.set("card", 1);
    const run = await start(payment, []);
    await advance("1h");
    expect(await run.result()).toBe("did card");
    expect(await stepsOf(store, "payment")).toEqual([
      "wrapping[0]//once[0] failed",
      "wrapping[0]//once~1[0] completed",
      "wrapping[0] completed",
    ]);
  });

  test("it is tried again after a crash between the attempts, and when the run is tried again", async () => {
    const { crash } = begin();
    failures.set("card", 2);
    await start(payment, []);
    await settled();
    crash();
    const run = await start(payment, []);
    run.result().catch(() => {});
    await advance("1h");
    expect(await run.status()).toBe("failed");
    const again = await start(payment, [], { ifFailed: "retry" });
    await advance("1h");
    expect(await again.result()).toBe("did card");
    expect(log).toEqual(["card", "card", "card"]);
  });
});

describe("calls in a task need not come in the same order again", () => {
  let order: readonly string[] = [];

  async function many(): Promise<string[]> {
    "use task: retries=1, backoff=constant(1m)";
    const results: string[] = [];
    for (const name of order) results.push(await once(name));
    act("many");
    return results;
  }

  async function flow(): Promise<string[]> {
    "use workflow: id=flow";
    return many();
  }

  test("each finds its record by its input; equal calls are counted", async () => {
    begin();
    order = ["a", "b", "a"];
    failures.set("many", 1);
    onCall = (name) => void (name === "many" && (order = ["b", "a", "c", "a", "a"]));
    const run = await start(flow, []);
    await advance("1h");
    expect(await run.result()).toEqual(["did b", "did a", "did c", "did a", "did a"]);
    expect(log).toEqual(["a", "b", "a", "many", "c", "a", "many"]);
  });

  const orders = {
    async create(id: number): Promise<string> {
      "use task";
      return act(`order ${id}`);
    },
  };
  const users = {
    async create(id: number): Promise<string> {
      "use task";
      return act(`user ${id}`);
    },
  };

  async function alike(): Promise<string[]> {
    "use task: retries=1, backoff=constant(1m)";
    const results = order.length === 0 ? [await orders.create(1)] : [];
    results.push(await users.create(1));
    act("alike");
    return results;
  }

  async function pair(): Promise<string[]> {
    "use workflow: id=pair";
    return alike();
  }

  test("two tasks of one name and input do not get each other's results", async () => {
    begin();
    order = [];
    failures.set("alike", 1);
    onCall = (name) => void (name === "alike" && (order = ["only users"]));
    const run = await start(pair, []);
    await advance("1h");
    expect(await run.result()).toEqual(["did user 1"]);
    expect(log).toEqual(["order 1", "user 1", "alike", "alike"]);
  });
});

test("tasks inside tasks inside tasks keep everything over every crash", async () => {
  async function leaf(n: number): Promise<number> {
    "use task";
    return n * 10;
  }
  async function branch(n: number): Promise<number> {
    "use task: backoff=constant(1s)";
    const [a, b] = await Promise.all([leaf(n), leaf(n + 1)]);
    if (taskContext().attempt === 1 && n === 2) throw new Error("once more");
    return (a ?? 0) + (b ?? 0);
  }
  async function tree(): Promise<number> {
    "use task";
    const [a, b] = await Promise.all([branch(0), branch(2)]);
    return (a ?? 0) + (b ?? 0);
  }
  async function forest(): Promise<number[]> {
    "use workflow: id=forest";
    return Promise.all([tree(), leaf(7)]);
  }
  const { steps } = await crashEverywhere(forest, []);
  expect(steps.map((step) => step.slice(step.indexOf(" ") + 1)).sort()).toEqual([
    "leaf[0]",
    "tree[0]",
    "tree[0]//branch[0]",
    "tree[0]//branch[0]//leaf[0]",
    "tree[0]//branch[0]//leaf[1]",
    "tree[0]//branch[1]",
    "tree[0]//branch[1]//leaf[0]",
    "tree[0]//branch[1]//leaf[1]",
  ]);
});

describe("a cancellation during a task inside a task", () => {
  const gate = { open: (): void => {}, opened: Promise.resolve() };

  async function slow(name: string): Promise<string> {
    "use task: retries=0";
    await gate.opened;
    return act(name);
  }

  async function three(): Promise<string> {
    "use task: retries=0";
    await slow("a");
    try {
      return await slow("b");
    } catch (error) {
      return error instanceof CancelledError ? "b was refused" : "?";
    }
  }

  async function flow(): Promise<string> {
    "use workflow: id=flow";
    return three();
  }

  test("lets it end with its real outcome, and refuses the next one", async () => {
    const { store } = begin();
    gate.opened = new Promise((resolve) => (gate.open = resolve));
    const run = await start(flow, []);
    await new Promise((resolve) => setImmediate(resolve));
    await run.cancel();
    gate.open();
    await settled();
    expect(log).toEqual(["a"]);
    expect(await stepsOf(store, "flow")).toContain("three[0]//slow[0] completed");
    expect(await stepsOf(store, "flow")).toContain("three[0] completed");
  });
});

describe("a task that its caller does not await", () => {
  async function leaves(): Promise<string> {
    "use task";
    void flaky("left");
    return "done";
  }
  async function flow(): Promise<string> {
    "use workflow: id=flow";
    return leaves();
  }

  test("ends before its caller", async () => {
    const { store } = begin();
    failures.set("left", 1);
    const run = await start(flow, []);
    await advance("1h");
    expect(await run.result()).toBe("done");
    expect(await stepsOf(store, "flow")).toEqual(["leaves[0]//flaky[0] completed", "leaves[0] completed"]);
  });

  const outcomes: Promise<unknown>[] = [];
  const keep = (outcome: Promise<unknown>): void => void outcomes.push(outcome);
  async function callsLater(): Promise<void> {
    "use task";
    const later = new Promise((resolve) => setTimeout(resolve, 20)).then(() => once("too late"));
    keep(later.catch((error: Error) => error.message));
  }
  async function flowLater(): Promise<void> {
    "use workflow: id=flow-later";
    await callsLater();
  }

  test("is refused once its caller has ended", async () => {
    begin();
    await (await start(flowLater, [])).result();
    expect(await outcomes[0]).toMatch(/once was called in run flow-later .*callsLater/);
    expect(log).toEqual([]);
  });
});

test("the time limit of the calling task aborts the attempt in flight; the next attempt waits for the same step", async () => {
  const aborted: string[] = [];
  const note = (reason: unknown): void => void aborted.push((reason as Error).name);
  async function inner(): Promise<string> {
    "use task: retries=1, backoff=constant(30s)";
    const { signal, attempt } = taskContext();
    if (attempt > 1) return act("inner");
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    note(signal.reason);
    throw new Error("aborted");
  }
  async function outer(): Promise<string> {
    "use task: retries=1, backoff=constant(1s), timeout=1m";
    return inner();
  }
  async function flow(): Promise<string> {
    "use workflow: id=flow";
    return outer();
  }
  const { store } = begin();
  const run = await start(flow, []);
  await advance("1h");
  expect(await run.result()).toBe("did inner");
  expect(aborted).toEqual(["TimeoutError"]);
  expect((await store.steps("flow")).map(({ id, attempt }) => `${id} ${attempt}`)).toEqual([
    "outer[0]//inner[0] 2",
    "outer[0] 2",
  ]);
});

test("a task inside a task that ends its process fails after its retries", async () => {
  let deaths = 0;
  let crash = (): void => {};
  const die = (): void => (deaths++, crash());
  async function deadly(): Promise<string> {
    "use task: retries=2, backoff=constant(0s)";
    die();
    return new Promise(() => {});
  }
  async function outer(): Promise<string> {
    "use task: retries=5, backoff=constant(0s)";
    return deadly().catch((error: Error) => error.name);
  }
  async function flow(): Promise<string> {
    "use workflow: id=flow";
    return outer();
  }
  ({ crash } = begin());
  await start(flow, []);
  let result: string | undefined;
  for (let lives = 0; result === undefined && lives < 20; lives++) {
    await settled();
    const run = await start(flow, []);
    run.result().then(
      (value) => (result = value),
      () => {}, // the process died
    );
    await advance("1s");
  }
  expect(result).toBe("ProcessDiedError");
  expect(deaths).toBeLessThanOrEqual(5);
});
