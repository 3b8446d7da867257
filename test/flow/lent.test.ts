/** What uses a slot that another has: it needs none of its own, and its attempts are starts all the same. */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { close, configure, memoryStore, queue, queues, RetryableError, sqliteStore, start, type Store } from "perdure";
import { temporaryDirectory } from "../directories.ts";

const stores: Record<string, () => Store> = {
  "in-memory": memoryStore,
  SQLite: () => sqliteStore(join(temporaryDirectory(), "test.db"), { durability: "normal" }),
};

let began: { readonly name: string; readonly at: number }[] = [];

function begin(store: Store): void {
  onTestFinished(close);
  began = [];
  configure({ store, logLevel: "error", pollInterval: "20ms", lease: "2s" });
}

const during = async (name: string): Promise<string> => {
  began.push({ name, at: Date.now() });
  await pause(1);
  return name;
};

/** More than `limit` starts in any period of that length. */
function tooSoon(limit: number, per: number): string[] {
  const times = began.map(({ at }) => at).sort((a, b) => a - b);
  return times.flatMap((at, index) => {
    const before = times[index - limit] ?? -Infinity;
    return at - before < per ? [`${at - before} ms`] : [];
  });
}

async function leaf(name: string): Promise<string> {
  "use task: queue=lent, retries=0";
  return during(name);
}
async function branch(name: string, count: number): Promise<string[]> {
  "use task: queue=lent, retries=0";
  await during(name);
  return Promise.all(Array.from({ length: count }, (_, i) => leaf(`${name} ${i}`)));
}
async function root(name: string): Promise<string[][]> {
  "use task: queue=lent, retries=0";
  await during(name);
  return [await branch(`${name} a`, 1), await branch(`${name} b`, 1)];
}
export async function tree(name: string): Promise<string[][]> {
  "use workflow: id=tree-{name}";
  return root(name);
}
queue("lent", { concurrency: 2, rate: { limit: 2, per: 200 } });

async function steep(name: string): Promise<string> {
  "use task: queue=steep, retries=0";
  return during(name);
}
export async function ownSlot(count: number): Promise<string[]> {
  "use workflow: id=own-slot, queue=steep";
  return Promise.all(Array.from({ length: count }, (_, i) => steep(`s${i}`)));
}
async function noted(name: string): Promise<void> {
  "use task: retries=0";
  await during(name);
}
export async function child(name: string): Promise<void> {
  "use workflow: id=rated-{name}, queue=rated-family";
  await noted(name);
}
export async function parent(): Promise<void> {
  "use workflow: id=rated-parent, queue=rated-family";
  await noted("parent");
  await Promise.all([child("c0"), child("c1")]);
}
queue("rated-family", { concurrency: 1, rate: { limit: 1, per: 200 } });

queue("steep", { concurrency: 1, rate: { limit: 1, per: 150 } });

let failures = 0;
async function unsteady(): Promise<string> {
  "use task: queue=again, retries=2";
  await during("inner");
  if (failures++ < 2) throw new RetryableError("not yet", { retryAfter: 1 });
  return "done";
}
async function calls(): Promise<string> {
  "use task: queue=again, retries=0";
  await during("outer");
  return unsteady();
}
export async function retries(): Promise<string> {
  "use workflow: id=retries";
  return calls();
}
queue("again", { concurrency: 1, rate: { limit: 1, per: 100 } });

describe.each(Object.entries(stores))("with the %s store", (_name, make) => {
  test("tasks that borrow the slots of those that call them are starts for the rate, and none waits for ever", async () => {
    begin(make());
    const runs = await Promise.all(["x", "y", "z"].map((name) => start(tree, [name])));
    await expect(runs[0]?.result()).resolves.toEqual([["x a 0"], ["x b 0"]]);
    await Promise.all(runs.map((run) => run.result()));
    expect(began).toHaveLength(15);
    expect(tooSoon(2, 200)).toEqual([]);
    await expect(queues()).resolves.toMatchObject([{ name: "lent", waiting: 0, running: 0 }]);
  });

  test("tasks that borrow the slot of their run wait for the rate, and the run keeps its slot", async () => {
    begin(make());
    began.push({ name: "run", at: Date.now() });
    const run = await start(ownSlot, [3]);
    await pause(75);
    await expect(queues()).resolves.toMatchObject([{ name: "steep", waiting: 1, running: 1 }]);
    await expect(run.result()).resolves.toEqual(["s0", "s1", "s2"]);
    expect(began.map(({ name }) => name)).toEqual(["run", "s0", "s1", "s2"]);
    expect(tooSoon(1, 150)).toEqual([]);
  });

  test("a child run that is given its parent's slot is a start", async () => {
    begin(make());
    const from = Date.now();
    await (await start(parent, [])).result();
    expect(began.map(({ name }) => name)).toEqual(["parent", "c0", "c1"]);
    // a run may begin late, and never early
    expect(began.map(({ at }, place) => at - from >= place * 200)).toEqual([true, true, true]);
  });

  test("each attempt of a task that borrows is a start", async () => {
    begin(make());
    failures = 0;
    await expect((await start(retries, [])).result()).resolves.toBe("done");
    expect(began.map(({ name }) => name)).toEqual(["outer", "inner", "inner", "inner"]);
    expect(tooSoon(1, 100)).toEqual([]);
  });
});
