import assert from "node:assert/strict";
import type { RunFilter } from "../contract.ts";
import type { TimedStore as Store } from "./timed.ts";
import { type Cases, dueAt, finish, get, ME, newRun, openWait, OTHER, owned, release, T, waiting } from "./kit.ts";

async function listed(store: Store, filter: RunFilter): Promise<string[]> {
  return (await store.listRuns(filter)).map(({ id }) => id);
}

/** The cursor that a run has in the list. */
async function cursorIn(store: Store, filter: RunFilter, id: string): Promise<string> {
  const found = (await store.listRuns(filter)).find((run) => run.id === id);
  assert.ok(found, `the run ${id} is in the list`);
  return found.cursor;
}

/** The ids of all pages of a list. */
async function pages(store: Store, filter: RunFilter): Promise<string[]> {
  const seen: string[] = [];
  for (let after: string | undefined; ;) {
    const page = await store.listRuns({ ...filter, ...(after !== undefined && { after }) });
    seen.push(...page.map(({ id }) => id));
    after = page.at(-1)?.cursor;
    if (after === undefined) return seen;
  }
}

/** Creates one run per status, oldest first. */
async function oneOfEach(store: Store): Promise<void> {
  await store.createRun(newRun("pending", { createdAt: T + 1 }));
  await owned(store, "running", { createdAt: T + 2 });
  await store.createRun(newRun("bill", { createdAt: T + 3, workflow: "bill" }));
  for (const [place, status] of (["completed", "failed", "cancelled"] as const).entries()) {
    await owned(store, status, { createdAt: T + 4 + place });
    await store.commit([finish(status, { status })]);
  }
}

export const listCases: Cases = {
  "listRuns returns each run without its values, except errors, the newest run first": async (store) => {
    await oneOfEach(store);
    assert.deepEqual(await listed(store, {}), ["cancelled", "failed", "completed", "bill", "running", "pending"]);
    for (const { cursor, ...run } of await store.listRuns({})) {
      assert.equal(typeof cursor, "string");
      const { input: _, codeHistory: __, seed: ___, unhandled: ____, output, ...head } = await get(store, run.id);
      const isError = run.status === "failed" || run.status === "cancelled";
      assert.deepEqual(run, isError ? { ...head, output } : head);
    }
  },
  "listRuns finds blocked runs, which are pending": async (store) => {
    const blocked = { error: "E", message: "m", code: "c" };
    await store.createRun(newRun("pending", { createdAt: T + 1 }));
    await owned(store, "blocked");
    await store.commit([release("blocked", { status: "pending", blocked })]);
    assert.deepEqual(await listed(store, { status: "blocked" }), ["blocked"]);
    assert.deepEqual(await listed(store, { status: "pending" }), ["pending", "blocked"]);
    assert.deepEqual(await listed(store, { status: ["blocked", "pending", "failed"] }), ["pending", "blocked"]);
    assert.deepEqual(await listed(store, { status: ["blocked", "running"] }), ["blocked"]);
  },
  "listRuns filters by tags, parent and time": async (store) => {
    await store.createRun(newRun("a", { tags: ["new", "vip"] }));
    await store.createRun(newRun("b", { tags: ["vip"], parent: "a", createdAt: T + 1 }));
    await store.createRun(newRun("c", { createdAt: T + 2 }));
    assert.deepEqual((await get(store, "a")).tags, ["new", "vip"]);
    assert.equal("tags" in (await get(store, "c")), false);
    assert.deepEqual(await listed(store, { tags: ["vip"] }), ["b", "a"]);
    assert.deepEqual(await listed(store, { tags: ["vip", "new", "vip"] }), ["a"]);
    assert.deepEqual(await listed(store, { tags: [] }), ["c", "b", "a"]);
    assert.deepEqual(await listed(store, { tags: ["none"] }), []);
    assert.deepEqual(await listed(store, { parent: "a" }), ["b"]);
    assert.deepEqual(await listed(store, { parent: "a", status: "failed" }), []);
    assert.deepEqual(await listed(store, { createdAfter: T + 1 }), ["c", "b"]);
    assert.deepEqual(await listed(store, { createdBefore: T + 1 }), ["a"]);
    assert.deepEqual(await listed(store, { createdAfter: T + 1, createdBefore: T + 2 }), ["b"]);
  },
  "listRuns filters by one or several statuses, workflows and runs": async (store) => {
    await oneOfEach(store);
    assert.deepEqual(await listed(store, { status: "failed" }), ["failed"]);
    assert.deepEqual(await listed(store, { status: ["pending", "cancelled", "running"] }), [
      "cancelled",
      "bill",
      "running",
      "pending",
    ]);
    assert.deepEqual(await listed(store, { status: ["failed", "failed"] }), ["failed"]);
    assert.deepEqual(await listed(store, { workflow: "bill" }), ["bill"]);
    assert.deepEqual(await listed(store, { workflow: ["bill", "ship"], status: "pending" }), ["bill", "pending"]);
    assert.deepEqual(await listed(store, { workflow: "none" }), []);
    assert.deepEqual(await listed(store, { status: [] }), []);
    assert.deepEqual(await listed(store, { workflow: [] }), []);
    assert.deepEqual(await listed(store, { runs: ["pending", "none", "failed"] }), ["failed", "pending"]);
    assert.deepEqual(await listed(store, { runs: ["pending", "failed"], status: ["failed", "running"] }), ["failed"]);
    assert.deepEqual(await listed(store, { runs: [] }), []);
  },
  "listRuns returns up to 100 runs by default, and its pages contain each run once even if creation times are equal":
    async (store) => {
      const ids = Array.from({ length: 130 }, (_, place) => `run-${(place * 7) % 130}`);
      for (const [place, id] of ids.entries())
        await store.createRun(newRun(id, { createdAt: T + Math.floor(place / 50) }));
      assert.equal((await store.listRuns({})).length, 100);
      assert.equal((await store.listRuns({ limit: 0 })).length, 0);
      assert.deepEqual(await pages(store, { status: ["pending", "running"], limit: 40 }), [...ids].reverse());
    },
  "countRuns counts by workflow, file and status, and blocked runs apart from pending ones": async (store) => {
    assert.deepEqual(await store.countRuns(), []);
    await oneOfEach(store);
    await store.createRun(newRun("again"));
    await store.createRun(newRun("elsewhere", { file: "src/other.ts" }));
    await waiting(store, "waits", { wakeAt: T });
    await owned(store, "blocked");
    await store.commit([release("blocked", { status: "pending", blocked: { error: "E", message: "m", code: "c" } })]);
    await store.createRun(newRun("gone"));
    await store.delete({ run: "gone", now: T, force: true });
    const counts = (await store.countRuns()).map(
      ({ workflow, file, status, count }) => `${workflow} ${file} ${status} ${count}`,
    );
    assert.deepEqual(counts.sort(), [
      "bill src/ship.ts pending 1",
      "ship src/other.ts pending 1",
      "ship src/ship.ts blocked 1",
      "ship src/ship.ts cancelled 1",
      "ship src/ship.ts completed 1",
      "ship src/ship.ts failed 1",
      "ship src/ship.ts pending 2",
      "ship src/ship.ts running 1",
      "ship src/ship.ts waiting 1",
    ]);
  },
  "listRuns finds runs by a part of their id, in which no sign has a meaning": async (store) => {
    for (const [place, id] of ["order-1", "Order-2", "a_b%", "a*b", "x/order-3"].entries())
      await store.createRun(newRun(id, { createdAt: T + place }));
    assert.deepEqual(await listed(store, { search: "order" }), ["x/order-3", "order-1"]);
    const after = await cursorIn(store, {}, "x/order-3");
    assert.deepEqual(await listed(store, { search: "order", after }), ["order-1"]);
    assert.deepEqual(await listed(store, { search: "r-", limit: 2 }), ["x/order-3", "Order-2"]);
    assert.deepEqual(await listed(store, { search: "_" }), ["a_b%"]);
    assert.deepEqual(await listed(store, { search: "%" }), ["a_b%"]);
    assert.deepEqual(await listed(store, { search: "a*b" }), ["a*b"]);
    assert.deepEqual(await listed(store, { search: "none" }), []);
    assert.deepEqual(await listed(store, { search: "order", status: "failed" }), []);
    assert.equal((await listed(store, { search: "" })).length, 5);
  },
  "listRuns in the order `due` begins with the next due run, and ends with those that only an event wakes": async (
    store,
  ) => {
    await oneOfEach(store);
    for (const [id, wakeAt] of [
      ["late", 900],
      ["soon", 100],
      ["also-soon", 100],
      ["next", 50],
    ] as const)
      await waiting(store, id, { wakeAt: T + wakeAt });
    await waiting(store, "waits", { steps: [openWait("a[0]", "go")] });
    const due = ["next", "soon", "also-soon", "late"];
    const others = ["cancelled", "failed", "completed", "bill", "running", "pending", "waits"];
    const order = "due";
    assert.deepEqual(await listed(store, { order }), [...due, ...others]);
    assert.deepEqual(await listed(store, { order, status: "waiting" }), [...due, "waits"]);
    assert.deepEqual(await listed(store, { order, status: ["failed", "waiting"] }), [...due, "failed", "waits"]);
    assert.deepEqual(await listed(store, { order, status: ["failed", "pending"] }), ["failed", "bill", "pending"]);
    assert.deepEqual(await listed(store, { order, search: "soon" }), ["soon", "also-soon"]);
    assert.deepEqual(await listed(store, { order, runs: ["late", "next", "failed"] }), ["next", "late", "failed"]);
    assert.deepEqual(await listed(store, { order, workflow: "bill" }), ["bill"]);
    assert.deepEqual(await listed(store, { order, limit: 0 }), []);
    for (const limit of [1, 2, 3, 4, 5]) assert.deepEqual(await pages(store, { order, limit }), [...due, ...others]);
    assert.deepEqual(await listed(store, { order: "created", limit: 1 }), ["cancelled"]);
  },
  "listRuns continues after a run that has changed, ended or been deleted": async (store) => {
    await oneOfEach(store);
    const after = await cursorIn(store, {}, "completed");
    const newer = await cursorIn(store, { status: "failed" }, "failed");
    await store.delete({ run: "completed", now: LATE });
    await store.restart({ run: "failed", seed: "s", now: LATE });
    assert.deepEqual(await listed(store, { after }), ["bill", "running", "pending"]);
    assert.deepEqual(await listed(store, { after: newer }), ["bill", "running", "pending"]);
    assert.deepEqual(await listed(store, { after, status: "pending" }), ["bill", "pending"]);
    assert.deepEqual(await listed(store, { after: await cursorIn(store, {}, "pending") }), []);
    for (const [id, wakeAt] of [
      ["next", 50],
      ["soon", 100],
      ["late", 900],
    ] as const)
      await waiting(store, id, { wakeAt: T + wakeAt });
    const order = "due";
    const due = await cursorIn(store, { order }, "soon");
    const other = await cursorIn(store, { order }, "bill");
    await store.delete({ run: "soon", force: true, now: LATE });
    await store.cancel({ run: "bill", reason: "1", now: LATE });
    await store.delete({ run: "bill", now: LATE });
    assert.deepEqual(await listed(store, { order, after: due, limit: 2 }), ["late", "failed"]);
    assert.deepEqual(await listed(store, { order, after: other }), ["running", "pending"]);
  },
  "listRuns refuses a cursor that is none, or that is one of another order": async (store) => {
    await waiting(store, "r", { wakeAt: T + 50 });
    const due = await cursorIn(store, { order: "due" }, "r");
    const refused = { code: "OPTION_INVALID" };
    for (const after of ["", "r", "created_1", "created_x_1", "other_1_1"])
      await assert.rejects(async () => store.listRuns({ after }), refused, after);
    await assert.rejects(async () => store.listRuns({ after: due }), refused);
    assert.deepEqual(await listed(store, { order: "due", after: due }), []);
  },
  "unfinished returns pending and due runs, and those whose lease has ended, the oldest first": async (store) => {
    await oneOfEach(store);
    await waiting(store, "sleeps", { wakeAt: T + 1_000 });
    await waiting(store, "waits", { steps: [openWait("a[0]", "go")] });
    assert.deepEqual(await dueAt(store, T + 999), ["pending"]);
    assert.deepEqual(await dueAt(store, T + 1_000), ["sleeps", "pending"]);
    assert.deepEqual(await dueAt(store, ME.until), ["sleeps", "pending"]);
    assert.deepEqual(await dueAt(store, ME.until + 1), ["sleeps", "pending", "running"]);
    const [first] = await store.unfinished({ workflows: ["ship"], now: T, limit: 1 });
    assert.deepEqual(first, await store.getRun("pending"));
  },
  "unfinished respects its workflows, its limit and the runs that it leaves out": async (store) => {
    await oneOfEach(store);
    const found = async (workflows: string[], limit: number, except?: string[]) => {
      const rows = await store.unfinished({ workflows, now: LATE, limit, ...(except && { except }) });
      return rows.map(({ id }) => id);
    };
    assert.deepEqual(await found(["bill"], 9), ["bill"]);
    assert.deepEqual(await found(["ship", "bill"], 9), ["pending", "running", "bill"]);
    assert.deepEqual(await found(["ship", "bill"], 2), ["pending", "running"]);
    assert.deepEqual(await found(["ship", "bill"], 2, ["pending", "none"]), ["running", "bill"]);
    assert.deepEqual(await found([], 9), []);
    assert.deepEqual(await found(["ship"], 0), []);
  },
  "unfinished knows owners that live, whose runs it leaves out, and owners that have ended, whose leases need not end":
    async (store) => {
      for (let place = 0; place < 3; place++) await owned(store, `mine-${place}`, { createdAt: T + place });
      await owned(store, "theirs", { createdAt: T + 8, lease: OTHER });
      const found = async (now: number, known: { alive?: string[]; dead?: string[] }) =>
        (await store.unfinished({ workflows: ["ship"], now, limit: 2, ...known })).map(({ id }) => id);
      assert.deepEqual(await found(T + 9, {}), []);
      assert.deepEqual(await found(T + 9, { dead: ["other", "nobody"] }), ["theirs"]);
      assert.deepEqual(await found(LATE, {}), ["mine-0", "mine-1"]);
      assert.deepEqual(await found(LATE, { alive: ["me"] }), ["theirs"]);
      assert.deepEqual(await found(LATE, { alive: ["me", "other"] }), []);
    },
  "owners are those of running runs": async (store) => {
    assert.deepEqual(await store.owners(), []);
    await owned(store, "mine");
    await owned(store, "mine too");
    await owned(store, "theirs", { lease: OTHER });
    await owned(store, "done", { lease: { owner: "done", until: LATE } });
    await waiting(store, "waits", { wakeAt: T });
    await store.commit([finish("done")]);
    assert.deepEqual([...(await store.owners())].sort(), ["me", "other"]);
  },
};

/** Every lease has ended. */
const LATE = OTHER.until + 1;
