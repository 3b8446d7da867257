/** Streams on stores that fail: what is recorded is whole, and readers get all of it. */
import { setTimeout as pause } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { close, configure, getRun, memoryStore, start, writable, type Awaitable, type Run, type Store } from "perdure";
import { fullFingerprint } from "../../packages/runtime/src/values/fingerprint.ts";
import { DURABLE_WRITES, wrapStore } from "../../packages/store/src/wrap-store.ts";
import { stores } from "../stores.ts";
import { chunksOf } from "./kit.ts";

async function numbers(part: number): Promise<number> {
  "use task: retries=50, backoff=constant(1ms)";
  const writer = writable<string>().getWriter();
  for (let index = 0; index < 5; index++) {
    await writer.write(`${part} ${index}`);
    await pause(1);
  }
  return part;
}

export async function counts(): Promise<number> {
  "use workflow: id=counts";
  const writer = writable<string>().getWriter();
  let sum = 0;
  for (let part = 0; part < 4; part++) {
    await writer.write(`part ${part}`);
    sum += await numbers(part);
  }
  return sum;
}

const whole = [0, 1, 2, 3].flatMap((part) => [`part ${part}`, ...[0, 1, 2, 3, 4].map((index) => `${part} ${index}`)]);

/** `truth`, whose writes fail where `fails` says so, and are answered at once or later, as by a server. */
function failing(truth: Store, answers: "at once" | "later", fails: (writes: unknown) => boolean): Store {
  return wrapStore(truth, (method, perform, [writes]) => {
    const write = (): Awaitable<never> => {
      if (fails(writes)) throw new Error("the disk is full");
      return perform() as Awaitable<never>;
    };
    if (!DURABLE_WRITES.has(method) || method === "createRun") return perform();
    return answers === "at once" ? write() : pause(1).then(write);
  });
}

/** What the run completes with, whose execution ends whenever the store fails. */
async function resultOf(run: Run): Promise<unknown> {
  for (;;) {
    try {
      return await run.result();
    } catch (error) {
      expect(error).toMatchObject({ message: "the disk is full" });
    }
  }
}

const options = { logLevel: "silent", lease: "300ms", pollInterval: "50ms", maxStalls: 1_000 } as const;

test.each(["at once", "later"] as const)(
  "no step is recorded without its chunks, if the store refuses chunks and answers %s",
  async (answers) => {
    const truth = memoryStore();
    let refusals = 5;
    const isRefused = (writes: unknown): boolean =>
      Array.isArray(writes) && writes.some(({ type }: { type?: string }) => type === "stream") && refusals-- > 0;
    onTestFinished(close);
    configure({ ...options, store: failing(truth, answers, isRefused), streams: { flushEvery: 0 } });
    const run = await start(counts, []);
    expect(await resultOf(run)).toBe(6);
    expect(refusals).toBeLessThan(0);
    expect(await chunksOf(run)).toEqual(whole);
  },
  30_000,
);

test.each(["in-memory", "SQLite"].flatMap((kind) => [5, 7, 11].map((n) => [kind, n] as const)))(
  "a run whose store fails in every n-th write (%s, %d) has the chunks of its steps, once",
  async (kind, n) => {
    let writes = 0;
    onTestFinished(close);
    const truth = stores[kind]?.() ?? memoryStore();
    configure({ ...options, store: failing(truth, "later", () => ++writes % n === 0), streams: { flushEvery: 0 } });
    const run = await start(counts, []);
    expect(await resultOf(run)).toBe(6);
    expect(await chunksOf(run)).toEqual(whole);
  },
  60_000,
);

/** A run that another process executes, as far as this one knows, and a writer to its stream. */
async function elsewhere(truth: Store): Promise<(text: string) => Promise<void>> {
  await truth.open();
  const { code, modules } = { code: "c", modules: `{"version":1,"modules":[]}` };
  const place = { workflow: "counts", file: "test/streams/failing-stores.test.ts" };
  const lease = { owner: "another process", ms: 1e9 };
  await truth.createRun({
    ...place,
    id: "counts",
    input: "1:=[]",
    inputHash: fullFingerprint([], "1:=[]"),
    seed: "s",
    code,
    modules,
    lease,
  });
  let index = 0;
  return async (text) => {
    const entries = [{ index: index++, type: "chunk", part: "", value: `1:=${JSON.stringify(text)}` }] as const;
    expect(await truth.commit([{ type: "stream", run: "counts", epoch: 1, stream: "default", entries }])).toEqual([
      true,
    ]);
  };
}

test("a reader that begins to wait while this process asks for the run gets what another process writes", async () => {
  const truth = memoryStore();
  const write = await elsewhere(truth);
  let isAsked = false;
  let answer: () => void = () => {};
  const held = new Promise<void>((resolve) => (answer = resolve));
  const store = wrapStore(truth, async (method, perform) => {
    if (method === "createRun") {
      isAsked = true;
      await held;
    }
    return (await perform()) as never;
  });
  onTestFinished(close);
  configure({ store, logLevel: "silent", pollInterval: "20ms" });
  const run = await getRun("counts");
  const asking = start(counts, []);
  await expect.poll(() => isAsked).toBe(true);
  const reader = run.readable().getReader();
  const first = reader.read();
  await pause(30);
  answer();
  await asking;
  await write("a");
  expect(await Promise.race([first, pause(2_000)])).toEqual({ done: false, value: "a" });
});

test("what a reader could not read is read again for the next one", async () => {
  const truth = memoryStore();
  const write = await elsewhere(truth);
  let fails = false;
  const store = wrapStore(truth, async (method, perform) => {
    await pause(1);
    if (method === "readStream" && fails) throw new Error("the disk is broken");
    return (await perform()) as never;
  });
  onTestFinished(close);
  configure({ store, logLevel: "silent", lease: "12h", pollInterval: "1h" });
  await write("a");
  const run = await getRun("counts");
  const waiting = run.readable("default", { from: 1 }).getReader();
  const next = waiting.read();
  await pause(30);
  fails = true;
  await expect(run.readable().getReader().read()).rejects.toThrow("the disk is broken");
  fails = false;
  expect(await run.readable().getReader().read()).toEqual({ done: false, value: "a" });
  await waiting.cancel();
  await next;
});
