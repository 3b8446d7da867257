/** Parts of the store that fail while others answer: each part of a process continues as far as it can. */
import { setTimeout } from "node:timers/promises";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { close, configure, memoryStore, PerdureError, signal, start, startMany, worker, type Store } from "perdure";
import { advance, setup } from "perdure/testing";
import type { NextRuns } from "../../packages/store/src/contract.ts";
import { wrapStore, type StoreMethod } from "../../packages/store/src/wrap-store.ts";

const attempts: string[] = [];
beforeEach(() => void attempts.splice(0));

async function works(name: string): Promise<string> {
  "use task: retries=0";
  attempts.push(name);
  return name;
}

export async function waits(_name: string): Promise<string> {
  "use workflow: id=waits-{_name}";
  return signal<string>("go");
}

export async function quick(name: string): Promise<string> {
  "use workflow: id=quick-{name}";
  return works(name);
}

type Fate = "fails" | "hangs" | undefined;

/** A store behind a network. */
function begin(fateOf: (method: StoreMethod) => Fate, open = () => {}) {
  let opened = 0;
  const truth = memoryStore();
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const store: Store = wrapStore(truth, async (method, perform) => {
    await setTimeout(1);
    if (method === "open") {
      opened++;
      open();
    }
    const fate = method === "open" || method === "close" ? undefined : fateOf(method);
    if (fate === "hangs") return new Promise<never>(() => {});
    if (fate === "fails") throw new PerdureError("STORE_UNREACHABLE", { name: "remote:", detail: "it is away" });
    return perform() as never;
  });
  onTestFinished(close);
  configure({
    store,
    logger: { debug() {}, info() {}, warn: log, error: log },
    pollInterval: 20,
    lease: 900,
    suspendAfter: "1h",
  });
  return { truth, lines, opened: () => opened };
}

describe.each(["fails", "hangs"] as const)("while `expire` %s", (fate) => {
  test("a run in memory gets signals of other processes and keeps its lease", async () => {
    let isAway = false;
    const { truth } = begin((method) => (isAway && method === "expire" ? fate : undefined));
    const run = await start(waits, [fate]);
    await expect.poll(() => truth.steps(run.id)).toHaveLength(1);
    isAway = true;
    await setTimeout(1_500); // longer than a lease
    expect(await truth.claim({ run: run.id, lease: { owner: "another", ms: 1_000 } })).toBeUndefined();
    await truth.deliver({ run: run.id, name: "go", payload: '1:["gone"]' });
    const sentAt = performance.now();
    await expect(run.result()).resolves.toBe("gone");
    expect(performance.now() - sentAt).toBeLessThan(600);
  });

  test("a run in memory is cancelled by another process", async () => {
    let isAway = false;
    const { truth } = begin((method) => (isAway && method === "expire" ? fate : undefined));
    const run = await start(waits, [`${fate} cancelled`]);
    await expect.poll(() => truth.steps(run.id)).toHaveLength(1);
    isAway = true;
    await setTimeout(100);
    await truth.cancel({ run: run.id, reason: '1:["enough"]' });
    await expect.poll(() => run.status(), { timeout: 600 }).toBe("cancelled");
  });
});

test("a store that cannot be opened is one line in the log, and one when it can", async () => {
  let isOld = true;
  const { lines, opened } = begin(
    () => undefined,
    () => {
      if (isOld)
        throw new PerdureError("STORE_OLDER", { name: "remote:", found: 1, known: 2, detail: "must be owner" });
    },
  );
  const crew = worker();
  await expect.poll(() => opened(), { timeout: 5_000 }).toBeGreaterThan(5);
  expect(lines).toEqual([expect.stringContaining("the store cannot be opened: ")]);
  isOld = false;
  await expect.poll(() => lines.length, { timeout: 10_000 }).toBe(2);
  expect(lines[1]).toBe("the store memory: can be opened again");
  await crew.stop();
});

test("a worker takes runs while the upkeep of limits and queues fails", async () => {
  const { truth } = begin((method) => (["expire", "slotOwners", "offers"].includes(method) ? "fails" : undefined));
  await startMany(quick, [["b"]]);
  const crew = worker();
  await expect.poll(async () => (await truth.getRun("quick-b"))?.status, { timeout: 5_000 }).toBe("completed");
  await crew.stop();
});

test("a run whose claims fail is claimed at growing intervals, however many parts of the process want it", async () => {
  let isDown = false;
  let claims = 0;
  const truth = memoryStore();
  const store = wrapStore(truth, (method, perform) => {
    const answer = perform();
    if (!isDown || !["claimRuns", "claimNext"].includes(method)) return answer;
    if (method === "claimRuns" || (answer as NextRuns).claimed.length > 0) claims++;
    throw new Error("the answer is lost");
  });
  setup({ store, logLevel: "silent", pollInterval: 100, lease: "30s", suspendAfter: "1s" });
  onTestFinished(close);
  const crew = worker();
  const run = await start(waits, ["claimed"]);
  const result = run.result();
  await advance("5s");
  expect(await run.status()).toBe("waiting");
  isDown = true;
  await truth.deliver({ run: run.id, name: "go", payload: '1:["gone"]' });
  await advance("4s");
  expect(claims).toBeGreaterThan(2);
  expect(claims).toBeLessThan(10);
  isDown = false;
  await advance("1m");
  await expect(result).resolves.toBe("gone");
  await crew.stop();
});
