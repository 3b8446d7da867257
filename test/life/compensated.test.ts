/** R7: a run that has compensated is not tried again from the middle; a restart begins it again from the top. */
import { describe, expect, onTestFinished, test } from "vitest";
import { close, complete, getRun, recover, shield, signal, sleep, start, taskContext, type Run } from "perdure";
import { advance, settled, setup } from "perdure/testing";
import { stores } from "../stores.ts";

const log: string[] = [];
const keys: string[] = [];
let stock = 0;

async function act(name: string): Promise<string> {
  "use task: retries=0";
  log.push(name);
  keys.push(taskContext().idempotencyKey);
  return name;
}

async function ship(): Promise<string> {
  "use task: retries=0";
  log.push("ship");
  if (stock === 0) throw new Error("no stock");
  return "shipped";
}

async function order(id: string): Promise<string> {
  "use workflow: id=order-{id}";
  await act("charge");
  try {
    return `${await ship()} ${id}`;
  } catch (error) {
    await act("refund");
    throw error;
  }
}

function begin(options: Parameters<typeof setup>[0] = {}): ReturnType<typeof setup> {
  log.length = keys.length = 0;
  stock = 0;
  onTestFinished(close);
  return setup({ logLevel: "silent", ...options });
}

/** Starts the workflow, and lets it fail. */
async function failed(workflow: () => Promise<unknown>): Promise<Run> {
  const run = await start(workflow, []);
  run.result().catch(() => {});
  await advance("1h");
  expect(await run.status()).toBe("failed");
  log.length = 0;
  return run;
}

const refused = expect.objectContaining({
  code: "RUN_COMPENSATED",
  cause: expect.objectContaining({ message: "no stock" }),
});

describe.each(Object.entries(stores))("a run that was refunded after its failure, %s store", (_, makeStore) => {
  async function failedOrder(): Promise<Run<string>> {
    begin({ store: makeStore() });
    const run = await start(order, ["1"]);
    await expect(run.result()).rejects.toThrow("no stock");
    expect(log.splice(0)).toEqual(["charge", "ship", "refund"]);
    stock = 1;
    return run;
  }

  test("is not tried again by the plain call, by retry() or by ifFailed: it executes nothing", async () => {
    const run = await failedOrder();
    await expect(order("1")).rejects.toThrow(refused);
    await expect(run.retry()).rejects.toThrow(refused);
    await expect(start(order, ["1"], { ifFailed: "retry" })).rejects.toThrow(refused);
    await expect(run.result()).rejects.toThrow("no stock");
    expect(log).toEqual([]);
  });

  test("begins again from the top by restart(), with other idempotency keys", async () => {
    const run = await failedOrder();
    expect(await run.restart()).toBe(true);
    expect(await run.result()).toBe("shipped 1");
    expect(log).toEqual(["charge", "ship"]);
    expect(keys).toEqual(["order-1/act[0]", "order-1/act[1]", "order-1:1/act[0]"]);
    expect(await run.restart()).toBe(true);
    expect(await run.result()).toBe("shipped 1");
    expect(log).toEqual(["charge", "ship", "charge", "ship"]);
  });

  test("begins again from the top by ifFailed: restart", async () => {
    await failedOrder();
    expect(await (await start(order, ["1"], { ifFailed: "restart" })).result()).toBe("shipped 1");
    expect(log).toEqual(["charge", "ship"]);
    expect(await (await start(order, ["1"], { ifFailed: "restart" })).result()).toBe("shipped 1");
    expect(log).toEqual(["charge", "ship"]);
  });

  test("is tried again from its failure by force", async () => {
    const run = await failedOrder();
    expect(await run.retry({ force: true })).toBe(true);
    expect(await run.result()).toBe("shipped 1");
    expect(log).toEqual(["ship"]);
  });
});

test("a run that has not ended, or does not exist, cannot be restarted", async () => {
  async function waits(): Promise<void> {
    "use workflow: id=waits";
    await sleep("1h");
  }
  begin();
  const run = await start(waits, []);
  expect(await run.restart()).toBe(false);
  await expect(getRun("none").then((none) => none.restart())).rejects.toThrow(
    expect.objectContaining({ code: "RUN_NOT_FOUND" }),
  );
});

test("a parent that is tried again fails over the compensated child, which executes nothing", async () => {
  begin();
  const run = await failed(shop);
  stock = 1;
  await run.retry();
  await expect(run.result()).rejects.toThrow(expect.objectContaining({ code: "RUN_COMPENSATED" }));
  expect(log).toEqual([]);
  await run.restart();
  expect(await run.result()).toBe("shipped 9");
  expect(log).toEqual(["charge", "ship"]);
});

describe("what counts as compensation", () => {
  const compensated = async (workflow: () => Promise<unknown>): Promise<boolean> => {
    begin();
    const run = await failed(workflow);
    return run.retry().then(
      () => false,
      () => true,
    );
  };

  test("work in a finally block after the failure", async () => {
    async function withFinally(): Promise<void> {
      "use workflow: id=with-finally";
      try {
        await ship();
      } finally {
        await act("release");
      }
    }
    expect(await compensated(withFinally)).toBe(true);
  });

  test("shielded work in clean-up, and work of a helper that clean-up calls", async () => {
    const undo = async (): Promise<string> => shield(() => act("undo"));
    async function shielded(): Promise<void> {
      "use workflow: id=shielded";
      await ship().catch(async (error: unknown) => {
        await undo();
        throw error;
      });
    }
    expect(await compensated(shielded)).toBe(true);
  });

  test("clean-up after an error of the workflow's own", async () => {
    async function ownError(): Promise<void> {
      "use workflow: id=own-error";
      try {
        await act("charge");
        throw new Error("mistake");
      } catch (error) {
        await act("refund");
        throw error;
      }
    }
    expect(await compensated(ownError)).toBe(true);
  });

  test("not the clean-up of a failure that the workflow handled before", async () => {
    async function handled(): Promise<void> {
      "use workflow: id=handled";
      await ship().catch(() => act("order from elsewhere"));
      await act("charge");
      await ship();
    }
    expect(await compensated(handled)).toBe(false);
  });

  test("not waits in clean-up, and not shielded work elsewhere", async () => {
    async function waitsOnly(): Promise<void> {
      "use workflow: id=waits-only";
      await shield(() => act("charge"));
      try {
        await ship();
      } finally {
        await sleep("1m");
      }
    }
    expect(await compensated(waitsOnly)).toBe(false);
  });
});

async function part(name: string): Promise<string> {
  "use workflow: id=part-{name}";
  await act(`part ${name}`);
  return ship();
}

async function plainPart(): Promise<string> {
  "use workflow";
  return act("plain part");
}

async function whole(): Promise<string> {
  "use workflow: id=whole";
  await plainPart();
  return part("a").finally(() => act("undo"));
}

async function random(): Promise<number> {
  "use workflow: id=random";
  return Math.random();
}

async function approved(): Promise<string> {
  "use workflow: id=approved";
  return signal<string>("approval");
}

async function shop(): Promise<string> {
  "use workflow: id=shop";
  return order("9");
}

async function twoParts(): Promise<string> {
  "use workflow: id=two-parts";
  await act("a");
  await sleep("1m");
  return act("b");
}

describe("a restart", () => {
  test("begins child runs without an id of their own anew, and restarts failed ones that have one", async () => {
    const { store } = begin();
    const run = await failed(whole);
    stock = 1;
    await run.restart();
    expect(await run.result()).toBe("shipped");
    expect(log).toEqual(["plain part", "part a", "ship", "undo"]);
    const ids = (await store.listRuns({})).map(({ id }) => id);
    expect(ids.sort()).toEqual(["part-a", "whole", "whole/plainPart[0]", "whole:1/plainPart[0]"]);
  });

  test("draws other random values, and begins at another time", async () => {
    let seeds = 0;
    const { clock } = begin({ seed: () => `seed ${seeds++}` });
    const run = await start(random, []);
    const before = await run.result();
    const { createdAt } = await run.info();
    await clock.advance(60_000, async () => {});
    await run.restart();
    expect(await run.result()).not.toBe(before);
    expect((await run.info()).createdAt.getTime() - createdAt.getTime()).toBe(60_000);
  });

  test("waits again for a signal that was consumed", async () => {
    begin();
    const run = await start(approved, []);
    await run.status();
    await complete("approved", "approval", "first");
    expect(await run.result()).toBe("first");
    await run.restart();
    await complete("approved", "approval", "second");
    expect(await run.result()).toBe("second");
  });

  test("that is interrupted by a crash continues as the restarted run", async () => {
    const { crash } = begin();
    const run = await start(twoParts, []);
    run.result().catch(() => {});
    await advance("1h");
    await run.restart();
    await settled();
    crash();
    const [again] = await recover();
    await advance("1h");
    expect(await again?.result()).toBe("b");
    expect(log).toEqual(["a", "b", "a", "b"]);
    expect(keys.slice(2)).toEqual(["two-parts:1/act[0]", "two-parts:1/act[1]"]);
  });
});
