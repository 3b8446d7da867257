/** The options of a start: when a run begins, what ends it, and which starts become one run. */
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  close,
  getRun,
  listRuns,
  memoryStore,
  queue,
  sleep,
  sqliteStore,
  start,
  worker,
  workflowContext,
  workflowOptions,
  type Run,
  type StandardSchema,
  type StartOptions,
  type Store,
} from "perdure";
import { advance, settled, setup, type TestRuntime } from "perdure/testing";
import { temporaryDirectory } from "../directories.ts";

const stores: Record<string, () => Store> = {
  "in-memory": memoryStore,
  SQLite: () => sqliteStore(join(temporaryDirectory(), "test.db"), { durability: "normal" }),
};

/** What ran, and how long after the start of the test, in milliseconds. */
let done: string[] = [];
let began = 0;
let environment: TestRuntime;

function begin(store: Store): void {
  onTestFinished(close);
  done = [];
  environment = setup({ store, logLevel: "silent", onReport: () => {}, pollInterval: "10s" });
  began = environment.clock.now();
}

/** Ends the process, as SIGKILL would. Another one takes its runs up. */
async function crash(): Promise<void> {
  environment.crash();
  worker();
  await settled();
}

async function note(text: string): Promise<string> {
  "use task: retries=0";
  done.push(`${environment.clock.now() - began}: ${text}`);
  return text;
}

export async function index(id: string, version: number): Promise<string> {
  "use workflow";
  return note(`${id} v${version}`);
}

export async function insert(items: string[]): Promise<number> {
  "use workflow";
  await note(items.join("+"));
  return items.length;
}

export async function slow(name: string): Promise<string> {
  "use workflow: id=slow-{name}";
  await sleep("1h");
  return note(name);
}

export async function starter(count: number): Promise<string[]> {
  "use workflow: id=starter";
  const ids = [];
  for (let i = 0; i < count; i++) ids.push((await start(insert, [`i${i}`], { batch: { size: 2, wait: "1m" } })).id);
  await sleep("10s");
  await note("after");
  return ids;
}

const statuses = (runs: readonly Run[]): Promise<string[]> => Promise.all(runs.map((run) => run.status()));
const sameRun = (runs: readonly Run[]): boolean => new Set(runs.map(({ id }) => id)).size === 1;

describe.each(Object.entries(stores))("with the %s store", (_name, make) => {
  describe("delay and at", () => {
    test("the run begins when its time has come, and is recorded before", async () => {
      begin(make());
      const later = await start(index, ["a", 1], { delay: "10m" });
      const then = await start(index, ["b", 1], { at: new Date(began + 5 * 60_000) });
      expect(await statuses([later, then])).toEqual(["waiting", "waiting"]);
      await advance("9m");
      await expect(then.result()).resolves.toBe("b v1");
      expect(await later.status()).toBe("waiting");
      await advance("1m");
      await expect(later.result()).resolves.toBe("a v1");
      expect(done).toEqual(["300000: b v1", "600000: a v1"]);
    });

    test("a time that is over is now", async () => {
      begin(make());
      const run = await start(index, ["a", 1], { at: new Date(began - 1000) });
      await expect(run.result()).resolves.toBe("a v1");
    });

    test("a crash does not shorten or lengthen the wait", async () => {
      begin(make());
      const run = await start(index, ["a", 1], { delay: "10m" });
      await advance("4m");
      await crash();
      await advance("5m");
      expect(done).toEqual([]);
      await advance("1m");
      expect(done).toEqual(["600000: a v1"]);
      await expect((await getRun(run.id)).status()).resolves.toBe("completed");
    });

    test("a start with the id of a run that exists does not change when that begins", async () => {
      begin(make());
      const first = await start(index, ["a", 1], { id: "one", delay: "10m" });
      const second = await start(index, ["a", 1], { id: "one" });
      expect(second.id).toBe(first.id);
      await advance("9m");
      expect(done).toEqual([]);
      await advance("1m");
      expect(done).toEqual(["600000: a v1"]);
    });

    test("a run that has not begun can be cancelled", async () => {
      begin(make());
      const run = await start(index, ["a", 1], { delay: "10m" });
      expect(await run.cancel("not needed")).toBe(true);
      await expect(run.result()).rejects.toMatchObject({ name: "CancelledError", reason: "not needed" });
      await advance("1h");
      expect(done).toEqual([]);
    });
  });

  describe("expires", () => {
    queue("narrow", { concurrency: 1 });
    async function occupies(): Promise<void> {
      "use workflow: queue=narrow, hold=true";
      await sleep("1h");
    }

    test("a run that stands in line for too long is cancelled, and the reason says so", async () => {
      begin(make());
      worker();
      const first = await start(occupies, []);
      const second = await start(index, ["a", 1], { queue: "narrow", expires: "10m" });
      const third = await start(index, ["b", 1], { queue: "narrow", expires: "2h" });
      await advance("9m");
      expect(await statuses([first, second])).toEqual(["waiting", "pending"]);
      await advance("2h");
      await expect(second.result()).rejects.toMatchObject({
        name: "CancelledError",
        message: expect.stringMatching(/did not begin/),
      });
      await expect(third.result()).resolves.toBe("b v1");
      expect(done).toEqual(["3600000: b v1"]);
    });

    test("a run that has begun in time may take as long as it takes", async () => {
      begin(make());
      const run = await start(slow, ["a"], { expires: "1m" });
      await advance("2h");
      await expect(run.result()).resolves.toBe("a");
    });

    test("it holds also while no process was there", async () => {
      begin(make());
      const run = await start(index, ["a", 1], { delay: "10m", expires: "20m" });
      environment.crash();
      await environment.clock.advance(30 * 60_000, settled);
      worker();
      await advance("2h");
      expect(await (await getRun(run.id)).status()).toBe("cancelled");
      expect(done).toEqual([]);
    });
  });

  describe("timeout", () => {
    test("a run that takes too long is cancelled, with a TimeoutError as the reason", async () => {
      begin(make());
      worker();
      const run = await start(slow, ["a"], { timeout: "10m" });
      await advance("3h");
      await expect(run.result()).rejects.toMatchObject({ name: "CancelledError", reason: { name: "TimeoutError" } });
      expect(done).toEqual([]);
    });

    async function cleansUp(): Promise<void> {
      "use workflow: timeout=10m";
      try {
        await sleep("1h");
      } finally {
        await note("cleaned up");
      }
    }
    test("the clean-up of a workflow with a timeout in its directive runs", async () => {
      begin(make());
      worker();
      const run = await start(cleansUp, []);
      await advance("3h");
      await expect(run.result()).rejects.toMatchObject({ name: "CancelledError" });
      expect(done.map((line) => line.replace(/^\d+/, ""))).toEqual([": cleaned up"]);
    });

    test("a run that was restarted has no timeout any more", async () => {
      begin(make());
      worker();
      const run = await start(slow, ["a"], { timeout: "10m" });
      await advance("3h");
      expect(await run.status()).toBe("cancelled");
      await run.restart();
      await advance("3h");
      await expect(run.result()).resolves.toBe("a");
    });
  });

  describe("debounce", () => {
    const debounce = { key: "a", wait: "10s" } as const;

    test("starts that follow one another closely become one run, with the arguments of the last", async () => {
      begin(make());
      const runs = [];
      for (const version of [1, 2, 3]) {
        runs.push(await start(index, ["a", version], { debounce }));
        await advance("6s");
      }
      expect(sameRun(runs)).toBe(true);
      await advance("10s");
      expect(done).toEqual(["22000: a v3"]);
      await expect(Promise.all(runs.map((run) => run.result()))).resolves.toEqual(["a v3", "a v3", "a v3"]);
      expect(await (runs[0] as Run).input()).toEqual(["a", 3]);
    });

    test("max ends the wait of starts that never stop", async () => {
      begin(make());
      for (let version = 1; version <= 9; version++) {
        await start(index, ["a", version], { debounce: { ...debounce, max: "25s" } });
        await advance("5s");
      }
      await advance("1m");
      expect(done).toEqual(["25000: a v5", "50000: a v9"]);
    });

    test("each key, and each workflow, has a run of its own", async () => {
      begin(make());
      const a = await start(index, ["a", 1], { debounce });
      const b = await start(index, ["b", 1], { debounce: { ...debounce, key: "b" } });
      const other = await start(slow, ["a"], { debounce });
      expect(new Set([a.id, b.id, other.id]).size).toBe(3);
      await advance("2h");
      expect(done).toEqual(["10000: a v1", "10000: b v1", "3610000: a"]);
    });

    test("a start after the run has begun is another run", async () => {
      begin(make());
      const first = await start(index, ["a", 1], { debounce });
      await advance("10s");
      const second = await start(index, ["a", 1], { debounce });
      expect(second.id).not.toBe(first.id);
      await advance("10s");
      expect(done).toEqual(["10000: a v1", "20000: a v1"]);
    });

    test("a crash loses no start", async () => {
      begin(make());
      const first = await start(index, ["a", 1], { debounce });
      await advance("5s");
      const second = await start(index, ["a", 2], { debounce });
      await crash();
      await advance("9s");
      expect(done).toEqual([]);
      const third = await start(index, ["a", 3], { debounce });
      expect(sameRun([first, second, third])).toBe(true);
      await advance("10s");
      expect(done).toEqual(["24000: a v3"]);
    });

    test("a run that is cancelled gathers no more", async () => {
      begin(make());
      const first = await start(index, ["a", 1], { debounce });
      await first.cancel();
      const second = await start(index, ["a", 2], { debounce });
      expect(second.id).not.toBe(first.id);
      await advance("10s");
      expect(done).toEqual(["10000: a v2"]);
    });

    test("without a key, all starts of the workflow are joined", async () => {
      begin(make());
      const runs = [
        await start(index, ["a", 1], { debounce: { wait: "1s" } }),
        await start(index, ["b", 1], { debounce: { wait: "1s" } }),
      ];
      expect(sameRun(runs)).toBe(true);
      await advance("1s");
      expect(done).toEqual(["1000: b v1"]);
    });

    async function perCustomer(customer: string, text: string): Promise<void> {
      "use workflow: queue=per-customer, key={customer}";
      await note(`${customer} ${text}`);
    }
    queue("per-customer", { perKey: { concurrency: 1 } });

    test("its place in the queue is that of its last arguments", async () => {
      begin(make());
      await start(perCustomer, ["ada", "x"], { debounce: { wait: "1s" } });
      const run = await start(perCustomer, ["bob", "y"], { debounce: { wait: "1s" } });
      expect((await environment.store.getRun(run.id))?.queue).toMatchObject({ key: "bob" });
      await advance("1s");
      expect(done).toEqual(["1000: bob y"]);
    });

    async function named(id: string): Promise<string> {
      "use workflow: id=named-{id}";
      return note(`${id} in ${workflowContext().runId}`);
    }
    async function startsNamed(id: string, nth: number): Promise<string> {
      "use workflow";
      void nth;
      return (await start(named, [id], { debounce: { key: id, wait: "1s" } })).id;
    }
    test("a workflow that starts it twice starts two runs, although the arguments are the same", async () => {
      begin(make());
      const ids = [];
      for (const nth of [1, 2]) {
        ids.push(await (await start(startsNamed, ["a", nth])).result());
        await advance("1s");
      }
      expect(new Set(ids).size).toBe(2);
      expect(done).toHaveLength(2);
    });
  });

  describe("throttle", () => {
    test("the first starts of a period become runs, and the others get the latest", async () => {
      begin(make());
      const throttle = { key: "a", limit: 2, per: "1m" } as const;
      const ids = [];
      for (let version = 1; version <= 4; version++) ids.push((await start(index, ["a", version], { throttle })).id);
      expect(new Set(ids).size).toBe(2);
      expect(ids.slice(1)).toEqual([ids[1], ids[1], ids[1]]);
      await advance("59s");
      expect((await start(index, ["a", 5], { throttle })).id).toBe(ids[1]);
      await advance("1s");
      await (await start(index, ["a", 6], { throttle })).result();
      expect(done).toEqual(["0: a v1", "0: a v2", "60000: a v6"]);
    });

    test("the period is counted across a crash, and keys apart", async () => {
      begin(make());
      const throttled = (key: string, version: number) =>
        start(index, [key, version], { throttle: { key, per: "1m" } });
      await (await throttled("a", 1)).result();
      await crash();
      await expect((await throttled("a", 2)).result()).resolves.toBe("a v1");
      await expect((await throttled("b", 3)).result()).resolves.toBe("b v3");
      expect(done).toEqual(["0: a v1", "0: b v3"]);
    });

    test("the same arguments again are a run of their own when the period is over", async () => {
      begin(make());
      const throttle = { per: "1m" } as const;
      const first = await start(index, ["a", 1], { throttle });
      await first.result();
      await advance("1m");
      const second = await start(index, ["a", 1], { throttle });
      await second.result();
      expect(second.id).not.toBe(first.id);
      expect(done).toEqual(["0: a v1", "60000: a v1"]);
    });
  });

  describe("batch", () => {
    const batch = { size: 3, wait: "10s" } as const;

    test("a full batch begins at once, and another one after its wait", async () => {
      begin(make());
      const runs = [];
      for (const item of ["a", "b", "c", "d"]) runs.push(await start(insert, [item], { batch }));
      expect(sameRun(runs.slice(0, 3))).toBe(true);
      await settled();
      expect(done).toEqual(["0: a+b+c"]);
      await advance("5s");
      runs.push(await start(insert, ["e"], { batch }));
      await advance("10s");
      expect(done).toEqual(["0: a+b+c", "10000: d+e"]);
      await expect(Promise.all(runs.map((run) => run.result()))).resolves.toEqual([3, 3, 3, 2, 2]);
      expect(await (runs[3] as Run).input()).toEqual([["d", "e"]]);
    });

    test("a crash loses no item", async () => {
      begin(make());
      await start(insert, ["a"], { batch });
      await crash();
      await start(insert, ["b"], { batch });
      await crash();
      await start(insert, ["c"], { batch });
      await advance("1s");
      expect(done).toEqual(["0: a+b+c"]);
    });

    test("starts at the same time are all collected", async () => {
      begin(make());
      const names = Array.from({ length: 30 }, (_, i) => `i${i}`);
      const runs = await Promise.all(names.map((name) => start(insert, [name], { batch: { size: 10, wait: "1m" } })));
      await settled();
      const collected = done.map((line) => line.replace("0: ", "").split("+"));
      expect(collected.map(({ length }) => length)).toEqual([10, 10, 10]);
      expect(collected.flat().sort()).toEqual(names.sort());
      expect(new Set(runs.map(({ id }) => id)).size).toBe(3);
    });

    test("a batch of one begins at once", async () => {
      begin(make());
      await expect((await start(insert, ["a"], { batch: { size: 1, wait: "1m" } })).result()).resolves.toBe(1);
    });

    test("a start gives one argument", async () => {
      begin(make());
      await expect(start(insert, ["a", "b"] as never, { batch })).rejects.toMatchObject({ code: "OPTION_INVALID" });
      await expect(start(insert, [] as never, { batch })).rejects.toMatchObject({ code: "OPTION_INVALID" });
    });

    async function rows(items: { customer: string }[]): Promise<number> {
      "use workflow: queue=batches";
      return items.length;
    }
    queue("batches", { concurrency: 2 });

    test("the key of its place in a queue is made of the list", async () => {
      begin(make());
      workflowOptions(rows, { key: (items) => items[0]?.customer ?? "" });
      const run = await start(rows, [{ customer: "ada" }], { batch: { size: 2, wait: "1s" } });
      expect((await environment.store.getRun(run.id))?.queue).toMatchObject({ key: "ada" });
      await start(rows, [{ customer: "bob" }], { batch: { size: 2, wait: "1s" } });
      await expect(run.result()).resolves.toBe(2);
    });

    const atLeastTwo: StandardSchema<[string[]]> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value) =>
          (value as string[][])[0]?.length === 2
            ? { value: value as [string[]] }
            : { issues: [{ message: "expected two items" }] },
      },
    };
    async function checked(items: string[]): Promise<string> {
      "use workflow";
      return items.join("+");
    }
    test("the schema of the workflow parses the whole list", async () => {
      begin(make());
      workflowOptions(checked, { input: atLeastTwo });
      const good = await start(checked, ["a"], { batch: { size: 2, wait: "1s" } });
      await start(checked, ["b"], { batch: { size: 2, wait: "1s" } });
      await expect(good.result()).resolves.toBe("a+b");
      const bad = await start(checked, ["c"], { batch: { size: 2, wait: "1s" } });
      const failed = expect(bad.result()).rejects.toMatchObject({ code: "SCHEMA_REFUSED" });
      await advance("1s");
      await failed;
    });
  });

  describe("in a workflow", () => {
    test("start takes the options, once: a replay starts nothing again", async () => {
      begin(make());
      const run = await start(starter, [3]);
      await settled();
      await crash();
      await advance("2m");
      const ids = await (await getRun<string[]>(run.id)).result();
      expect(ids).toHaveLength(3);
      expect(done).toEqual(["0: i0+i1", "10000: after", "60000: i2"]);
    });

    async function keyed(customer: string | undefined): Promise<void> {
      "use workflow: queue=narrow-2, key={customer}";
      await note(`for ${customer}`);
    }
    async function callsKeyed(): Promise<unknown[]> {
      "use workflow: id=calls-keyed";
      const calls = await Promise.allSettled([keyed(undefined), start(keyed, [undefined]), keyed("ada")]);
      return calls.map((call) => (call.status === "rejected" ? (call.reason as { code: string }).code : "done"));
    }
    test("a key that cannot be made fails the call, not the run", async () => {
      begin(make());
      const run = await start(callsKeyed, []);
      await expect(run.result()).resolves.toEqual(["QUEUE_KEY_INVALID", "QUEUE_KEY_INVALID", "done"]);
      await expect(start(keyed, [undefined])).rejects.toThrow(
        /^the key of the workflow keyed \(test\/flow\/starting\.test\.ts:\d+:\d+\) in the queue "narrow-2" cannot be made: \{customer\} in key= of its directive is undefined\n/,
      );
    });

    async function delays(): Promise<string> {
      "use workflow: id=delays";
      const run = await start(index, ["later", 1], { delay: "1h", queue: "narrow-2", priority: 3 });
      return run.id;
    }
    queue("narrow-2", { concurrency: 1 });
    test("a delayed run outlives the one that started it", async () => {
      begin(make());
      const id = await (await start(delays, [])).result();
      await crash();
      await advance("1h");
      expect(done).toEqual(["3600000: later v1"]);
      await expect((await getRun(id)).status()).resolves.toBe("completed");
    });
  });
});

describe("what is refused", () => {
  const times = { debounce: { wait: "1s" }, throttle: { per: "1s" }, batch: { size: 2, wait: "1s" } } as const;
  const pairs: StartOptions[] = [
    { debounce: times.debounce, throttle: times.throttle },
    { debounce: times.debounce, batch: times.batch },
    { throttle: times.throttle, batch: times.batch },
    { delay: "1s", at: new Date() },
    { debounce: times.debounce, id: "x" },
    { debounce: times.debounce, delay: "1s" },
    { debounce: times.debounce, at: new Date() },
    { batch: times.batch, id: "x" },
    { batch: times.batch, delay: "1s" },
    { batch: times.batch, at: new Date() },
  ];
  test.each(pairs.map((options) => [Object.keys(options).join(" and "), options] as const))(
    "%s exclude each other",
    async (_names, options) => {
      begin(memoryStore());
      await expect(start(insert, ["a"] as never, options as never)).rejects.toMatchObject({ code: "OPTIONS_EXCLUDE" });
      expect(await listRuns()).toEqual([]);
    },
  );

  test.each([
    [{ delay: "soon" }, "DURATION_INVALID"],
    [{ delay: -1 }, "DURATION_INVALID"],
    [{ at: "tomorrow" }, "OPTION_INVALID"],
    [{ at: new Date(NaN) }, "OPTION_INVALID"],
    [{ priority: 1.5 }, "OPTION_INVALID"],
    [{ queue: "a b" }, "OPTION_INVALID"],
    [{ queue: "nobody-defines-it" }, "QUEUE_UNKNOWN"],
    [{ debounce: {} }, "DURATION_INVALID"],
    [{ debounce: "1s" }, "OPTION_INVALID"],
    [{ debounce: { wait: "1s", key: 7 } }, "OPTION_INVALID"],
    [{ debounce: { wait: "1s", keys: "x" } }, "OPTION_UNKNOWN"],
    [{ throttle: { per: "1s", limit: 0 } }, "OPTION_INVALID"],
    [{ batch: { size: 0, wait: "1s" } }, "OPTION_INVALID"],
    [{ batch: { wait: "1s" } }, "OPTION_INVALID"],
    [{ later: "1s" }, "OPTION_UNKNOWN"],
  ])("%j is refused", async (options, code) => {
    begin(memoryStore());
    await expect(start(insert, ["a"] as never, options as never)).rejects.toMatchObject({ code });
    expect(await listRuns()).toEqual([]);
  });
});
