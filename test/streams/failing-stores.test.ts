/** Streams on stores that fail: what is recorded is whole, and readers get all of it. */
import { setImmediate as turn, setTimeout as pause } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { close, configure, memoryStore, start, writable, type Awaitable, type Run, type Store } from "perdure";
import { DURABLE_WRITES, wrapStore } from "../../packages/store/src/wrap-store.ts";
import { stores } from "../stores.ts";
import { chunksOf } from "./kit.ts";

async function numbers(part: number): Promise<number> {
  "use task: retries=500, backoff=constant(1ms)";
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
function failing(truth: Store, answers: string, fails: (writes: unknown) => boolean): Store {
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

async function quick(turns: number): Promise<string> {
  "use task: retries=50";
  await writable<string>().getWriter().write("a");
  for (let times = 0; times < turns; times++) await turn();
  return "done";
}

export async function hurries(turns: number): Promise<string> {
  "use workflow: id=hurries";
  return quick(turns);
}

// the chunk is written together with the step, or just before it
test.each(["at once", "later"].flatMap((answers) => [0, 1, 2].map((turns) => [answers, turns] as const)))(
  "no step is recorded without its chunks, if the store refuses chunks (%s), and the task ends %d turns later",
  async (answers, turns) => {
    const truth = memoryStore();
    let refusals = 3;
    const isRefused = (writes: unknown): boolean =>
      Array.isArray(writes) && writes.some(({ type }: { type?: string }) => type === "stream") && refusals-- > 0;
    onTestFinished(close);
    configure({ ...options, store: failing(truth, answers, isRefused) });
    const run = await start(hurries, [turns]);
    expect(await resultOf(run)).toBe("done");
    expect(refusals).toBeLessThan(0);
    expect(await chunksOf(run)).toEqual(["a"]);
  },
  30_000,
);

test.each(["in-memory", "SQLite"].flatMap((kind) => [7, 11, 13].map((n) => [kind, n] as const)))(
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
