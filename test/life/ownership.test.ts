/** R5: one owner; R4 and R12: what kills its process. */
import { setTimeout } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import {
  close,
  configure,
  getRun,
  memoryStore,
  recover,
  sleep,
  start,
  taskContext,
  worker,
  type Awaitable,
  type Store,
} from "perdure";
import { advance, settled, setup } from "perdure/testing";
import { wrapStore } from "../../packages/store/src/wrap-store.ts";
import { turns } from "../event-loop.ts";

const attempts: string[] = [];

async function hangs(name: string): Promise<string> {
  "use task: retries=2";
  attempts.push(`${name} ${taskContext().attempt}`);
  if (name === "healthy") return name;
  await new Promise(() => {});
  return name;
}

async function ingest(name: string): Promise<string> {
  "use workflow: id=ingest-{name}";
  return hangs(name);
}

async function lasts(name: string): Promise<string> {
  "use task: retries=0";
  attempts.push(name);
  await setTimeout(1_500);
  return name;
}

async function slow(name: string): Promise<string> {
  "use workflow: id=slow-{name}";
  return lasts(name);
}

async function blocked(name: string): Promise<string> {
  "use workflow: id=blocked-{name}";
  await new Promise(() => {}); // the workflow itself never reaches a step
  return name;
}

async function quick(name: string): Promise<string> {
  "use workflow: id=quick-{name}";
  return hangs(name);
}

async function polls(_name: string): Promise<void> {
  "use workflow: id=polls-{_name}";
  await sleep("1h");
  await hangs("healthy");
}

function begin(options: Parameters<typeof setup>[0] = {}): ReturnType<typeof setup> {
  attempts.length = 0;
  onTestFinished(close);
  return setup({ logLevel: "silent", lease: "10m", pollInterval: "1s", suspendAfter: "1m", ...options });
}

test("attempts that end with their process count, and the step finally fails with a ProcessDiedError", async () => {
  const { crash } = begin();
  await start(ingest, ["huge"]);
  await turns(30);
  for (let death = 1; death <= 4; death++) {
    crash();
    await recover();
    await turns(30);
  }
  await expect((await getRun("ingest-huge")).result()).rejects.toMatchObject({ name: "ProcessDiedError", attempts: 3 });
  expect(attempts).toEqual(["huge 1", "huge 1", "huge 2", "huge 3"]);
});

test("a run whose body kills its process is blocked after ten claims without a checkpoint", async () => {
  const { crash } = begin();
  await start(blocked, ["1"]);
  for (let death = 1; death <= 11; death++) {
    crash();
    await recover();
    await settled();
  }
  const { blocked: reason, status } = await (await getRun("blocked-1")).info();
  expect([status, reason?.error]).toEqual(["pending", "RUN_KEEPS_FAILING"]);
});

test("a lease that was renewed since it was read is not taken", async () => {
  const inner = memoryStore();
  const { clock } = begin({ store: inner });
  const code = { code: "c", modules: "{}", seed: "s" };
  const row = { workflow: "quick", file: "test/life/ownership.test.ts", input: '1:[[1],"healthy"]', inputHash: "h" };
  const lease = { owner: "an owner on another machine", ms: -1 };
  await inner.createRun({ id: "quick-healthy", ...row, ...code, createdAt: clock.now(), lease });
  // the other owner renews between the read and the claim
  const store = wrapStore(inner, (method, perform) => {
    if (method === "claimRuns") void inner.renew({ runs: [{ run: "quick-healthy", epoch: 1 }], ms: 60_000 });
    return perform();
  });
  await close();
  begin({ store });
  void (await getRun("quick-healthy")).result().catch(() => {});
  await settled();
  expect((await inner.getRun("quick-healthy"))?.epoch).toBe(1);
  expect(attempts).toEqual([]);
});

test("no attempt begins on a lease that has run out by the own clock while another owner has the run", async () => {
  const store = memoryStore();
  const { clock } = begin({ store, pollInterval: "3m", suspendAfter: "5h" });
  await start(polls, ["1"]);
  await settled();
  // the process stands still past its lease, another process takes the run, and the sleep is over
  await store.open({ now: () => clock.now() + 3_600_000 });
  const other = { owner: "another", ms: 9 * 3_600_000 };
  const taken = await store.claim({ run: "polls-1", lease: other });
  expect(taken?.epoch).toBe(2);
  await advance("2h");
  expect(attempts).toEqual([]);
});

test("a run that ends while its worker still looks gives its place to the next one at once", async () => {
  const store: Store = wrapStore(memoryStore(), <R>(method: string, perform: () => Awaitable<R>): Awaitable<R> => {
    return method === "prune" ? (turns(20).then(perform) as Awaitable<R>) : perform();
  });
  const { crash } = begin({ store, lease: "4h", pollInterval: "1h", retention: { completed: "30d" } });
  for (const name of ["healthy", "well"]) await start(quick, [name]);
  crash();
  worker({ concurrency: 1 });
  await turns(100);
  for (const name of ["healthy", "well"]) expect(await (await getRun(`quick-${name}`)).status()).toBe("completed");
});

test("close() stops a worker", async () => {
  let reads = 0;
  const store: Store = wrapStore(memoryStore(), (method, perform) => {
    if (method === "claimNext") reads++;
    return perform();
  });
  configure({ store, pollInterval: 5, lease: 1_000, logLevel: "silent" });
  worker();
  await start(quick, ["healthy"]);
  await close();
  const before = reads;
  expect(before).toBeGreaterThan(0);
  await turns(50);
  expect(reads).toBe(before);
});

test("runs that only wait give their places in a worker to runs that are due", async () => {
  const { store, crash } = begin({ suspendAfter: "10h" });
  for (let i = 0; i < 5; i++) await start(polls, [`${i}`]);
  await start(quick, ["healthy"]);
  crash();
  expect((await store.listRuns({ status: "running" })).length).toBeGreaterThan(4);
  const crew = worker({ concurrency: 2 });
  await advance("20s");
  expect(await (await getRun("quick-healthy")).status()).toBe("completed");
  await crew.stop();
});

test("a run whose claim failed often is not blocked when the store works again", async () => {
  let isDown = false;
  const store: Store = wrapStore(memoryStore(), (method, perform) => {
    if (isDown && (method === "claimRuns" || method === "claimNext")) throw new Error("the store is down");
    return perform();
  });
  const { crash } = begin({ store, maxStalls: 3 });
  await start(polls, ["1"]);
  await settled();
  crash();
  isDown = true;
  const crew = worker();
  await advance("10m");
  isDown = false;
  await advance("2h");
  await crew.stop();
  expect(await (await getRun("polls-1")).status()).toBe("completed");
});

test("R12 a worker asks a store that fails at growing intervals, leases are still renewed in time, and runs continue when it works", async () => {
  let isDown = false;
  const calls: string[] = [];
  const store: Store = wrapStore(memoryStore(), (method, perform) => {
    if (!isDown) return perform();
    calls.push(method);
    throw new Error("the store is down");
  });
  const { crash } = begin({ store, lease: "30s", suspendAfter: "10h" });
  await start(quick, ["healthy"]);
  crash();
  const waiting = await start(polls, ["1"]);
  await settled();
  isDown = true;
  const crew = worker();
  await advance("30m");
  isDown = false;
  const count = (method: string): number => calls.filter((each) => each === method).length;
  expect(count("unfinished")).toBeLessThan(70); // every 30 s, and a few more at first
  expect(count("renew")).toBeGreaterThan(170); // every 10 s, a third of the lease
  expect(count("renew")).toBeLessThan(190);
  await advance("31s");
  expect(await (await getRun("quick-healthy")).status()).toBe("completed");
  await advance("2h");
  expect(await waiting.status()).toBe("completed");
  await crew.stop();
});

test("G54 a run whose outcomes the store refuses more than maxStalls times in a row is blocked", async () => {
  let executed = 0;
  const store: Store = wrapStore(memoryStore(), (method, perform) => {
    if (method === "commit" && attempts.length > executed) {
      executed = attempts.length;
      throw new Error("the outcome does not fit");
    }
    return perform();
  });
  begin({ store, maxStalls: 4, countDeaths: false });
  const crew = worker();
  const run = await start(quick, ["healthy"]);
  await advance("10m");
  expect((await run.info()).blocked?.error).toBe("RUN_KEEPS_FAILING");
  expect(attempts).toHaveLength(5);
  await crew.stop();
});

test("the lease of a run holds for as long as close() waits for its attempt", async () => {
  const store = memoryStore();
  onTestFinished(close);
  configure({ store, lease: 500, pollInterval: 50, logLevel: "silent" });
  await start(slow, ["one"]);
  await expect.poll(() => attempts).toContain("one");
  let isClosed = false;
  const closing = close().then(() => (isClosed = true));
  for (let looks = 0; looks < 12; looks++) {
    await setTimeout(100);
    const { owner, leaseUntil = 0 } = (await store.getRun("slow-one")) ?? {};
    expect([isClosed, owner !== undefined, leaseUntil > Date.now()]).toEqual([false, true, true]);
  }
  await closing;
  expect(await store.steps("slow-one")).toMatchObject([{ state: "completed" }]);
  expect(await store.getRun("slow-one")).toMatchObject({ status: "pending" });
});
