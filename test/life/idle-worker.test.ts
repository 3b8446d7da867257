/** What a worker asks of a store behind a network while there is nothing to do. */
import { expect, onTestFinished, test } from "vitest";
import {
  close,
  complete,
  memoryStore,
  schedule,
  signal,
  sleep,
  start,
  worker,
  type Outlook,
  type Store,
} from "perdure";
import { advance, setup, type TestClock } from "perdure/testing";
import type { NextRuns, RunHead } from "../../packages/store/src/contract.ts";
import { DURABLE_WRITES, wrapStore, type StoreMethod } from "../../packages/store/src/wrap-store.ts";

async function waits(): Promise<string> {
  "use workflow: id=waits";
  return signal<string>("go");
}

async function sleeps(): Promise<void> {
  "use workflow: id=sleeps";
  await sleep("10m");
}

const counts = new Map<StoreMethod, number>();

interface Remote {
  readonly store: Store;
  /** Whether it tells of changes. */
  tells: boolean;
}

/** A store in memory that tells what one behind a network does. */
function remote(clock: () => TestClock): Remote {
  let changes = 0;
  const inner = memoryStore();
  const heads = (): RunHead[] => inner.listRuns({ limit: 1_000 }) as RunHead[];
  const outlook = (): Outlook => {
    const now = clock().now();
    const times = heads().flatMap(({ wakeAt = 0, leaseUntil = 0 }) => [wakeAt, leaseUntil].filter((at) => at > now));
    const due = inner.dueSchedules?.() as { due: readonly unknown[]; nextAt?: number };
    const nextAt = Math.min(...times, due.nextAt ?? Infinity);
    return {
      owners: inner.owners() as string[],
      upkeep: false,
      schedules: due.due.length > 0,
      ...(nextAt < Infinity && { nextAt }),
    };
  };
  const self: Remote = {
    tells: true,
    store: wrapStore(
      Object.assign(inner, { changes: () => (self.tells ? changes : undefined), watch: () => () => {} }),
      <R>(method: StoreMethod, perform: () => R): R => {
        counts.set(method, (counts.get(method) ?? 0) + 1);
        const answer = perform();
        if (method === "claimNext") return { ...(answer as NextRuns), outlook: outlook() } as R;
        if (DURABLE_WRITES.has(method) && !(Array.isArray(answer) && answer.length === 0)) changes++;
        return answer;
      },
    ),
  };
  return self;
}

function begin(): { readonly self: Remote; readonly clock: TestClock } {
  let clock: TestClock;
  const self = remote(() => clock);
  ({ clock } = setup({
    store: self.store,
    logLevel: "silent",
    suspendAfter: "1s",
    pollInterval: "250ms",
    lease: "15s",
  }));
  onTestFinished(close);
  counts.clear();
  return { self, clock };
}

const calls = (...methods: StoreMethod[]): number[] => methods.map((method) => counts.get(method) ?? 0);

test("beside a store that tells of writes, an idle worker makes one call every two seconds", async () => {
  const { self } = begin();
  worker();
  await advance("1m");
  counts.clear();
  await advance("10m");
  expect(calls("claimNext")[0]).toBeLessThanOrEqual(301);
  expect(calls("claimNext")[0]).toBeGreaterThan(200);
  expect(calls("owners", "expire", "offers", "slotOwners", "unfinished")).toEqual([0, 0, 0, 0, 0]);
  expect(calls("dueSchedules")[0]).toBeLessThanOrEqual(61);
  self.tells = false;
  counts.clear();
  await advance("1m");
  expect(calls("claimNext")[0]).toBeGreaterThanOrEqual(235);
  expect(calls("owners", "expire", "offers", "unfinished")).toEqual([0, 0, 0, 0]);
});

test("a run that is due, a write, and a schedule are seen at the next poll all the same", async () => {
  const { self, clock } = begin();
  const crew = worker();
  await start(sleeps, []);
  await start(waits, []);
  await advance("30s");
  expect(await self.store.getRun("sleeps")).toMatchObject({ status: "waiting" });
  const { wakeAt = 0 } = (await self.store.getRun("sleeps")) ?? {};
  await advance(wakeAt - clock.now() + 300);
  expect(await self.store.getRun("sleeps")).toMatchObject({ status: "completed" });
  await complete("waits", "go", "gone");
  await advance("300ms");
  expect(await self.store.getRun("waits")).toMatchObject({ status: "completed" });
  await schedule("nightly", "1h", sleeps, []);
  await advance("59m");
  expect(await self.store.listRuns({ schedule: "nightly" })).toHaveLength(0);
  await advance("1m");
  await advance("300ms");
  expect(await self.store.listRuns({ schedule: "nightly" })).toHaveLength(1);
  await crew.stop();
});
