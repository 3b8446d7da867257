import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import {
  close,
  getRun,
  listRuns,
  memoryStore,
  recover,
  signal,
  sleep,
  start,
  taskContext,
  worker,
  type Logger,
} from "perdure";
import { wrapStore } from "../../packages/store/src/wrap-store.ts";
import { advance, settled, setup } from "perdure/testing";
import { until } from "../event-loop.ts";

const seen: string[] = [];
const running = { now: 0, most: 0, open: (): void => {}, gate: Promise.resolve() };

async function note(text: string): Promise<string> {
  "use task: retries=2, backoff=constant(1s)";
  const { attempt, idempotencyKey, runId, stepId } = taskContext();
  seen.push(`${text} ${attempt} ${idempotencyKey}`);
  expect(idempotencyKey).toBe(`${runId}/${stepId}`);
  if (text === "flaky" && attempt < 3) throw new Error("again");
  return text;
}

async function slow(): Promise<void> {
  "use task";
  running.most = Math.max(running.most, ++running.now);
  await running.gate;
  running.now--;
}

async function flow(): Promise<string> {
  "use workflow: id=flow";
  await note("plain");
  await note("flaky");
  await sleep("1h");
  return String(await signal("go", { timeout: "1d" }).catch(() => "late"));
}

async function unstorable(): Promise<unknown> {
  "use workflow: id=unstorable";
  seen.push("begins");
  return () => 1;
}

async function bad(): Promise<unknown> {
  "use task";
  return () => 1;
}

async function cleansUpBadly(): Promise<void> {
  "use workflow: id=cleans-up-badly";
  try {
    await sleep("1h");
  } finally {
    await bad();
  }
}

async function job(_n: number): Promise<void> {
  "use workflow";
  await slow();
}

async function quick(n: number): Promise<string> {
  "use workflow";
  return note(`quick ${n}`);
}

test("the debug log has a line for each step that is executed, replayed, retried or waiting", async () => {
  const lines: string[] = [];
  const logger = Object.fromEntries(
    ["debug", "info", "warn", "error"].map((level) => [level, (message: string) => lines.push(`${level} ${message}`)]),
  ) as unknown as Logger;
  const { crash } = setup({ logger, logLevel: "debug" });
  onTestFinished(close);
  await start(flow, []);
  await advance("30m");
  crash();
  await recover();
  await advance("2d");
  const source = readFileSync(import.meta.filename, "utf8").split("\n");
  const place = (call: string): string =>
    `(test/runtime/operation.test.ts:${source.findIndex((line) => line.includes(`await ${call}`)) + 1})`;
  const [plain, flaky] = [place('note("plain")'), place('note("flaky")')];
  const [sleeping, going] = [place('sleep("1h")'), place('signal("go"')];
  expect(lines.map((line) => line.replace(/(:\d+):\d+\)/, "$1)").replace(/(failed|memory), .*/, "$1"))).toEqual([
    "info run flow of the workflow flow started",
    `debug executed note[0] of run flow ${plain}`,
    `warn attempt 1 of note[1] of run flow ${flaky} failed`,
    `warn attempt 2 of note[1] of run flow ${flaky} failed`,
    `debug executed note[1] of run flow ${flaky}`,
    `debug waiting sleep[0] of run flow ${sleeping}`,
    "info run flow of the workflow flow left memory",
    "info run flow of the workflow flow resumed",
    `debug replayed note[0] of run flow ${plain}`,
    `debug replayed note[1] of run flow ${flaky}`,
    `debug executed sleep[0] of run flow ${sleeping}`,
    `debug waiting signal:go[0] of run flow ${going}`,
    "info run flow of the workflow flow left memory",
    "info run flow of the workflow flow resumed",
    `debug replayed note[0] of run flow ${plain}`,
    `debug replayed note[1] of run flow ${flaky}`,
    `debug replayed sleep[0] of run flow ${sleeping}`,
    `info failed signal:go[0] of run flow ${going}: TimeoutError: no signal "go" came within 86400000 ms`,
    "info run flow of the workflow flow completed after 90002000 ms",
  ]);
});

test("the idempotency key is the same in every attempt, even after a crash", async () => {
  seen.length = 0;
  const { crash } = setup();
  onTestFinished(close);
  await start(flow, []);
  await advance("500ms");
  crash();
  await recover();
  await advance("10s");
  expect(seen).toEqual([
    "plain 1 flow/note[0]",
    "flaky 1 flow/note[1]",
    "flaky 2 flow/note[1]",
    "flaky 3 flow/note[1]",
  ]);
});

test("a worker respects its concurrency, and stop() waits for its runs", async () => {
  const { crash } = setup();
  onTestFinished(close);
  Object.assign(running, { now: 0, most: 0, gate: new Promise<void>((resolve) => (running.open = resolve)) });
  for (let n = 0; n < 5; n++) await start(job, [n]);
  crash();
  Object.assign(running, { now: 0, most: 0 });
  const working = worker({ concurrency: 2 });
  await working.tick();
  await until(() => running.now >= 2);
  await working.tick();
  expect(running.most).toBe(2);
  const stopping = working.stop();
  running.open();
  await stopping;
  const runs = await listRuns();
  expect(runs.filter(({ status }) => status === "running" || status === "pending")).toHaveLength(5);
  const finished = await Promise.all(runs.map(async ({ id }) => (await getRun(id)).info()));
  expect(finished.filter(({ status }) => status === "pending")).toHaveLength(2);
});

test("a call for a worker that runs returns it, and one for other options or after its end a new one", async () => {
  setup();
  onTestFinished(close);
  const first = worker();
  expect(worker({ concurrency: 10 })).toBe(first);
  const others = [worker({ concurrency: 2 }), worker({ workflows: ["job", "unstorable"] })];
  expect(new Set([first, ...others]).size).toBe(3);
  expect(worker({ workflows: ["unstorable", "job"] })).toBe(others[1]);
  await first.stop();
  expect(worker()).not.toBe(first);
});

test("a worker skips a blocked run until the code has changed", async () => {
  seen.length = 0;
  const { store, crash } = setup({ logLevel: "silent" });
  onTestFinished(close);
  await start(unstorable, []);
  await settled();
  expect(await store.getRun("unstorable")).toMatchObject({
    status: "pending",
    blocked: { error: "VALUE_NOT_STORABLE" },
  });
  crash();
  seen.length = 0;
  const working = worker();
  await advance("5h");
  expect(seen).toEqual([]);
  await working.stop();
  const row = await store.claim({ run: "unstorable", lease: { owner: "other", ms: 1 } });
  const blocked = { error: "VALUE_NOT_STORABLE", message: "", code: "older code" };
  await store.commit([
    { type: "release", run: "unstorable", epoch: row?.epoch ?? 0, status: "pending", blocked, at: 0 },
  ]);
  const again = worker();
  await advance("5h");
  expect(await store.getRun("unstorable")).toMatchObject({ blocked: { code: expect.not.stringContaining("older") } });
  await again.stop();
});

test("a blocked run that is cancelled ends, by a worker too, with the reason why its clean-up did not run", async () => {
  const reports: string[] = [];
  const { store, crash } = setup({ logLevel: "silent", onReport: ({ code }) => void reports.push(code) });
  onTestFinished(close);
  await start(unstorable, []);
  await settled();
  crash();
  await store.cancel({ run: "unstorable", reason: '1:["gone"]' }); // by a program without the workflow
  const working = worker();
  await advance("1m");
  await working.stop();
  const run = await getRun("unstorable");
  expect(await run.status()).toBe("cancelled");
  await expect(run.result()).rejects.toMatchObject({
    name: "CancelledError",
    reason: "gone",
    cause: { code: "VALUE_NOT_STORABLE" },
  });
  expect(reports).toEqual(["CLEAN_UP_SKIPPED"]);
});

test("a run that is blocked in its clean-up stays resumable", async () => {
  seen.length = 0;
  const { store, crash } = setup({ logLevel: "silent" });
  onTestFinished(close);
  const run = await start(cleansUpBadly, []);
  await settled();
  await run.cancel();
  await settled();
  crash();
  await recover();
  await settled();
  expect(await store.getRun("cleans-up-badly")).toMatchObject({
    status: "pending",
    blocked: { error: "VALUE_NOT_STORABLE" },
  });
});

test("a failing store stops the run, which resumes once the store works again", async () => {
  let broken = false;
  const store = wrapStore(memoryStore(), (method, perform) => {
    if (broken && method === "commit") throw new Error("disk full");
    return perform();
  });
  const { crash } = setup({ store, logLevel: "silent" });
  onTestFinished(close);
  broken = true;
  await expect(quick(2)).rejects.toThrow("disk full");
  broken = false;
  crash();
  expect(await quick(2)).toBe("quick 2");
});

test("1,000 runs complete concurrently", async () => {
  setup();
  onTestFinished(close);
  const results = await Promise.all(Array.from({ length: 1000 }, (_, n) => quick(n)));
  expect(results).toEqual(Array.from({ length: 1000 }, (_, n) => `quick ${n}`));
  expect(await listRuns({ status: "completed", limit: 2000 })).toHaveLength(1000);
});

test("a replay of 10,000 steps executes none of them again", async () => {
  const many = async (count: number): Promise<number> => {
    "use workflow: id=many";
    let sum = 0;
    for (let i = 0; i < count; i++) sum += (await note(String(i))).length;
    await sleep("1h");
    return sum;
  };
  const { crash } = setup();
  onTestFinished(close);
  await start(many, [10_000]);
  await settled();
  crash();
  seen.length = 0;
  const result = many(10_000);
  await advance("1h");
  expect(await result).toBe(38_890);
  expect(seen).toEqual([]);
});

async function down(levels: number): Promise<number> {
  "use workflow";
  return levels === 0 ? 0 : 1 + (await down(levels - 1));
}

test("workflows call themselves 300 levels deep, also after a crash: the ids of the runs do not grow without end", async () => {
  const { crash, store } = setup();
  onTestFinished(close);
  await start(down, [300], { id: "top" });
  for (let turn = 0; turn < 400; turn++) await new Promise((resolve) => setImmediate(resolve));
  crash();
  expect(await down(300).then(async () => (await getRun("top")).result())).toBe(300);
  const runs = await store.listRuns({ limit: 1000 });
  expect(runs).toHaveLength(602);
  expect(Math.max(...runs.map(({ id }) => id.length))).toBeLessThanOrEqual(512);
});
