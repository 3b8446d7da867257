/** What docs/flow.md says of queues and is not tested elsewhere. */
import { setTimeout as pause } from "node:timers/promises";
import { compile } from "unplugin-perdure";
import { expect, onTestFinished, test, vi } from "vitest";
import { close, configure, getRun, memoryStore, queue, queues, sleep, start } from "perdure";
import { join } from "node:path";
import { blocksOf, readPage, root } from "./page.ts";

const began: string[] = [];

function begin(): void {
  onTestFinished(close);
  began.length = 0;
  configure({ store: memoryStore(), logLevel: "silent", pollInterval: "20ms" });
}

test("the code in docs/flow.md compiles", () => {
  const blocks = blocksOf(readPage("docs/flow.md")).filter(({ lang }) => lang === "ts");
  expect(blocks.length).toBeGreaterThan(3);
  for (const { text } of blocks) {
    const compiled = compile(text, { id: join(root, "src/flow.ts"), root });
    expect(compiled?.diagnostics ?? []).toEqual([]);
  }
});

queue("limited-1", { concurrency: 1 });

async function hangs(name: string): Promise<string> {
  "use task: queue=limited-1, timeout=100ms, retries=0";
  began.push(name);
  if (name === "hangs") await pause(1000);
  return name;
}
async function hanging(): Promise<string[]> {
  "use workflow: id=hanging";
  const results = await Promise.allSettled([hangs("hangs"), hangs("next")]);
  return results.map(({ status }) => status);
}
test("an attempt that timed out gives its slot back, though its function still runs", async () => {
  begin();
  await expect((await start(hanging, [])).result()).resolves.toEqual(["rejected", "fulfilled"]);
  expect(began).toEqual(["hangs", "next"]);
});

const seen = { now: 0, most: 0 };
async function plain(): Promise<void> {
  "use task: concurrency=1";
  seen.most = Math.max(seen.most, ++seen.now);
  await pause(5);
  seen.now--;
}
test("a task that is called outside of a run is a plain call, without limits", async () => {
  begin();
  await Promise.all([plain(), plain(), plain()]);
  expect(seen.most).toBe(3);
});

queue("slow-rate", { rate: { limit: 2, per: "400ms" } });
const times: number[] = [];
async function flaky(): Promise<number> {
  "use task: queue=slow-rate, retries=2, backoff=constant(1ms)";
  times.push(Date.now());
  if (times.length < 3) throw new Error("not yet");
  return times.length;
}
async function retried(): Promise<number> {
  "use workflow: id=retried";
  return flaky();
}
test("each attempt of a task is a start", async () => {
  begin();
  await expect((await start(retried, [])).result()).resolves.toBe(3);
  expect((times[2] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(400);
});

queue("runs-rate", { rate: { limit: 1, per: "1h" } });
async function continues(): Promise<string> {
  "use workflow: queue=runs-rate";
  await sleep("50ms");
  await sleep("50ms");
  return "done";
}
test("a run is one start, however often it waits and continues", async () => {
  begin();
  await expect((await start(continues, [])).result()).resolves.toBe("done");
});

queue("one", { concurrency: 1 });
queue("other", { concurrency: 1 });
async function both(): Promise<void> {
  await vi.waitFor(() => expect(began).toHaveLength(2));
}
async function innerOne(): Promise<string> {
  "use task: queue=one, retries=0";
  return "one";
}
async function innerOther(): Promise<string> {
  "use task: queue=other, retries=0";
  return "other";
}
async function outerOne(): Promise<string> {
  "use task: queue=one, timeout=1s, retries=0";
  began.push("one");
  await both();
  return innerOther();
}
async function outerOther(): Promise<string> {
  "use task: queue=other, retries=0";
  began.push("other");
  await both();
  return innerOne();
}
async function crossed(): Promise<string[]> {
  "use workflow: id=crossed";
  const results = await Promise.allSettled([outerOne(), outerOther()]);
  return results.map(({ status }) => status);
}
test("nested tasks of two queues can wait for each other: both queues show it, and a timeout ends it", async () => {
  begin();
  const run = await start(crossed, []);
  await vi.waitFor(async () =>
    expect((await queues()).filter(({ name }) => name === "one" || name === "other")).toMatchObject([
      { name: "one", waiting: 1, running: 1 },
      { name: "other", waiting: 1, running: 1 },
    ]),
  );
  await expect((await getRun(run.id)).result()).resolves.toEqual(["rejected", "fulfilled"]);
});

test("the latest definition of a queue holds", async () => {
  begin();
  const mail = queue("defined-twice", { concurrency: 1 });
  queue("defined-twice", { concurrency: 4 });
  await expect(mail.info()).rejects.toMatchObject({ code: "QUEUE_NOT_FOUND" });
  await (await start(uses, [])).result();
  await expect(mail.info()).resolves.toMatchObject({ concurrency: 4, waiting: 0, running: 0 });
  queue("defined-twice", { concurrency: 2 });
  await (await start(uses, [], { id: "again" })).result();
  await expect(mail.info()).resolves.toMatchObject({ concurrency: 2 });
});
async function uses(): Promise<void> {
  "use workflow: queue=defined-twice";
}

queue("fair", { concurrency: 1 });
async function turn(key: string, name: string): Promise<void> {
  "use workflow: queue=fair, key={key}";
  await turnTaken(name);
  void key;
}
async function turnTaken(name: string): Promise<void> {
  "use task";
  began.push(name);
  await pause(5);
}
test("priority orders the calls of one key; keys take turns all the same", async () => {
  begin();
  const runs = [await start(turn, ["x", "first"])];
  for (const [key, name, priority] of [
    ["a", "a low", 0],
    ["a", "a high", 5],
    ["a", "a middle", 3],
    ["b", "b low", 0],
  ] as const)
    runs.push(await start(turn, [key, name], { priority }));
  await Promise.all(runs.map((run) => run.result()));
  expect(began).toEqual(["first", "a high", "b low", "a middle", "a low"]);
});
