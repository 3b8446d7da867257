/** Runs between two runtimes that share a store: who owns them, and who is told of their ends. Each case was found by test/simulation. */
import { expect, onTestFinished, test } from "vitest";
import {
  close,
  complete,
  getRun,
  memoryStore,
  recover,
  signal,
  sleep,
  start,
  taskContext,
  type Awaitable,
  type Store,
} from "perdure";
import { advance, setup } from "perdure/testing";
import { Runtime } from "../../packages/runtime/src/process/runtime.ts";
import { wrapStore, type StoreMethod } from "../../packages/store/src/wrap-store.ts";
import { withoutSteps } from "../stores.ts";
import { turns } from "../event-loop.ts";
import { installed } from "../process-state.ts";

const attempts: string[] = [];

async function work(text: string): Promise<string> {
  "use task: retries=2";
  attempts.push(`${text} ${taskContext().attempt}`);
  return text;
}

export async function quick(id: string): Promise<string> {
  "use workflow: id={id}";
  return work(id);
}

export async function asks(_id: string): Promise<unknown> {
  "use workflow: id={_id}";
  return signal("answer");
}

export async function parent(id: string): Promise<unknown> {
  "use workflow: id={id}";
  const answer = await asks(`${id}/child`);
  await sleep("1s");
  return answer;
}

function begin(options: Parameters<typeof setup>[0] = {}): ReturnType<typeof setup> {
  attempts.length = 0;
  onTestFinished(close);
  return setup({ logLevel: "silent", lease: "30s", pollInterval: "1s", suspendAfter: "5s", ...options });
}

export async function rests(id: string): Promise<string> {
  "use workflow: id={id}";
  await sleep(3_600_500);
  return work(id);
}

/** A store that performs a call of the method, once, and then fails. */
function losesAnswerOf(method: StoreMethod, store: Store): Store {
  let isLost = false;
  return wrapStore(store, (called, perform) => {
    const answer = perform();
    if (isLost || called !== method) return answer;
    isLost = true;
    throw new Error("the connection was closed");
  });
}

test("a run whose creation was not acknowledged is executed by the process that owns it", async () => {
  begin({ store: losesAnswerOf("createRun", memoryStore()) });
  await expect(start(quick, ["q"])).rejects.toThrow("the connection was closed");
  await advance("10s");
  expect(await (await getRun("q")).status()).toBe("completed");
});

test.each(["claimNext", "steps"] as const)(
  "a run that recover() owns, but that failed at %s, is executed",
  async (method) => {
    const store = memoryStore();
    begin({ store }).crash();
    await start(asks, ["a"]);
    installed.runtime?.kill();
    begin({ store: losesAnswerOf(method, withoutSteps(store)) });
    await recover();
    await complete("a", "answer", 42);
    await advance("10s");
    expect(await (await getRun("a")).status()).toBe("completed");
  },
);

test("who awaits a waiting run is told of its end, though another process resumed and ended it between two polls", async () => {
  const { store, clock } = begin();
  const run = await start(asks, ["a"]);
  const result = run.result();
  await advance("1m");
  expect(await run.status()).toBe("waiting");
  const other = new Runtime({ store, clock, logLevel: "silent" });
  const here = installed.runtime;
  installed.runtime = other;
  await complete("a", "answer", 42);
  await (await getRun("a")).result();
  other.kill();
  installed.runtime = here;
  await advance("10s");
  await expect(Promise.race([result, turns(100).then(() => "not told")])).resolves.toBe(42);
});

test("a parent is not suspended again and again while the store is about to say that its child has ended", async () => {
  let claims = 0;
  const inner = memoryStore();
  const { clock } = begin({
    suspendAfter: "20ms",
    store: wrapStore(inner, <R>(method: StoreMethod, perform: () => Awaitable<R>) => {
      if (method === "claimRuns") claims++;
      if (method !== "getRun") return perform();
      return new Promise<Awaited<R>>((resolve) => clock.at(clock.now() + 50, () => void resolve(perform() as never)));
    }),
  });
  void start(parent, ["p"]);
  await clock.advance(10_000, () => turns(20));
  expect((await inner.getRun("p"))?.status).toBe("waiting");
  void complete("p/child", "answer", 42);
  await clock.advance(60_000, () => turns(20));
  expect((await inner.getRun("p"))?.status).toBe("completed");
  expect(claims).toBeLessThan(6);
});

test("a process does not claim a run twice when somebody starts it while the first claim is answered", async () => {
  const inner = memoryStore();
  begin({ store: inner }).crash();
  await start(asks, ["a"]);
  installed.runtime?.kill();
  const latency: Partial<Record<StoreMethod, number>> = { claim: 100, createRun: 10 };
  const { clock } = begin({
    store: wrapStore(inner, <R>(method: StoreMethod, perform: () => Awaitable<R>) => {
      const answer = perform();
      const wait = latency[method];
      if (wait === undefined) return answer;
      return new Promise<Awaited<R>>((resolve) => clock.at(clock.now() + wait, () => resolve(answer as Awaited<R>)));
    }),
  });
  void recover();
  await turns(5);
  void start(asks, ["a"]);
  await clock.advance(2000, () => turns(20));
  expect(inner.getRun("a")).toMatchObject({ status: "running", epoch: 2 });
});

test("a parent is not suspended again and again while reads of its child fail", async () => {
  let claims = 0;
  let isDown = false;
  const inner = memoryStore();
  const { clock } = begin({
    suspendAfter: "20ms",
    store: wrapStore(inner, (method, perform, [id]) => {
      if (method === "claimRuns") claims++;
      if (isDown && method === "getRun" && id === "p/child") throw new Error("the store is down");
      return perform();
    }),
  });
  await start(parent, ["p"]);
  await advance("10s");
  isDown = true;
  const lease = { owner: "another", ms: 60_000 };
  const child = await inner.claim({ run: "p/child", lease });
  const end = { type: "finish", status: "completed", output: "1:[42]", unhandled: [], at: clock.now() } as const;
  await inner.commit([{ ...end, run: "p/child", epoch: child?.epoch ?? 0 }]);
  claims = 0;
  await clock.advance(60_000, () => turns(20));
  expect(claims).toBeLessThan(20);
});

test("no attempt begins on a lease that ran out while the store renewed it", async () => {
  const inner = memoryStore();
  let renewals = 0;
  let isAnswered = false;
  const { clock } = begin({
    suspendAfter: "2h",
    storeTimeout: "1h",
    store: wrapStore(inner, <R>(method: StoreMethod, perform: () => Awaitable<R>) => {
      if (method === "wakeups") throw new Error("the store is down"); // they would tell of the other owner
      if (method !== "renew") return perform();
      if (clock.now() < awakeAt || (renewals > 0 && !isAnswered)) throw new Error("the store is down");
      if (++renewals > 1) return perform();
      const answer = perform();
      return new Promise<Awaited<R>>((resolve) => {
        clock.at(clock.now() + 60_000, () => {
          isAnswered = true;
          resolve(answer as Awaited<R>);
        });
      });
    }),
  });
  const awakeAt = clock.now() + 3_600_500;
  void start(rests, ["r"]);
  await clock.advance(3_640_000, () => turns(20));
  const other = { owner: "another", ms: 3_600_000 };
  expect(await inner.claim({ run: "r", lease: other })).toBeDefined();
  await clock.advance(60_000, () => turns(20));
  expect(renewals).toBeGreaterThan(1);
  expect(attempts).toEqual([]);
});

export async function later(id: string): Promise<string> {
  "use workflow: id={id}";
  await sleep("22s");
  return work(id);
}

test("an attempt that begins after an outage has more than half of a lease left, and not the rest of the old one", async () => {
  const inner = memoryStore();
  const { clock } = begin({
    suspendAfter: "1h",
    store: wrapStore(inner, (method, perform) => {
      if (method === "renew" && clock.now() - from < 21_000) throw new Error("the store is down");
      return perform();
    }),
  });
  const from = clock.now();
  const run = await start(later, ["l"]);
  const row = await inner.getRun("l");
  expect(row?.leaseUntil).toBe(from + 30_000);
  const leases: unknown[] = [];
  const push = attempts.push.bind(attempts);
  attempts.push = (...texts) => {
    leases.push((inner.getRun("l") as { leaseUntil?: number }).leaseUntil);
    return push(...texts);
  };
  onTestFinished(() => void (attempts.push = push));
  await advance("23s");
  expect(await run.result()).toBe("l");
  expect(leases).toEqual([from + 22_000 + 30_000]);
});
