/** Random writers, attempts, crashes and readers, against what a stream has to be: nothing lost, nothing twice, and readers that are cut off agree. */
import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { close, getRun, memoryStore, PerdureError, start, writable, type Store, type StreamEntry } from "perdure";
import { Runtime } from "../../packages/runtime/src/process/runtime.ts";
import { wrapStore } from "../../packages/store/src/wrap-store.ts";
import { installed } from "../process-state.ts";
import { stores } from "../stores.ts";
import { entriesOf, valid } from "./kit.ts";

const outside = AsyncLocalStorage.snapshot();

interface TaskPlan {
  readonly writes: number;
  /** So many attempts fail, each after so many chunks. */
  readonly fails: readonly number[];
  readonly keep: boolean;
  /** Every so many chunks, the task waits for a turn of the event loop. */
  readonly pace: number;
  /** What it calls after its chunks, and whose chunks those are. */
  readonly inner?: TaskPlan;
}

/** The body writes a chunk, and then tasks run beside each other. */
interface Plan {
  readonly steps: readonly (readonly TaskPlan[])[];
}

/** How often each task was attempted. */
const attempts = new Map<string, number>();

async function work(name: string, plan: TaskPlan): Promise<string> {
  "use task: retries=50, backoff=constant(0ms)";
  const attempt = (attempts.get(name) ?? 0) + 1;
  attempts.set(name, attempt);
  const writer = writable<string>("s", { onRetry: plan.keep ? "keep" : "reset" }).getWriter();
  const fails = plan.fails[attempt - 1];
  for (let index = 0; index < (fails ?? plan.writes); index++) {
    if (index % plan.pace === 0) await turn();
    await writer.write(`${name} ${attempt} ${index}`);
  }
  if (fails !== undefined) throw new Error("not yet");
  if (plan.inner) await work(`${name}/inner`, plan.inner);
  return name;
}

export async function play(plan: Plan): Promise<void> {
  "use workflow: id=play";
  const writer = writable<string>("s").getWriter();
  for (const [place, tasks] of plan.steps.entries()) {
    await writer.write(`body 1 ${place}`);
    await Promise.all(tasks.map((task, index) => work(`task${place}.${index}`, task)));
  }
}

interface Crash {
  /** How many commits are done before. */
  readonly after: number;
  /** Whether the commit in which it dies is done. */
  readonly survives: boolean;
}

/** A process that dies in some of its commits, and is followed by another. */
class World {
  readonly truth: Store;
  private readonly crashes: Crash[];
  private life = 0;
  private commits = 0;

  constructor(truth: Store, crashes: readonly Crash[]) {
    this.truth = truth;
    this.crashes = [...crashes];
  }

  begin(plan: Plan): void {
    const life = ++this.life;
    this.commits = 0;
    const never = (): Promise<never> => new Promise(() => {});
    const store = wrapStore(this.truth, (method, perform) => {
      if (method === "open" || method === "close") return undefined as never;
      if (life !== this.life) return never();
      const [crash] = this.crashes;
      if (method !== "commit" || !crash || this.commits++ < crash.after) return perform();
      this.crashes.shift();
      if (crash.survives) void perform();
      installed.runtime?.kill();
      this.begin(plan);
      return never();
    });
    installed.runtime = new Runtime({
      store,
      lease: "1000d",
      pollInterval: "1h",
      maxStalls: 1_000,
      logLevel: "silent",
      streams: { flushEvery: 0 },
    });
    outside(() => start(play, [plan]).catch(() => {})); // a commit may be called in the context of the run
  }
}

/** Reads the stream, is cut off after some entries again and again, and continues where it was. */
async function read(from: number, cuts: readonly number[]): Promise<StreamEntry[]> {
  const entries: StreamEntry[] = [];
  for (let next = from, times = 0; ; times++) {
    try {
      const reader = (await getRun("play")).readable("s", { from: next }).entries().getReader();
      for (let left = cuts[times % cuts.length] ?? 1; left > 0; left--) {
        const { done, value } = await reader.read();
        if (done) return entries;
        entries.push(value);
        next = value.index + 1;
      }
      await reader.cancel();
    } catch (error) {
      if (!(error instanceof PerdureError) || error.code !== "RUNTIME_CLOSED") throw error;
    }
  }
}

function expectComplete(plan: Plan, chunks: readonly string[]): void {
  const of = (name: string): string[] => chunks.filter((chunk) => chunk.startsWith(`${name} `));
  expect(of("body")).toEqual(plan.steps.map((_, place) => `body 1 ${place}`));
  const expectTask = (name: string, { writes, keep, inner }: TaskPlan): void => {
    const own = of(name);
    const last = attempts.get(name) ?? 0;
    const whole = Array.from({ length: writes }, (_, index) => `${name} ${last} ${index}`);
    if (!keep) expect(own).toEqual(whole);
    else {
      expect(own.slice(own.length - writes)).toEqual(whole);
      // of each attempt before, the chunks from the first one to some
      for (const [place, chunk] of own.entries()) {
        const [, attempt, index] = chunk.split(" ").map(Number);
        const [, before, at] = (own[place - 1] ?? `${name} 0 0`).split(" ").map(Number);
        expect(attempt === before ? index === (at ?? 0) + 1 : Number(attempt) > Number(before) && index === 0).toBe(
          true,
        );
      }
    }
    if (inner) expectTask(`${name}/inner`, inner);
  };
  for (const [place, tasks] of plan.steps.entries())
    for (const [index, task] of tasks.entries()) expectTask(`task${place}.${index}`, task);
}

const plain = fc.record({
  writes: fc.nat({ max: 12 }),
  fails: fc.array(fc.nat({ max: 6 }), { maxLength: 2 }),
  keep: fc.boolean(),
  pace: fc.integer({ min: 1, max: 4 }),
});
const taskPlan: fc.Arbitrary<TaskPlan> = fc
  .tuple(plain, fc.option(plain, { nil: undefined, freq: 3 }))
  .map(([own, inner]) => (inner ? { ...own, inner } : own));
const drawn = fc.record({
  steps: fc.array(fc.array(taskPlan, { maxLength: 3 }), { minLength: 1, maxLength: 4 }),
  crashes: fc.array(fc.record({ after: fc.nat({ max: 15 }), survives: fc.boolean() }), { maxLength: 4 }),
  readers: fc.array(
    fc.record({
      from: fc.constantFrom(0, 0, 3),
      cuts: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
    }),
    {
      minLength: 1,
      maxLength: 3,
    },
  ),
});

async function check(
  truth: Store,
  { steps, crashes, readers }: typeof drawn extends fc.Arbitrary<infer T> ? T : never,
): Promise<void> {
  attempts.clear();
  await truth.open();
  const world = new World(truth, crashes);
  world.begin({ steps });
  while ((await truth.getRun("play")) === undefined) await turn();
  const received = await Promise.all(readers.map(({ from, cuts }) => read(from, cuts)));
  const run = await getRun("play");
  const { entries, error } = await entriesOf(run, "s");
  expect(error).toBe(undefined);
  const chunks = entries.flatMap((each) => (each.type === "chunk" ? [each] : []));
  expectComplete(
    { steps },
    chunks.map(({ value }) => value as string),
  );
  for (const [place, each] of received.entries()) {
    const indexes = each.map(({ index }) => index);
    expect(indexes).toEqual([...new Set(indexes)].sort((a, b) => a - b));
    const from = readers[place]?.from ?? 0;
    expect(valid(each)).toEqual(chunks.filter(({ index }) => index >= from).map(({ value }) => value));
  }
  await close();
  await truth.close();
}

const runs = Number(process.env["PERDURE_STREAMS"] ?? 200);

test("whoever is cut off and continues, over crashes and attempts, has what is recorded (in memory)", async () => {
  onTestFinished(close);
  await fc.assert(
    fc.asyncProperty(drawn, (given) => check(memoryStore(), given)),
    { numRuns: runs },
  );
}, 120_000);

test("whoever is cut off and continues, over crashes and attempts, has what is recorded (SQLite)", async () => {
  onTestFinished(close);
  await fc.assert(
    fc.asyncProperty(drawn, (given) => check(stores["SQLite"]?.() ?? memoryStore(), given)),
    { numRuns: runs / 4 },
  );
}, 120_000);

test("a crash before or after each commit loses no chunk and repeats none", async () => {
  onTestFinished(close);
  const task = { writes: 5, fails: [2], keep: false, pace: 2 };
  const steps = [[task, { ...task, keep: true }], [{ ...task, inner: task }]];
  for (const survives of [false, true])
    for (let after = 0; after < 40; after++)
      await check(memoryStore(), { steps, crashes: [{ after, survives }], readers: [{ from: 0, cuts: [1, 3] }] });
}, 120_000);
