import { setTimeout } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { ClaimNext } from "@perdure/store";
import { databases, newRun, opened } from "./databases.ts";

const { beforeTests, afterTests, urlOf } = databases();
beforeAll(beforeTests);
afterAll(afterTests);

const asked = (given: Partial<ClaimNext> = {}): ClaimNext => ({
  executables: [{ workflow: "ship" }],
  lease: { owner: "me", ms: 60_000 },
  limit: 10,
  count: 10,
  outlook: true,
  ...given,
});

test("S20 what another transaction has locked is passed over, is counted, and is waited for by nobody", async () => {
  const store = await opened(urlOf("locked"));
  await store.defineQueue({ name: "q", concurrency: 5 });
  await store.createRuns([
    newRun("held"),
    newRun("free"),
    newRun("queued", { queue: { queue: "q", key: "", rank: 0 } }),
  ]);
  const other = new pg.Client(urlOf("locked").split("?")[0]);
  await other.connect();
  onTestFinished(() => other.end());
  await other.query("BEGIN");
  await other.query("SELECT 1 FROM locked.runs WHERE id = 'held' FOR UPDATE");
  await other.query("SELECT 1 FROM locked.queues FOR UPDATE");
  const { claimed, left } = await store.claimNext(asked());
  expect([claimed.map((each) => each.run.id), left]).toEqual([["free"], 2]);
  await other.query("COMMIT");
  const next = await store.claimNext(asked());
  expect([next.claimed.map((each) => each.run.id), next.left]).toEqual([["held", "queued"], 0]);
});

test("S20 workers that look at the same time get all runs between them, and none in vain", async () => {
  const stores = await Promise.all(Array.from({ length: 8 }, () => opened(urlOf("many"))));
  await stores[0]?.createRuns(Array.from({ length: 200 }, (_, number) => newRun(`r${number}`)));
  const answers = await Promise.all(
    stores.map((store, number) => store.claimNext(asked({ limit: 25, lease: { owner: `w${number}`, ms: 60_000 } }))),
  );
  expect(answers.map(({ claimed }) => claimed.length)).toEqual(stores.map(() => 25));
  expect(new Set(answers.flatMap(({ claimed }) => claimed.map((each) => each.run.id))).size).toBe(200);
});

test("the outlook has the owners, what there is to do, and when there will be something", async () => {
  const store = await opened(urlOf("outlook"));
  const outlook = async () => (await store.claimNext(asked({ limit: 0 }))).outlook;
  expect(await outlook()).toEqual({ owners: [], upkeep: false, schedules: false });
  const now = await store.time();
  await store.createRun(newRun("sleeps", { dueAt: now + 90_000 }));
  expect(await outlook()).toEqual({ owners: [], upkeep: false, schedules: false, nextAt: now + 90_000 });
  await store.createRuns(
    ["a", "b", "c"].map((id, place) => newRun(id, { lease: { owner: `o${place % 2}`, ms: 60_000 } })),
  );
  const held = await store.getRun("a");
  expect(await outlook()).toEqual({ owners: ["o0", "o1"], upkeep: false, schedules: false, nextAt: held?.leaseUntil });
  await store.createRun(newRun("late", { endBy: now - 1 }));
  expect(await outlook()).toMatchObject({ upkeep: true, nextAt: now - 1 });
  await store.expire({ expired: "1", timedOut: "1" });
  expect(await outlook()).toMatchObject({ upkeep: false });
  await store.createRun(newRun("queued", { queue: { queue: "q", key: "", rank: 0 } }));
  expect(await outlook()).toMatchObject({ upkeep: true });
  const schedule = { name: "s", workflow: "ship", file: "f.ts", input: "1", inputHash: "h", code: "c", modules: "m" };
  const timing = { timing: "t", policy: "p", overlap: "allow" as const, anchor: now, doneTo: now };
  await store.putSchedule({ ...schedule, ...timing, nextAt: now + 1_000 });
  expect(await outlook()).toMatchObject({ schedules: false, nextAt: now + 1_000 });
  await setTimeout(1_100);
  expect(await outlook()).toMatchObject({ schedules: true });
});

test("the number of changes stays the same until somebody writes, and is unknown while nobody listens", async () => {
  const one = await opened(urlOf("changes"));
  const other = await opened(urlOf("changes"));
  expect(one.changes()).toBeUndefined();
  onTestFinished(one.watch(() => {}));
  await expect.poll(() => one.changes()).toBeDefined();
  await setTimeout(100);
  const before = one.changes();
  await one.expire({ expired: "1", timedOut: "1" });
  await other.expire({ expired: "1", timedOut: "1" });
  await one.claimNext(asked());
  await other.listRuns({});
  await setTimeout(100);
  expect(one.changes()).toBe(before);
  await other.createRun(newRun("theirs"));
  await expect.poll(() => one.changes()).not.toBe(before);
  const between = one.changes();
  await one.createRun(newRun("own"));
  expect(one.changes()).not.toBe(between);
});
