/** What people can do to runs, in every process that has the store. */
import { expect, onTestFinished, test } from "vitest";
import { close, getRun, listRuns, prune, recover, signal, sleep, start, taskContext, worker, type Run } from "perdure";
import { advance, settled, setup } from "perdure/testing";

const done: string[] = [];

function begin(options: Parameters<typeof setup>[0] = {}): ReturnType<typeof setup> {
  done.length = 0;
  onTestFinished(close);
  return setup({ logLevel: "silent", lease: "1h", pollInterval: "1s", ...options });
}

async function step(name: string): Promise<string> {
  "use task: retries=0";
  done.push(`${taskContext().runId} ${name}`);
  return `${name} ${Date.now()}`;
}

const fails = new Set<string>();

async function breaks(name: string): Promise<string> {
  "use task: retries=0";
  done.push(`${taskContext().runId} ${name}`);
  if (fails.has(name)) throw new Error(`${name} is broken`);
  return name;
}

export async function flow(_id: string): Promise<string[]> {
  "use workflow: id={_id}";
  const began = new Date().toISOString();
  const chance = Math.random();
  const a = await step(`a ${began} ${chance}`);
  const b = await breaks("b");
  const c = await step("c");
  return [a, b, c];
}

export async function quick(_id: string): Promise<string> {
  "use workflow: id={_id}";
  return step("quick");
}

export async function other(_id: string): Promise<string> {
  "use workflow: id={_id}";
  return step("other");
}

export async function waits(_id: string): Promise<unknown> {
  "use workflow: id={_id}";
  return signal("go");
}

export async function parent(id: string): Promise<unknown> {
  "use workflow: id={id}";
  const answer = await waits(`${id}/child`);
  await sleep("1h");
  return answer;
}

const storable = { is: false };

export async function unstorable(_id: string): Promise<unknown> {
  "use workflow: id={_id}";
  return storable.is ? "text" : () => 1;
}

const idsOf = (runs: readonly { readonly id: string }[]): string[] => runs.map(({ id }) => id).sort();

test("fork() starts a new run with the steps before the given one, which are not executed again", async () => {
  begin();
  fails.clear();
  const run = await start(flow, ["f"]);
  const result = await run.result();
  const before = await run.info();
  done.length = 0;
  const forked = await run.fork({ from: "breaks[0]", id: "f2" });
  expect(forked.id).toBe("f2");
  const [a] = await forked.result();
  expect(a).toBe(result[0]); // the recorded one: made with the same time and the same random number
  expect(done).toEqual(["f2 b", "f2 c"]);
  expect(await forked.info()).toMatchObject({ forkOf: "f", status: "completed" });
  expect(await run.info()).toEqual(before);
});

test("fork() of a failed run repeats the failed step", async () => {
  begin();
  fails.add("b");
  const run = await start(flow, ["f"]);
  await expect(run.result()).rejects.toThrow("b is broken");
  fails.clear();
  done.length = 0;
  const forked = (await run.fork({ from: "breaks[0]" })) as Run<string[]>;
  expect((await forked.result()).slice(1, 2)).toEqual(["b"]);
  expect(forked.id).toMatch(/^f:fork-[0-9a-f]{8}$/);
  expect(done).toHaveLength(2);
  expect(await run.status()).toBe("failed");
});

test("fork() names what does not exist", async () => {
  begin();
  const run = await start(quick, ["q"]);
  await run.result();
  await expect(run.fork({ from: "none[0]" })).rejects.toMatchObject({ code: "STEP_NOT_FOUND" });
  await run.delete();
  await expect(run.fork({ from: "step[0]" })).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
});

test("a fork is executed by a worker, where the program that made it cannot", async () => {
  const { store } = begin();
  const run = await start(quick, ["q"]);
  await run.result();
  await store.fork({ run: "q", from: "step[0]", id: "q2" });
  const working = worker();
  await advance("10s");
  await working.stop();
  expect(await (await getRun("q2")).status()).toBe("completed");
});

test("unblock() lets a run be tried again under the same code", async () => {
  const { crash } = begin();
  storable.is = false;
  await start(unstorable, ["u"]);
  await settled();
  const run = await getRun("u");
  expect((await run.info()).blocked?.error).toBe("VALUE_NOT_STORABLE");
  storable.is = true;
  crash();
  const again = await getRun("u");
  expect(await again.unblock()).toBe(true);
  expect(await again.result()).toBe("text");
  expect(await again.unblock()).toBe(false);
});

test("delete() removes an ended run and its steps; its id can be used again", async () => {
  const { store } = begin();
  const run = await start(quick, ["q"]);
  await run.result();
  expect(await run.delete()).toBe(true);
  await expect(run.info()).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  await expect(run.delete()).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  expect(await store.steps("q")).toEqual([]);
  await (await start(quick, ["q"])).result();
  expect(done).toEqual(["q quick", "q quick"]);
});

test("delete() leaves a run that has not ended, unless it is forced and nobody executes it", async () => {
  const { crash, store } = begin();
  const run = await start(waits, ["w"]);
  await settled();
  expect(await run.delete()).toBe(false);
  expect(await run.delete({ force: true })).toBe(false);
  await close();
  crash();
  expect((await store.getRun("w"))?.status).toBe("waiting");
  const again = await getRun("w");
  expect(await again.delete()).toBe(false);
  expect(await again.delete({ force: true })).toBe(true);
  expect(await listRuns()).toEqual([]);
});

test("a parent whose child is deleted begins the child again", async () => {
  const { crash } = begin();
  await start(parent, ["p"]);
  await settled();
  await close();
  crash();
  expect(await (await getRun("p/child")).delete({ force: true })).toBe(true);
  await recover();
  await settled();
  expect(idsOf(await listRuns())).toEqual(["p", "p/child"]);
});

test("prune() deletes ended runs by age, status and workflow, and keeps the latest", async () => {
  begin();
  for (let n = 1; n <= 4; n++) {
    await (await start(quick, [`q${n}`])).result();
    await advance("1h");
  }
  await (await start(other, ["o"])).result();
  fails.add("b");
  await (await start(flow, ["f"])).result().catch(() => {});
  await start(waits, ["w"]);
  await advance("1h");
  expect(await prune({ olderThan: "10d" })).toBe(0);
  expect(await prune({ olderThan: "1m", workflow: "quick", keep: 3 })).toBe(1);
  expect(idsOf(await listRuns())).toEqual(["f", "o", "q2", "q3", "q4", "w"]);
  expect(await prune({ olderThan: "150m" })).toBe(2);
  expect(await prune({ olderThan: "1m", status: "failed" })).toBe(1);
  expect(await prune({ olderThan: new Date(0) })).toBe(0);
  expect(idsOf(await listRuns())).toEqual(["o", "q4", "w"]);
  await expect(prune({ olderThan: "1m", keep: -1 })).rejects.toMatchObject({ code: "OPTION_INVALID" });
});

test("prune() deletes any number of runs", async () => {
  begin();
  for (let n = 0; n < 250; n++) await (await start(quick, [`q${n}`])).result();
  await advance("1h");
  expect(await prune({ olderThan: "1m" })).toBe(250);
  expect(await listRuns()).toEqual([]);
});

test("a worker deletes the runs that are older than the retention of their status", async () => {
  begin({ pollInterval: "10m", retention: { completed: "2d", keep: 1 } });
  fails.add("b");
  for (const id of ["q1", "q2", "q3"]) await (await start(quick, [id])).result();
  await (await start(flow, ["f"])).result().catch(() => {});
  const working = worker();
  await advance("1d");
  expect(idsOf(await listRuns())).toEqual(["f", "q1", "q2", "q3"]);
  await advance("2d");
  await working.stop();
  expect(idsOf(await listRuns())).toEqual(["f", "q3"]);
});

test("an option of the retention that is wrong is refused", () => {
  expect(() => setup({ retention: { completed: "soon" as "1d" } })).toThrow(/retention of completed runs/);
  expect(() => setup({ retention: { keep: 1.5 } })).toThrow(/retention\.keep/);
});
