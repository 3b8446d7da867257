/** What another process writes reaches runs and callers of this one at once, by NOTIFY, and by polling where that is lost. */
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { close, configure, getRun, signal, start, subscribe, type Duration, type RunEvent, type Store } from "perdure";
import { databases, newRun, opened } from "../../packages/postgres/test/databases.ts";
import { postgresStore } from "../../packages/postgres/src/index.ts";
import { wrapStore, type StoreMethod } from "../../packages/store/src/wrap-store.ts";

const { beforeTests, afterTests, urlOf, query } = databases();
beforeAll(beforeTests);
afterAll(afterTests);

async function waits(_name: string): Promise<string> {
  "use workflow: id=waits-{_name}";
  return signal<string>("go");
}

async function parent(name: string): Promise<string> {
  "use workflow: id=parent-{name}";
  return waits(`of-${name}`);
}

/** Milliseconds. Far more than a hint takes on a busy machine, and far less than the poll interval. */
const SOON = 3_000;

/** This process, and the store as another process has it. `calls` counts what this one asks the store for. */
async function begin(schema: string, pollInterval: Duration, suspendAfter: Duration = "1h") {
  const calls = new Map<StoreMethod, number>();
  const inner = postgresStore(urlOf(schema));
  const store: Store = wrapStore(inner, (method, perform) => {
    calls.set(method, (calls.get(method) ?? 0) + 1);
    return perform();
  });
  onTestFinished(close);
  configure({ store, pollInterval, suspendAfter, lease: "15s", logLevel: "error" });
  const other = await opened(urlOf(schema));
  /** Hints have to come through before they can be relied on. */
  const listens = () => expect.poll(() => inner.changes(), { timeout: 10_000 }).toBeDefined();
  return { other, calls, listens };
}

const isWaiting = (other: Store, run: string) =>
  expect.poll(async () => (await other.steps(run, { open: true })).map(({ kind }) => kind)).not.toEqual([]);

/** Milliseconds that it takes. */
async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

describe("with notifications", () => {
  test("a signal and a cancellation reach a run in memory long before the next poll", async () => {
    const { other, listens } = await begin("signals", "5s");
    const run = await start(waits, ["a"]);
    const cancelled = await start(waits, ["b"]);
    await isWaiting(other, run.id);
    await isWaiting(other, cancelled.id);
    await listens();
    const took = await timeOf(async () => {
      await other.deliver({ run: run.id, name: "go", payload: '1:["gone"]' });
      expect(await run.result()).toBe("gone");
    });
    expect(took).toBeLessThan(SOON);
    const alsoTook = await timeOf(async () => {
      await other.cancel({ run: cancelled.id, reason: '1:["enough"]' });
      await expect(cancelled.result()).rejects.toMatchObject({ name: "CancelledError" });
    });
    expect(alsoTook).toBeLessThan(SOON);
  });

  test("a signal reaches a suspended run, with and without a caller", async () => {
    const { other, listens } = await begin("suspended", "5s", "20ms");
    const awaited = await start(waits, ["a"]);
    const alone = await start(waits, ["b"]);
    const result = awaited.result();
    const status = async (id: string) => (await other.getRun(id))?.status;
    await expect.poll(() => status(awaited.id)).toBe("waiting");
    await expect.poll(() => status(alone.id)).toBe("waiting");
    await listens();
    const took = await timeOf(async () => {
      await other.deliver({ run: awaited.id, name: "go", payload: '1:["gone"]' });
      expect(await result).toBe("gone");
      await other.deliver({ run: alone.id, name: "go", payload: '1:["gone"]' });
      await expect.poll(() => status(alone.id), { timeout: SOON }).toBe("completed");
    });
    expect(took).toBeLessThan(SOON);
  });

  test("the end of a run that another process executes reaches its callers, its parent and its subscribers", async () => {
    const { other, listens } = await begin("ends", "5s");
    const lease = { owner: "another", ms: 60_000 };
    await other.createRun(
      newRun("waits-of-p", { workflow: "waits", file: "test/postgres/hints.test.ts", lease, input: '1:[[1],"of-p"]' }),
    );
    const child = await getRun("waits-of-p");
    const events: RunEvent[] = [];
    const subscribed = (async () => {
      for await (const event of subscribe("waits-of-p")) events.push(event);
    })();
    const result = child.result();
    await expect.poll(() => events.length).toBeGreaterThan(0);
    await listens();
    await setTimeout(500); // whoever has just looked looks again after the poll interval
    const took = await timeOf(async () => {
      await other.commit([{ type: "progress", run: "waits-of-p", epoch: 1, value: "1:[50]" }]);
      await expect.poll(() => events.at(-1)?.type, { timeout: SOON }).toBe("progress");
      const end = { type: "finish", status: "completed", output: '1:["done"]', unhandled: [] } as const;
      await other.commit([{ ...end, run: "waits-of-p", epoch: 1 }]);
      expect(await result).toBe("done");
      await subscribed;
    });
    expect(took).toBeLessThan(SOON);
    expect(events.at(-1)).toMatchObject({ type: "end", status: "completed" });
  });

  test("writes of others that do not concern a process cost it no more reads than polls would", async () => {
    const { other, calls, listens } = await begin("busy", "5s");
    const run = await start(waits, ["a"]);
    const result = run.result();
    await isWaiting(other, run.id);
    await listens();
    await other.createRun(newRun("noisy", { lease: { owner: "another", ms: 60_000 } }));
    await setTimeout(500);
    calls.clear();
    const until = performance.now() + 5_000;
    let writes = 0;
    for (; performance.now() < until; writes++) {
      await other.commit([{ type: "progress", run: "noisy", epoch: 1, value: String(writes) }]);
      await setTimeout(5);
    }
    const statements = [...calls.values()].reduce((sum, each) => sum + each, 0);
    console.log(`${writes} writes of another process in 5 s: ${statements} statements of this one`, calls);
    expect(writes).toBeGreaterThan(100);
    expect(calls.get("wakeups")).toBeGreaterThan(2);
    expect(calls.get("wakeups")).toBeLessThan(30);
    await other.deliver({ run: run.id, name: "go", payload: '1:["gone"]' });
    expect(await result).toBe("gone");
  });
});

test("what is announced to nobody arrives with the next poll", async () => {
  const { other } = await begin("silent", "200ms");
  const run = await start(waits, ["a"]);
  await isWaiting(other, run.id);
  await query(`SELECT silent.deliver('${run.id}', 'go', '1:["gone"]', NULL)`);
  expect(await run.result()).toBe("gone");
});

test("signals arrive by polling while the connection that listens is ended again and again", async () => {
  const { other } = await begin("broken", "200ms");
  const ending = setInterval(() => {
    query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ILIKE 'LISTEN%' OR query ILIKE 'SELECT pg_notify%'",
    ).catch(() => {});
  }, 20);
  onTestFinished(() => clearInterval(ending));
  for (const name of ["a", "b", "c"]) {
    const run = await start(parent, [name]);
    await expect.poll(async () => (await other.getRun(`waits-of-${name}`))?.status).toBe("running");
    await isWaiting(other, `waits-of-${name}`);
    await other.deliver({ run: `waits-of-${name}`, name: "go", payload: '1:["gone"]' });
    expect(await run.result()).toBe("gone");
  }
});
