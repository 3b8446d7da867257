/** What people can see of runs, in every process that has the store, without touching them. */
import { expect, onTestFinished, test } from "vitest";
import {
  close,
  complete,
  countRuns,
  FatalError,
  getRun,
  listRuns,
  progress,
  recover,
  signal,
  sleep,
  start,
  subscribe,
  taskContext,
  workflowContext,
  type RunEvent,
  type WorkflowContext,
} from "perdure";
import { advance, settled, setup } from "perdure/testing";
import { subscribe as events } from "../../packages/runtime/src/api/events.ts";
import { Runtime } from "../../packages/runtime/src/process/runtime.ts";
import { until } from "../event-loop.ts";

function begin(options: Parameters<typeof setup>[0] = {}): ReturnType<typeof setup> {
  onTestFinished(close);
  return setup({ logLevel: "silent", lease: "1h", pollInterval: "1s", ...options });
}

async function charge(card: string, amount: number): Promise<{ charged: number; card: string }> {
  "use task: retries=1, backoff=constant(1m)";
  if (amount < 0) throw new RangeError(`cannot charge ${amount}`);
  return { charged: amount, card };
}

async function flaky(): Promise<string> {
  "use task: retries=1, backoff=constant(1m)";
  if (taskContext().attempt === 1) throw new Error("the line is busy");
  return "through";
}

async function report(done: number): Promise<number> {
  "use task";
  progress({ done });
  return done;
}

export async function order(_id: string, amount: number): Promise<unknown> {
  "use workflow: id={_id}";
  progress("charging");
  const receipt = await charge("4711", amount);
  await report(1);
  return receipt;
}

export async function calls(_id: string): Promise<string> {
  "use workflow: id={_id}";
  return flaky();
}

export async function child(_id: string): Promise<unknown> {
  "use workflow: id={_id}";
  return signal("answer", { timeout: "2h" });
}

export async function parent(id: string): Promise<unknown> {
  "use workflow: id={id}";
  const both = await Promise.all([sleep("1h"), child(`${id}/child`)]);
  return both[1];
}

export async function unstorable(_id: string): Promise<unknown> {
  "use workflow: id={_id}";
  return () => 1;
}

const contexts: WorkflowContext[] = [];
const replays: boolean[] = [];

async function helper(): Promise<void> {
  contexts.push(workflowContext());
}

export async function knows(_id: string): Promise<string> {
  "use workflow: id={_id}";
  replays.push(workflowContext().isReplaying);
  await helper();
  await report(1);
  replays.push(workflowContext().isReplaying);
  await sleep("1h");
  replays.push(workflowContext().isReplaying);
  return workflowContext().runId;
}

test("info() of a completed run has its times and tags, and says that it waits for nothing", async () => {
  const { clock } = begin();
  const run = await start(order, ["a", 5], { tags: ["vip", "new"] });
  await run.result();
  const now = new Date(clock.now());
  expect(await run.info()).toEqual({
    id: "a",
    workflow: "order",
    file: "test/life/reading.test.ts",
    status: "completed",
    tags: ["vip", "new"],
    createdAt: now,
    updatedAt: now,
    endedAt: now,
    progress: { done: 1 },
    compensated: false,
    restarts: 0,
    inLine: false,
    waitingFor: [],
  });
  expect(await run.input()).toEqual(["a", 5]);
  expect(await run.output()).toEqual({ charged: 5, card: "4711" });
});

test("info() of a failed run has its error, and so have lists", async () => {
  begin();
  const run = await start(order, ["b", -1]);
  await advance("2m");
  expect(await run.status()).toBe("failed");
  expect((await run.info()).error).toEqual(new RangeError("cannot charge -1"));
  expect((await listRuns())[0]?.error).toEqual(new RangeError("cannot charge -1"));
  expect(await run.output()).toBeUndefined();
});

test("info() of a run that was cancelled before it began has a CancelledError too", async () => {
  const { store, clock } = begin();
  const given = { workflow: "order", file: "f", input: "1:[]", inputHash: "h", code: "c", modules: "[]", seed: "s" };
  await store.createRun({ ...given, id: "never", createdAt: clock.now() });
  const run = await getRun("never");
  await run.cancel("enough");
  expect((await run.info()).error).toMatchObject({ name: "CancelledError", reason: "enough" });
});

test("info() says what a run waits for: a sleep, a child, a signal, the next attempt of a task", async () => {
  const { clock } = begin();
  const began = clock.now();
  const run = await start(parent, ["p"]);
  await start(calls, ["c"]);
  await settled();
  const location = expect.stringMatching(/^test\/life\/reading\.test\.ts:\d+:\d+$/) as string;
  expect((await run.info()).waitingFor).toEqual(
    expect.arrayContaining([
      { kind: "sleep", step: "sleep[0]", location, until: new Date(began + 3_600_000) },
      { kind: "child", step: "child[0]", location, run: "p/child" },
    ]),
  );
  const until = new Date(began + 2 * 3_600_000);
  const waiting = await (await getRun("p/child")).info();
  expect(waiting.waitingFor).toEqual([{ kind: "signal", step: "signal:answer[0]", location, name: "answer", until }]);
  expect(waiting.parent).toBe("p");
  expect((await (await getRun("c")).info()).waitingFor).toEqual([
    { kind: "retry", step: "flaky[0]", location, name: "flaky", until: new Date(began + 60_000) },
  ]);
});

test("steps() gives the finished steps in order, then the open ones, with inputs where they are recorded", async () => {
  begin({ recordInputs: true });
  const run = await start(order, ["a", 5]);
  await run.result();
  const steps = await run.steps();
  expect(steps).toMatchObject([
    { id: "charge[0]", kind: "task", name: "charge", state: "completed", seq: 1, attempts: 1, input: ["4711", 5] },
    { id: "report[0]", name: "report", seq: 2, input: [1], output: 1, path: ["report[0]"] },
  ]);
  expect(steps[0]?.output).toEqual({ charged: 5, card: "4711" });
  expect(steps[0]?.location).toMatch(/reading\.test\.ts:\d+:\d+$/);
  expect((await run.steps({ limit: 1 })).map(({ id }) => id)).toEqual(["charge[0]"]);
  expect((await run.steps({ after: 1 })).map(({ id }) => id)).toEqual(["report[0]"]);
  await start(calls, ["c"]);
  await settled();
  const [open] = await (await getRun("c")).steps();
  expect(open).toMatchObject({ id: "flaky[0]", state: "open", attempts: 1, error: new Error("the line is busy") });
  expect(open?.dueAt).toBeInstanceOf(Date);
});

test("step() gives one of them, and steps({ values: false }) all of them without inputs and outputs", async () => {
  begin({ recordInputs: true });
  const run = await start(order, ["a", 5]);
  await run.result();
  const [charged, reported] = await run.steps();
  expect(await run.step("charge[0]")).toEqual(charged);
  expect(charged).toHaveProperty("output");
  const { input: _, output: __, ...light } = { ...charged };
  const { input: ___, output: ____, ...second } = { ...reported };
  expect(await run.steps({ values: false })).toStrictEqual([light, second]);
  expect(await run.steps({ values: false, after: 1, limit: 1 })).toStrictEqual([second]);
  await expect(run.step("none[0]")).rejects.toMatchObject({ code: "STEP_NOT_FOUND" });
  const failing = await start(calls, ["c"]);
  await settled();
  const [open] = await failing.steps({ values: false });
  expect(open).toMatchObject({ id: "flaky[0]", error: new Error("the line is busy") });
});

test("steps() has no inputs unless they are recorded", async () => {
  begin();
  const run = await start(order, ["a", 5]);
  await run.result();
  expect((await run.steps()).every((step) => !("input" in step))).toBe(true);
});

test("listRuns() filters by blocked, tags, parent and time", async () => {
  const { clock } = begin();
  await start(order, ["a", 5], { tags: ["vip"] });
  await start(unstorable, ["u"]);
  await settled();
  await advance("1h");
  const later = new Date(clock.now());
  await start(parent, ["p"], { tags: ["vip", "slow"] });
  await settled();
  const ids = async (options: Parameters<typeof listRuns>[0]): Promise<string[]> =>
    (await listRuns(options)).map(({ id }) => id);
  expect(await ids({ status: "blocked" })).toEqual(["u"]);
  expect(await ids({ tags: "vip" })).toEqual(["p", "a"]);
  expect(await ids({ tags: ["slow", "vip"] })).toEqual(["p"]);
  expect(await ids({ parent: "p" })).toEqual(["p/child"]);
  expect(await ids({ createdBefore: later })).toEqual(["u", "a"]);
  expect(await ids({ createdAfter: later, status: "running" })).toEqual(["p/child", "p"]);
  expect((await listRuns({ status: "blocked" }))[0]).toMatchObject({
    status: "pending",
    blocked: { error: "VALUE_NOT_STORABLE" },
  });
});

test("countRuns() counts the runs of each workflow by status, and blocked ones apart", async () => {
  begin();
  expect(await countRuns()).toEqual([]);
  for (const id of ["a", "b"]) await (await start(order, [id, 5])).result();
  await start(unstorable, ["u"]);
  await start(child, ["c"]);
  await settled();
  const file = "test/life/reading.test.ts";
  expect(await countRuns()).toEqual([
    { workflow: "order", file, status: "completed", count: 2 },
    { workflow: "unstorable", file, status: "blocked", count: 1 },
    { workflow: "child", file, status: "running", count: 1 },
  ]);
});

const failures: unknown[] = [];

async function unlucky(_id: string): Promise<string> {
  "use task: retries=30, backoff=constant(1m)";
  const { attempt } = taskContext();
  const failure = failures[attempt - 1];
  if (failure !== undefined) throw failure;
  return `attempt ${attempt}`;
}

export async function tries(id: string): Promise<string> {
  "use workflow: id={id}";
  return unlucky(id);
}

/** The failed attempts of the only step of a run: number, times since `T` in minutes, and error. */
async function attemptsOf(id: string, began: number): Promise<unknown[] | undefined> {
  const [step] = await (await getRun(id)).steps({ values: false });
  const since = (date: Date): number => (date.getTime() - began) / 60_000;
  expect(since(step?.startedAt ?? new Date(0))).toBe(0);
  return step?.failedAttempts?.map(({ attempt, startedAt, endedAt, error }) => {
    expect(error).toBeInstanceOf(Error);
    return [attempt, since(startedAt), since(endedAt), String(error)];
  });
}

test("steps() has the failed attempts of a task with their times and errors, also those before a crash", async () => {
  const { crash, clock, store } = begin();
  failures.splice(0, 9, new TypeError("one"), new Error("two"), new Error("three"));
  const began = clock.now();
  await start(tries, ["t"]);
  await settled();
  expect(await attemptsOf("t", began)).toEqual([[1, 0, 0, "TypeError: one"]]);
  await advance("1m");
  crash();
  await recover();
  await settled();
  const two = [
    [1, 0, 0, "TypeError: one"],
    [2, 1, 1, "Error: two"],
  ];
  expect(await attemptsOf("t", began)).toEqual(two);
  const [open] = await store.steps("t");
  expect(open?.failedAttempts?.match(/two/gu), "the latest error is the output").toBeNull();
  await advance("5m");
  const run = await getRun("t");
  expect(await run.result()).toBe("attempt 4");
  expect(await run.step("unlucky[0]")).toMatchObject({ state: "completed", attempts: 4, output: "attempt 4" });
  expect(await attemptsOf("t", began)).toEqual([...two, [3, 2, 2, "Error: three"]]);
});

test("a task that succeeds at once has no failed attempts, and one that fails has its last attempt among them", async () => {
  const { clock, store } = begin();
  failures.length = 0;
  expect(await (await start(tries, ["good"])).result()).toBe("attempt 1");
  expect(Object.keys((await store.steps("good"))[0] ?? {})).not.toContain("failedAttempts");
  const began = clock.now();
  failures.push(new Error("one"), new FatalError("two"));
  await start(tries, ["bad"]);
  await advance("5m");
  expect(await attemptsOf("bad", began)).toEqual([
    [1, 0, 0, "Error: one"],
    [2, 1, 1, "FatalError: two"],
  ]);
  await start(tries, ["cancelled"]);
  await settled();
  await (await getRun("cancelled")).cancel();
  await settled();
  const step = await (await getRun("cancelled")).step("unlucky[0]");
  expect(step).toMatchObject({ error: { name: "CancelledError" }, failedAttempts: [{ error: { message: "one" } }] });
});

test("the first failed attempt and the latest 19 are kept, and of long errors the name and a part of the message", async () => {
  begin({ redact: (value, { value: kind }) => (kind === "error" && !(value instanceof Error) ? "***" : value) });
  failures.splice(0, 9, new RangeError("long ".repeat(2_000)), { big: "x".repeat(5_000) });
  for (let n = 3; n <= 25; n++) failures.push(new Error(`attempt ${n}`));
  const run = await start(tries, ["l"]);
  await advance("90s");
  const [first, second] = (await run.steps())[0]?.failedAttempts ?? [];
  expect(first?.error).toEqual(Object.assign(new RangeError("long ".repeat(200)), { name: "RangeError" }));
  expect(second?.error, "the latest is whole, and redacted").toBe("***");
  await advance("1m");
  expect((await run.step("unlucky[0]")).failedAttempts?.[1]?.error).toMatchObject({ message: "an object" });
  await advance("1h");
  expect(await run.result()).toBe("attempt 26");
  const attempts = (await run.step("unlucky[0]")).failedAttempts ?? [];
  expect(attempts.map(({ attempt }) => attempt)).toEqual([1, ...Array.from({ length: 19 }, (_, n) => n + 7)]);
});

test("executions() gives the lives of a run: who died, who gave it up, and who goes on", async () => {
  const { crash, clock } = begin({ suspendAfter: "1m" });
  const times = [clock.now()];
  const run = await start(parent, ["p"]);
  await settled();
  const me = expect.stringMatching(new RegExp(`:${process.pid}$`, "u")) as string;
  const at = (place: number): Date => new Date(times[place] ?? NaN);
  expect(await run.executions()).toEqual([{ number: 1, startedAt: at(0), end: "running", owner: me }]);
  await advance("10s");
  crash();
  const again = await getRun("p");
  expect(await again.executions()).toEqual([{ number: 1, startedAt: at(0), end: "died", owner: me }]);
  times.push(clock.now());
  await recover();
  await advance("5m");
  const [died, released, ...none] = await again.executions();
  expect(died).toEqual({ number: 1, startedAt: at(0), end: "died", owner: me });
  expect(released).toMatchObject({ number: 2, startedAt: at(1), end: "released", owner: me });
  expect(none).toEqual([]);
  expect(released?.endedAt?.getTime()).toBeGreaterThanOrEqual((times[1] ?? 0) + 60_000);
  await complete("p/child", "answer", 1);
  await advance("1h");
  expect(await again.result()).toBe(1);
  const lives = await again.executions();
  const ends = lives.map(({ number, end }) => `${number} ${end}`);
  expect(ends).toEqual(["1 died", "2 released", "3 released", "4 ended"]); // the end of the child, and that of the sleep
  expect(lives[1]).toEqual(released);
  expect(lives[3]?.endedAt).toEqual((await again.info()).endedAt);
});

test("executions() of a run that nobody has executed is empty, and a restart begins with 1 again", async () => {
  const { store, clock } = begin();
  const given = { workflow: "other", file: "f", input: "1:[]", inputHash: "h", code: "c", modules: "[]", seed: "s" };
  await store.createRun({ ...given, id: "r", createdAt: clock.now() });
  const run = await getRun("r");
  expect(await run.executions()).toEqual([]);
  const claimed = await store.claim({ run: "r", lease: { owner: "me", ms: 10 } });
  const began = { number: 1, startedAt: new Date(clock.now()), owner: "me" };
  expect(await run.executions()).toEqual([{ ...began, end: "running" }]);
  await advance(11);
  expect(await run.executions(), "its lease is over").toEqual([{ ...began, end: "died" }]);
  const end = { type: "finish", run: "r", epoch: claimed?.epoch ?? 0, status: "failed", output: "1:[1]" } as const;
  await store.commit([{ ...end, unhandled: [], at: clock.now() }]);
  expect(await run.executions()).toEqual([{ ...began, end: "ended", endedAt: new Date(clock.now()) }]);
  await store.restart({ run: "r", seed: "s" });
  expect(await run.executions()).toEqual([]);
});

test("listRuns() finds runs by a part of their id, and lists the next due first", async () => {
  begin({ suspendAfter: "1s" });
  for (const id of ["p-1", "p-2"]) await start(child, [id]);
  await start(calls, ["c-1"]);
  await advance("5s");
  await start(order, ["a-1", 5]);
  await settled();
  const ids = async (options: Parameters<typeof listRuns>[0]): Promise<string[]> =>
    (await listRuns(options)).map(({ id }) => id);
  expect(await ids({ search: "-1" })).toEqual(["a-1", "c-1", "p-1"]);
  expect(await ids({ search: "P" })).toEqual([]);
  expect(await ids({ order: "due" })).toEqual(["c-1", "p-1", "p-2", "a-1"]);
  expect(await ids({ order: "due", before: "p-1", limit: 1 })).toEqual(["p-2"]);
  await expect(listRuns({ before: "none" })).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  // @ts-expect-error it is "due"
  await expect(listRuns({ order: "deu" })).rejects.toMatchObject({ code: "OPTION_INVALID" });
});

test("listRuns() continues after a run that was deleted meanwhile", async () => {
  begin();
  for (const id of ["q-1", "q-2", "q-3"]) await (await start(calls, [id])).cancel();
  await settled();
  const first = await listRuns({ limit: 2 });
  expect(first.map(({ id }) => id)).toEqual(["q-3", "q-2"]);
  await (await getRun("q-2")).delete();
  const next = await listRuns({ limit: 2, after: first.at(-1)?.cursor });
  expect(next.map(({ id }) => id)).toEqual(["q-1"]);
  expect(await listRuns({ after: next.at(-1)?.cursor })).toEqual([]);
  await expect(listRuns({ after: "q-1" })).rejects.toMatchObject({ code: "OPTION_INVALID" });
});

test("redact() decides what people see of inputs, outputs, errors and progress, and changes no result", async () => {
  const asked: string[] = [];
  begin({
    recordInputs: true,
    redact(value, { value: kind, run, step }) {
      asked.push(`${kind} ${run} ${step ?? ""}`.trim());
      if (kind === "error") throw new Error("a mistake in the hook");
      return kind === "progress" ? value : "***";
    },
  });
  const run = await start(order, ["a", 5]);
  expect(await run.result()).toEqual({ charged: 5, card: "4711" });
  expect([await run.input(), await run.output(), (await run.info()).progress]).toEqual(["***", "***", { done: 1 }]);
  expect((await run.steps()).map(({ input, output }) => [input, output])).toEqual([
    ["***", "***"],
    ["***", "***"],
  ]);
  const failed = await start(order, ["b", -1]);
  await advance("2m");
  expect((await failed.info()).error).toBe("[redacted: the hook threw]");
  expect(asked).toContain("output a charge[0]");
  expect(asked).toContain("input a");
});

test("a value that cannot be decoded is shown as text that says so", async () => {
  const { store } = begin();
  const run = await start(order, ["a", 5]);
  await run.result();
  const [row] = await store.steps("a");
  await store.restart({ run: "a", seed: "s" });
  const claimed = await store.claim({ run: "a", lease: { owner: "x", ms: 1e9 } });
  const epoch = claimed?.epoch ?? 0;
  if (!row) throw new Error("there is a step");
  await store.commit([{ type: "step", run: "a", epoch, step: { ...row, output: "9:[]" } }]);
  expect((await run.steps())[0]?.output).toMatch(/^\[cannot be decoded: .*9/);
});

test("reading does not resume a run", async () => {
  const { crash, store } = begin();
  const run = await start(parent, ["p"]);
  await settled();
  crash();
  const before = await store.getRun("p");
  const again = await getRun("p");
  await again.info();
  await again.steps();
  await listRuns();
  for await (const event of subscribe("p")) {
    expect(event.type).not.toBe("end");
    break;
  }
  await advance("1m");
  expect(await store.getRun(run.id)).toEqual(before);
});

/** The events of a run, as they come. */
async function follow(events: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  const seen: RunEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

const short = (event: RunEvent): string => {
  if (event.type === "step") return `step ${event.step.id} ${event.step.seq ?? ""}`;
  if (event.type === "waiting") return `waiting ${event.waitingFor.map(({ step }) => step).join(" ")}`.trim();
  if (event.type === "progress") return `progress ${JSON.stringify(event.progress)}`;
  return event.type === "restarted" ? event.type : `${event.type} ${event.status}`;
};

test("subscribe() gives what has happened and what happens until the end, in every process", async () => {
  begin();
  const run = await start(child, ["c"]);
  await settled();
  const here = follow(subscribe("c"));
  await settled();
  await complete("c", "answer", 42);
  await advance("5s");
  const expected = ["status running", "waiting signal:answer[0]", "step signal:answer[0] 1", "end completed"];
  expect((await here).map(short)).toEqual(expected);
  expect((await here).at(-1)).toEqual({ type: "end", status: "completed", output: 42 });
  expect(await run.result()).toBe(42);
  expect((await follow(subscribe("c"))).map(short)).toEqual(["step signal:answer[0] 1", "end completed"]);
  expect((await follow(subscribe("c", { from: 1 }))).map(short)).toEqual(["end completed"]);
  await expect(follow(subscribe("none"))).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
});

test("subscribe() gives the error of a failed run, and begins anew after a restart", async () => {
  begin();
  const run = await start(order, ["b", -1]);
  await settled();
  const events = subscribe("b")[Symbol.asyncIterator]();
  const seen: string[] = [];
  const next = async (): Promise<void> => {
    const { value, done } = (await events.next()) as IteratorResult<RunEvent, undefined>;
    if (!done) seen.push(short(value));
  };
  for (let count = 0; count < 3; count++) await next();
  expect(seen).toEqual(['progress "charging"', "status running", "waiting charge[0]"]);
  const last = next();
  await advance("2m");
  await last;
  expect(seen.at(-1)).toBe("step charge[0] 1");
  await run.restart();
  await next();
  expect(seen.at(-1)).toBe("restarted");
  await events.return?.();
});

test("subscribe() sees what another runtime does", async () => {
  const { store, clock } = begin();
  const run = await start(child, ["c"]);
  await settled();
  const other = new Runtime({ store, clock, logLevel: "silent", lease: "1h", pollInterval: "1s" });
  const seen: string[] = [];
  const reading = (async () => {
    for await (const event of events(other, "c", {})) seen.push(short(event));
  })();
  await settled();
  expect(seen).toEqual(["status running", "waiting signal:answer[0]"]);
  await complete("c", "answer", 1);
  await run.result();
  await advance("2s");
  await reading;
  expect(seen.slice(2)).toEqual(["step signal:answer[0] 1", "end completed"]);
  other.kill();
});

test("subscribe() ends with an error when the runtime is closed", async () => {
  begin();
  await start(child, ["c"]);
  await settled();
  const seen = follow(subscribe("c"));
  const rejected = expect(seen).rejects.toMatchObject({ code: "RUNTIME_CLOSED" });
  await settled();
  await close();
  await rejected;
});

test("progress() is durable soon, the latest value wins, and no replay repeats it", async () => {
  const { store, crash } = begin();
  const run = await start(knows, ["k"]);
  await settled();
  expect((await run.info()).progress).toEqual({ done: 1 });
  const writes = (await store.getRun("k"))?.progress;
  crash();
  await recover();
  await settled();
  expect((await store.getRun("k"))?.progress).toBe(writes);
  expect(progress("outside of a run, nothing happens")).toBeUndefined();
});

test("progress() many times in a row makes few commits", async () => {
  const { store } = begin();
  let commits = 0;
  const inner = store.commit.bind(store);
  store.commit = (writes) => {
    commits += writes.filter(({ type }) => type === "progress").length;
    return inner(writes);
  };
  const run = await start(busy, ["b"]);
  await until(() => gate.open !== undefined);
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(commits).toBeLessThanOrEqual(2);
  gate.open?.();
  await run.result();
  expect((await run.info()).progress).toBe(999);
  expect(commits).toBeLessThanOrEqual(3);
});

const gate: { open?: () => void } = {};

async function counts(): Promise<void> {
  "use task";
  for (let n = 0; n < 1000; n++) progress(n);
  await new Promise<void>((resolve) => (gate.open = resolve));
}

export async function busy(_id: string): Promise<void> {
  "use workflow: id={_id}";
  await counts();
}

test("workflowContext() knows the run, in the workflow and its helpers, in a replay too", async () => {
  const { crash, clock } = begin({ suspendAfter: "1d" });
  contexts.length = replays.length = 0;
  const startedAt = new Date(clock.now());
  await start(knows, ["k"]);
  await settled();
  crash();
  await recover();
  await advance("2h");
  expect(await (await getRun("k")).result()).toBe("k");
  expect(contexts).toHaveLength(2);
  for (const { runId, workflow, input, startedAt: at } of contexts)
    expect({ runId, workflow, input, at }).toEqual({ runId: "k", workflow: "knows", input: ["k"], at: startedAt });
  expect(replays).toEqual([false, false, true, false, false]);
  expect(() => workflowContext()).toThrow(expect.objectContaining({ code: "NOT_IN_A_WORKFLOW" }) as Error);
});

test("the signal of workflowContext() is aborted when the cancellation is delivered", async () => {
  begin();
  contexts.length = 0;
  const run = await start(knows, ["k"]);
  await settled();
  const [context] = contexts;
  expect(context?.signal.aborted).toBe(false);
  await run.cancel("enough");
  await settled();
  expect(context?.signal.aborted).toBe(true);
  expect(context?.signal.reason).toMatchObject({ name: "CancelledError", reason: "enough" });
});
