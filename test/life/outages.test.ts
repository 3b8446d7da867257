/** A store that does not answer for a while, such as one behind a network: runs in memory wait for it and continue, and each step is done once. */
import { setTimeout } from "node:timers/promises";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import {
  close,
  complete,
  configure,
  getRun,
  memoryStore,
  PerdureError,
  queue,
  signal,
  start,
  type RuntimeOptions,
  type Store,
} from "perdure";
import { wrapStore, type StoreMethod } from "../../packages/store/src/wrap-store.ts";

const attempts: string[] = [];
beforeEach(() => void attempts.splice(0));

/** A store that answers after a moment, or not at all. */
class Remote {
  readonly truth = memoryStore();
  readonly calls: StoreMethod[] = [];
  /** How calls fail now: before they are done, after it, or never getting an answer. */
  fate: (method: StoreMethod, args: readonly unknown[]) => "refused" | "lost" | "silent" | undefined = () => undefined;

  readonly store: Store = wrapStore(this.truth, async (method, perform, args) => {
    this.calls.push(method);
    await setTimeout(1);
    const fate = method === "open" || method === "close" ? undefined : this.fate(method, args);
    if (fate === "silent") return new Promise<never>(() => {});
    const answer = fate === "refused" ? undefined : await perform();
    if (fate !== undefined) throw new PerdureError("STORE_UNREACHABLE", { name: "remote:", detail: fate });
    return answer as never;
  });

  count(method: StoreMethod): number {
    return this.calls.filter((each) => each === method).length;
  }
}

interface Lines {
  readonly lines: string[];
}

function use(remote: Remote, options: RuntimeOptions = {}): Lines {
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  onTestFinished(close);
  onTestFinished(() => void (remote.fate = () => undefined));
  const logger = { debug() {}, info() {}, warn: log, error: log };
  configure({ store: remote.store, logger, pollInterval: 20, lease: 1_000, storeTimeout: 200, ...options });
  return { lines };
}

const down = () => "refused" as const;

async function work(name: string, ms = 5): Promise<string> {
  "use task: retries=0";
  attempts.push(name);
  await setTimeout(ms);
  return name;
}

async function queued(name: string): Promise<string> {
  "use task: retries=0, queue=press";
  attempts.push(name);
  return name;
}

export async function chain(count: number): Promise<string> {
  "use workflow: id=chain-{count}";
  const done: string[] = [];
  for (let place = 0; place < count; place++) done.push(await work(`part ${place}`));
  return done.join(", ");
}

export async function single(name: string): Promise<string> {
  "use workflow: id=single-{name}";
  return work(name);
}

export async function family(id: string): Promise<string> {
  "use workflow: id=family-{id}";
  const first = await work("first");
  const [child, other] = await Promise.all([single(`child of ${id}`), work("beside", 30)]);
  return [first, child, other, await queued("last")].join(", ");
}

export async function asks(_id: string): Promise<unknown> {
  "use workflow: id=asks-{_id}";
  const answer = await signal<string>("answer");
  return work(answer);
}

const parts = (count: number): string[] => Array.from({ length: count }, (_, place) => `part ${place}`);

test("a run whose store is away for longer than its lease continues under the same epoch, and each attempt is made once", async () => {
  const remote = new Remote();
  const { lines } = use(remote);
  remote.fate = () => (attempts.length >= 3 ? "refused" : undefined);
  const run = await start(chain, [6]);
  await expect.poll(() => attempts.length, { timeout: 10_000 }).toBe(3);
  await setTimeout(2_500);
  expect(attempts.length).toBe(3);
  expect(await Promise.race([run.result(), setTimeout(50, "waits")])).toBe("waits");
  remote.fate = () => undefined;
  expect(await run.result()).toBe(parts(6).join(", "));
  expect(attempts).toEqual(parts(6));
  expect((await remote.truth.getRun("chain-6"))?.epoch).toBe(1);
  expect(lines).toHaveLength(2);
  expect(lines[0]).toContain("the server of the store remote: cannot be reached, or does not answer: refused");
  expect(lines[1]).toMatch(/^the store memory: answers again, after [2-9] s$/);
});

test("the store is asked again at growing intervals, however many runs wait for it", async () => {
  const remote = new Remote();
  use(remote);
  const runs = await Promise.all(Array.from({ length: 50 }, (_, place) => start(single, [`run ${place}`])));
  remote.fate = down;
  await setTimeout(500);
  remote.calls.splice(0);
  await setTimeout(1_000);
  expect(remote.calls.length).toBeLessThan(60);
  remote.fate = () => undefined;
  expect(await Promise.all(runs.map((run) => run.result()))).toEqual(runs.map((_, place) => `run ${place}`));
  expect(attempts.toSorted()).toEqual(runs.map((_, place) => `run ${place}`).toSorted());
});

test.each(["lost", "silent"] as const)("a commit whose answer is %s is sent again and done once", async (fate) => {
  const remote = new Remote();
  use(remote);
  let commits = 0;
  remote.fate = (method) => (method === "commit" && ++commits % 2 === 1 ? fate : undefined);
  expect(await (await start(chain, [4])).result()).toBe(parts(4).join(", "));
  expect(attempts).toEqual(parts(4));
  expect(commits).toBe(10);
  expect((await remote.truth.getRun("chain-4"))?.epoch).toBe(1);
});

test("children, their cancellation, queues and signals wait for the store as well", async () => {
  const remote = new Remote();
  use(remote);
  queue("press", { concurrency: 1 });
  let calls = 0;
  // each write fails twice: once before it is done, and once after it
  remote.fate = (method) => {
    if (!/^(?:commit|createRuns?|enqueue|renew|claimRuns|cancel)$/.test(method)) return undefined;
    return (["refused", "lost", undefined] as const)[calls++ % 3];
  };
  const begun = async (): Promise<unknown> => {
    try {
      return await start(family, ["1"]);
    } catch {
      return undefined; // who starts a run is told that the store does not answer
    }
  };
  await expect.poll(begun, { timeout: 5_000 }).toBeDefined();
  const run = await getRun<typeof family>("family-1");
  expect(await run?.result()).toBe("first, child of 1, beside, last");
  expect(attempts.toSorted()).toEqual(["beside", "child of 1", "first", "last"]);
});

test("a signal that is delivered during an outage elsewhere arrives when the store answers", async () => {
  const remote = new Remote();
  use(remote);
  const run = await start(asks, ["1"]);
  await expect.poll(async () => (await run.steps()).length).toBe(1);
  remote.fate = down;
  await expect(complete("asks-1", "answer", "no")).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
  await setTimeout(300);
  await remote.truth.deliver({ run: "asks-1", name: "answer", payload: '1:["yes"]' });
  remote.fate = () => undefined;
  expect(await run.result()).toBe("yes");
});

test("a run whose writes have had no answer for a lease is left to others, though its lease could be renewed", async () => {
  const remote = new Remote();
  use(remote, { storeTimeout: 5_000 });
  remote.fate = (method) => (method === "commit" ? "silent" : undefined);
  await start(single, ["stuck"]);
  await expect.poll(() => remote.count("commit")).toBe(1);
  const renewals = remote.count("renew");
  await setTimeout(1_500);
  expect(remote.count("renew")).toBeGreaterThan(renewals);
  const { leaseUntil = 0 } = (await remote.truth.getRun("single-stuck")) ?? {};
  await setTimeout(1_500);
  expect((await remote.truth.getRun("single-stuck"))?.leaseUntil).toBe(leaseUntil);
  const lease = { owner: "another machine", ms: 60_000 };
  expect(await remote.truth.claim({ run: "single-stuck", lease })).toMatchObject({ epoch: 2 });
});

test("a commit that gets no answer holds up its own run, and no other", async () => {
  const remote = new Remote();
  use(remote, { storeTimeout: 30_000, lease: 30_000 });
  const isOf = (run: string, args: readonly unknown[]): boolean =>
    (args[0] as readonly { run: string }[]).some((write) => write.run === run);
  remote.fate = (method, args) => (method === "commit" && isOf("single-stuck", args) ? "silent" : undefined);
  await start(single, ["stuck"]);
  await expect.poll(() => remote.count("commit")).toBe(1);
  expect(await (await start(chain, [3])).result()).toBe(parts(3).join(", "));
  expect((await remote.truth.steps("single-stuck")).length).toBe(0);
});

test("the writes of one run are sent one after the other", async () => {
  const remote = new Remote();
  use(remote);
  const inFlight = new Map<string, number>();
  let most = 0;
  const { store } = remote;
  const watched = wrapStore(store, async (method, perform, [writes]) => {
    if (method !== "commit") return perform();
    const runs = new Set((writes as readonly { run: string }[]).map(({ run }) => run));
    for (const run of runs) {
      inFlight.set(run, (inFlight.get(run) ?? 0) + 1);
      most = Math.max(most, inFlight.get(run) ?? 0);
    }
    try {
      await setTimeout(3);
      return await perform();
    } finally {
      for (const run of runs) inFlight.set(run, (inFlight.get(run) ?? 1) - 1);
    }
  });
  await close();
  configure({ store: watched, logLevel: "silent" });
  const runs = await Promise.all(Array.from({ length: 20 }, (_, place) => start(family, [`${place}`])));
  await Promise.all(runs.map((run) => run.result()));
  expect(most).toBe(1);
});

test("close() gives up on a store that does not answer, and the runs are left to others", async () => {
  const remote = new Remote();
  use(remote, { storeTimeout: 50 });
  const run = await start(chain, [50]);
  const result = run.result().catch((error: { code?: string }) => error.code);
  await expect.poll(() => attempts.length).toBeGreaterThan(2);
  remote.fate = down;
  const begun = performance.now();
  await close();
  expect(performance.now() - begun).toBeLessThan(15_000);
  expect(await result).toBe("RUNTIME_CLOSED");
  const calls = remote.calls.length;
  await setTimeout(1_000);
  expect(remote.calls.length).toBe(calls);
}, 60_000);
