/** Queues of tasks and workflows: limits, order, and what becomes of slots. */
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import {
  close,
  configure,
  getRun,
  memoryStore,
  queue,
  queues,
  sleep,
  sqliteStore,
  start,
  startMany,
  taskOptions,
  worker,
  workflowOptions,
  type Store,
} from "perdure";
import { join } from "node:path";
import { advance, crashEverywhere, settled, setup } from "perdure/testing";
import { temporaryDirectory } from "../directories.ts";
import { installed } from "../process-state.ts";

const stores: Record<string, () => Store> = {
  "in-memory": memoryStore,
  SQLite: () => sqliteStore(join(temporaryDirectory(), "test.db"), { durability: "normal" }),
};

/** What happens in tasks: how many run at once, and in which order they begin. */
class Observed {
  now = 0;
  most = 0;
  readonly began: string[] = [];
  readonly times: number[] = [];
  async during<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.began.push(name);
    this.times.push(Date.now());
    this.most = Math.max(this.most, ++this.now);
    try {
      return await work();
    } finally {
      this.now--;
    }
  }
}
let seen = new Observed();

function begin(options: Parameters<typeof setup>[0] = {}): ReturnType<typeof setup> {
  onTestFinished(close);
  seen = new Observed();
  return setup({ logLevel: "silent", ...options });
}

/** With the real clock. */
function beginReal(store: Store = memoryStore(), options: Parameters<typeof configure>[0] = {}): void {
  onTestFinished(close);
  seen = new Observed();
  configure({ store, logLevel: "warn", pollInterval: "20ms", lease: "2s", ...options });
}

export async function limited(name: string): Promise<string> {
  "use task: concurrency=2, retries=0";
  return seen.during(name, async () => {
    await pause(5);
    return name;
  });
}

export async function fan(count: number): Promise<string[]> {
  "use workflow: id=fan";
  return Promise.all(Array.from({ length: count }, (_, i) => limited(`t${i}`)));
}

export async function one(name: string): Promise<string> {
  "use workflow: id=one-{name}";
  return limited(name);
}

let widen: () => void = () => {};
async function narrow(name: string): Promise<void> {
  "use task: concurrency=1, retries=0";
  await seen.during(name, async () => {
    if (name === "first") await new Promise<void>((resolve) => (widen = resolve));
  });
}
export async function through(name: string): Promise<void> {
  "use workflow: id=through-{name}";
  await narrow(name);
}

describe.each(Object.entries(stores))("with the %s store", (_name, make) => {
  test("branches of one run never have more attempts at once than their task's concurrency", async () => {
    beginReal(make());
    const run = await start(fan, [25]);
    await expect(run.result()).resolves.toEqual(Array.from({ length: 25 }, (_, i) => `t${i}`));
    expect(seen.most).toBe(2);
    expect(seen.began).toEqual(Array.from({ length: 25 }, (_, i) => `t${i}`));
    await expect(queues()).resolves.toEqual([{ name: "limited", concurrency: 2, waiting: 0, running: 0 }]);
  });

  test("many runs share the limit of a task", async () => {
    beginReal(make());
    const runs = await Promise.all(Array.from({ length: 20 }, (_, i) => start(one, [`r${i}`])));
    await Promise.all(runs.map((run) => run.result()));
    expect(seen.most).toBe(2);
    expect(new Set(seen.began).size).toBe(20);
  });

  test("a workflow's queue limits its runs, and a run that only waits has no slot", async () => {
    beginReal(make());
    const runs = await Promise.all(["a", "b", "c", "d"].map((name) => start(rests, [name])));
    await Promise.all(runs.map((run) => run.result()));
    expect(seen.most).toBe(1);
    // the next began while the first slept
    expect(seen.began.indexOf("b before")).toBeLessThan(seen.began.indexOf("a after"));
  });

  test("with hold=true a run keeps its slot while it sleeps", async () => {
    beginReal(make());
    const runs = await Promise.all(["a", "b"].map((name) => start(holds, [name])));
    await Promise.all(runs.map((run) => run.result()));
    expect(seen.began).toEqual(["a before", "a after", "b before", "b after"]);
  });

  test("a parent lends its slot to its children of the same queue", async () => {
    beginReal(make());
    const run = await start(family, [3]);
    await expect(run.result()).resolves.toBe(3);
    expect(seen.most).toBe(1);
  });

  test("a run lends its slot to its tasks of the same queue", async () => {
    beginReal(make());
    await expect((await start(ownTasks, [])).result()).resolves.toEqual(["inner a", "inner b", "inner c"]);
    expect(seen.most).toBe(1);
  });

  test("a task lends its slot to the tasks that it calls", async () => {
    beginReal(make());
    const run = await start(nested, []);
    await expect(run.result()).resolves.toEqual(["inner a", "inner b"]);
  });

  test("runs that startMany records are executed by a worker, within the limit", async () => {
    beginReal(make());
    const runs = await startMany(
      one,
      Array.from({ length: 50 }, (_, i) => [`m${i}`] as [string]),
    );
    expect(seen.began).toEqual([]);
    const stop = worker({ concurrency: 7 });
    await Promise.all(runs.map((run) => run.result()));
    await stop.stop();
    expect(seen.most).toBe(2);
    expect(new Set(seen.began).size).toBe(50);
  });
});

async function noted(name: string): Promise<void> {
  "use task: retries=0";
  await seen.during(name, () => pause(10));
}

export async function rests(name: string): Promise<void> {
  "use workflow: id=rests-{name}, concurrency=1";
  await noted(`${name} before`);
  await sleep("2s");
  await noted(`${name} after`);
}

export async function holds(name: string): Promise<void> {
  "use workflow: id=holds-{name}, queue=holding, hold=true";
  await noted(`${name} before`);
  await sleep("100ms");
  await noted(`${name} after`);
}
queue("holding", { concurrency: 1 });

export async function child(name: string): Promise<number> {
  "use workflow: id=child-{name}, queue=family";
  await noted(name);
  return 1;
}
export async function family(count: number): Promise<number> {
  "use workflow: id=family, queue=family";
  const all = await Promise.all(Array.from({ length: count }, (_, i) => child(`c${i}`)));
  return all.reduce((sum, each) => sum + each, 0);
}
queue("family", { concurrency: 1 });

async function innerTask(name: string): Promise<string> {
  "use task: queue=nesting, retries=0";
  return seen.during(name, async () => {
    await pause(2);
    return `inner ${name}`;
  });
}
async function outerTask(): Promise<string[]> {
  "use task: queue=nesting, retries=0";
  return Promise.all([innerTask("a"), innerTask("b")]);
}
export async function nested(): Promise<string[]> {
  "use workflow: id=nested";
  return outerTask();
}
queue("nesting", { concurrency: 1 });
export async function ownTasks(): Promise<string[]> {
  "use workflow: id=own-tasks, queue=nesting";
  return Promise.all([innerTask("a"), innerTask("b"), innerTask("c")]);
}

describe("the order", () => {
  async function byCustomer(customer: string, order: number): Promise<void> {
    "use task: queue=customers, key={customer}, retries=0";
    await seen.during(`${customer}${order}`, () => pause(1));
  }
  async function orders(): Promise<void> {
    "use workflow: id=orders";
    const big = [0, 1, 2, 3, 4].map((i) => byCustomer("big", i));
    await Promise.all([...big, byCustomer("small", 0), byCustomer("tiny", 0)]);
  }
  queue("customers", { concurrency: 1 });

  test("keys take turns", async () => {
    beginReal();
    await (await start(orders, [])).result();
    expect(seen.began).toEqual(["big0", "small0", "tiny0", "big1", "big2", "big3", "big4"]);
  });

  async function keyed(key: string, n: number): Promise<void> {
    "use task: key={key}, perKey=1, concurrency=3, retries=0";
    await seen.during(key, () => pause(3));
    void n;
  }
  async function perKey(): Promise<void> {
    "use workflow: id=per-key";
    await Promise.all(["a", "a", "a", "b", "b"].map((key, n) => keyed(key, n)));
  }

  test("perKey limits each key", async () => {
    beginReal();
    await (await start(perKey, [])).result();
    expect(seen.most).toBe(2);
  });

  async function ranked(name: string): Promise<void> {
    await noted(name);
  }
  async function rankedFlow(name: string): Promise<void> {
    "use workflow: id=ranked-{name}, queue=ranks";
    await ranked(name);
  }
  queue("ranks", { concurrency: 1, ageing: "1m" });

  test("a higher priority comes first", async () => {
    beginReal();
    const runs = [];
    for (const [name, priority] of [
      ["first", 0],
      ["low", 0],
      ["high", 5],
      ["lowest", -1],
    ] as const)
      runs.push(await start(rankedFlow, [name], { priority }));
    await Promise.all(runs.map((run) => run.result()));
    expect(seen.began).toEqual(["first", "high", "low", "lowest"]);
  });
});

describe("rates", () => {
  async function mail(n: number): Promise<number> {
    "use task: rate=3/1s, retries=0";
    return seen.during(`m${n}`, async () => n);
  }
  async function mails(count: number): Promise<number[]> {
    "use workflow: id=mails";
    return Promise.all(Array.from({ length: count }, (_, i) => mail(i)));
  }

  test("of any four starts, the last is at least the period later than the first", async () => {
    beginReal();
    await (await start(mails, [8])).result();
    for (let i = 3; i < seen.times.length; i++)
      expect((seen.times[i] ?? 0) - (seen.times[i - 3] ?? 0)).toBeGreaterThanOrEqual(1000);
    expect((seen.times.at(-1) ?? 0) - (seen.times[0] ?? 0)).toBeLessThan(3500);
  });
});

describe("slots and the life of a run", () => {
  async function slot(name: string): Promise<void> {
    "use task: concurrency=1, retries=1, backoff=constant(1m)";
    return seen.during(name, async () => {
      if (name === "fails" && seen.began.length === 1) throw new Error("once");
    });
  }
  async function two(): Promise<void> {
    "use workflow: id=two";
    await Promise.all([slot("fails"), slot("other")]);
  }

  test("a task has no slot between two attempts", async () => {
    begin();
    const run = await start(two, []);
    await settled();
    expect(seen.began).toEqual(["fails", "other"]);
    await advance("1m");
    await run.result();
    expect(seen.began).toEqual(["fails", "other", "fails"]);
  });

  test("a run whose step stands in line leaves memory, and continues when the slot is free", async () => {
    beginReal(memoryStore(), { suspendAfter: "100ms" });
    const first = await start(occupies, []);
    await vi.waitFor(() => expect(seen.began).toEqual(["occupies"]));
    const second = await start(one1, ["second"]);
    await vi.waitFor(async () => expect(await second.status()).toBe("waiting"));
    expect(installed.runtime?.runs.has(second.id)).toBe(false);
    free();
    await first.result();
    await second.result();
    expect(seen.began).toEqual(["occupies", "second"]);
  });

  let free: () => void = () => {};
  async function single(name: string): Promise<void> {
    "use task: queue=single, retries=0";
    await seen.during(name, async () => {
      if (name === "occupies") await new Promise<void>((resolve) => (free = resolve));
    });
  }
  queue("single", { concurrency: 1 });
  async function occupies(): Promise<void> {
    "use workflow: id=occupies";
    await single("occupies");
  }
  async function one1(name: string): Promise<void> {
    "use workflow: id=one1-{name}";
    await single(name);
  }

  test("a run in line keeps its place of a worker for a moment, and then gives it to others", async () => {
    beginReal();
    const [first] = await startMany(through, [["first"], ["second"], ["third"]]);
    const began = performance.now();
    const two = worker({ concurrency: 2 });
    await vi.waitFor(() => expect(two.state().running).toEqual(["through-first", "through-third"]), { interval: 5 });
    expect(performance.now() - began).toBeGreaterThanOrEqual(50);
    widen();
    await first?.result();
  });

  test("a replay does not queue for what is recorded", async () => {
    const store = memoryStore();
    beginReal(store, { suspendAfter: "20ms" });
    const run = await start(thenSleeps, []);
    await vi.waitFor(async () => expect(await run.status()).toBe("waiting"));
    const other = await start(occupies, []);
    await vi.waitFor(() => expect(seen.began).toEqual(["before", "occupies"]));
    await expect((await getRun(run.id)).result()).resolves.toBe("done");
    free();
    await other.result();
  });
  async function thenSleeps(): Promise<string> {
    "use workflow: id=then-sleeps";
    await single("before");
    await sleep("200ms");
    return "done";
  }

  test("a run in line that is cancelled before it began ends at once", async () => {
    beginReal();
    const first = await start(rankedOccupied, []);
    await vi.waitFor(() => expect(seen.began).toEqual(["held"]));
    const second = await start(inLine, ["x"]);
    expect(await second.status()).toBe("pending");
    expect(await second.cancel("no")).toBe(true);
    await expect(second.result()).rejects.toMatchObject({ name: "CancelledError" });
    release();
    await first.result();
    expect(seen.began).toEqual(["held"]);
  });
  let release: () => void = () => {};
  queue("alone", { concurrency: 1 });
  async function held(): Promise<void> {
    "use task: retries=0";
    await seen.during("held", () => new Promise<void>((resolve) => (release = resolve)));
  }
  async function rankedOccupied(): Promise<void> {
    "use workflow: id=occupied, queue=alone";
    await held();
  }
  async function inLine(name: string): Promise<void> {
    "use workflow: id=in-line-{name}, queue=alone";
    await noted(name);
  }
});

test("a workflow whose tasks stand in line survives a crash at every durable boundary", async () => {
  expect((await crashEverywhere(fan, [5])).steps).toHaveLength(5);
  expect((await crashEverywhere(family, [2])).steps).toHaveLength(4);
});

describe("mistakes", () => {
  async function unknown(): Promise<void> {
    "use task: queue=nowhere";
  }
  async function callsUnknown(): Promise<void> {
    "use workflow";
    await unknown();
  }
  test("a queue that nobody defined is named", async () => {
    begin();
    const run = await start(callsUnknown, []);
    await expect(run.result()).rejects.toMatchObject({ code: "QUEUE_UNKNOWN" });
    await expect(start(callsUnknown, [], { queue: "nowhere" })).rejects.toMatchObject({ code: "QUEUE_UNKNOWN" });
  });

  test("options that cannot be are refused", () => {
    expect(() => queue("a b")).toThrow(/queue/);
    expect(() => queue("x", { concurrency: 0 })).toThrow(/concurrency/);
    expect(() => queue("x", { rate: { limit: 1, per: 0 } })).toThrow(/rate.per/);
    expect(() => queue("x", { limit: 1 } as never)).toThrow(/limit/);
    expect(() => taskOptions(noted, { queue: "x", concurrency: 1 })).toThrow(/exclude each other/);
    expect(() => workflowOptions(one, { perKey: 0.5 })).toThrow(/perKey/);
  });
});

const hourly = queue("hourly", { rate: { limit: 2, per: "1h" } });
const called: number[] = [];
async function callPartner(number: number) {
  "use task: queue=hourly";
  called.push(number);
  return number;
}
async function callFive() {
  "use workflow";
  const all: number[] = [];
  for (const number of [1, 2, 3, 4, 5]) all.push(await callPartner(number));
  return all;
}

test("tasks that wait for a rate, also outside of memory, begin when a test moves the clock", async () => {
  setup({ pollInterval: "1d" });
  expect(hourly.name).toBe("hourly");
  const run = await start(callFive, []);
  const result = run.result();
  await advance("59m");
  expect(called).toEqual([1, 2]);
  await advance("2m");
  expect(called).toEqual([1, 2, 3, 4]);
  await advance("1h");
  expect(await result).toEqual([1, 2, 3, 4, 5]);
});
