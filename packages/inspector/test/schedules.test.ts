/** What the inspector says of schedules, and what it does to them. */
import { expect, test } from "vitest";
import { getRun, listRuns, memoryStore, schedule, schedules, type Store } from "perdure";
import { openClient } from "perdure/tools";
import type { ActionAnswer, RunPage, ScheduleItem } from "../src/api.ts";
import { scheduleList } from "../src/read/schedules.ts";
import { action, inspect, type Inspected } from "./inspected.ts";
import { order } from "./shop.ts";

const act = async (inspected: Inspected, name: string, of = "daily"): Promise<ActionAnswer> => {
  const response = await inspected.fetch(`api/schedule-actions/${name}`, action({ schedule: of }));
  expect(response.status).toBe(200);
  return (await response.json()) as ActionAnswer;
};
const list = (inspected: Inspected): Promise<ScheduleItem[]> => inspected.get("schedules");

test("schedules are listed with their times, and how their last runs stand", async () => {
  const inspected = inspect();
  expect(await list(inspected)).toEqual([]);
  await schedule("daily", "0 6 * * *", order, ["a", 1], { timezone: "Europe/Vienna" });
  await schedule("hourly", "1h", order, ["b", -1]);
  const next = (await schedules()).map((each) => each.next?.getTime());
  const item = { workflow: "order", file: "packages/inspector/test/shop.ts", paused: false, waiting: 0 };
  expect(await list(inspected)).toEqual([
    { ...item, name: "daily", expression: "0 6 * * *", timezone: "Europe/Vienna", next: next[0] },
    { ...item, name: "hourly", expression: "every 1h", next: next[1] },
  ]);
});

test("a schedule is paused, resumed, run and removed", async () => {
  const inspected = inspect();
  await schedule("daily", "0 6 * * *", order, ["a", 1]);
  const [before] = await list(inspected);
  expect(await act(inspected, "pause")).toEqual({ done: true, message: "is paused: no tick starts a run" });
  const [paused] = await list(inspected);
  expect([paused?.paused, paused?.next]).toEqual([true, undefined]);
  const { message } = await act(inspected, "resume");
  expect(message).toBe(`goes on at ${new Date(before?.next ?? 0).toISOString()}`);
  expect(await list(inspected)).toEqual([before]);

  const { started = "" } = await act(inspected, "run");
  expect(await (await getRun(started)).status()).toBe("pending");
  expect((await inspected.get<RunPage>("run", { id: started })).run).toMatchObject({ schedule: "daily" });
  expect(await inspected.get("runs", { schedule: "daily" })).toMatchObject({ runs: [{ id: started }] });
  expect(await inspected.get("runs", { schedule: "hourly" })).toMatchObject({ runs: [] });

  expect(await act(inspected, "remove")).toEqual({ done: true, message: "is removed" });
  expect(await list(inspected)).toEqual([]);
  expect(await listRuns()).toHaveLength(1);
});

test("what is no action, no schedule or no request is refused", async () => {
  const inspected = inspect();
  const refused = (name: string, body: object): Promise<[number, string]> =>
    inspected.refused(`api/schedule-actions/${name}`, action(body));
  expect(await refused("pause", { schedule: "nobody" })).toEqual([404, "SCHEDULE_NOT_FOUND"]);
  expect(await refused("stop", { schedule: "daily" })).toEqual([404, "NOT_FOUND"]);
  expect(await refused("toString", { schedule: "daily" })).toEqual([404, "NOT_FOUND"]);
  expect(await refused("pause", { run: "daily" })).toEqual([400, "REQUEST_INVALID"]);
});

/** The store, with one schedule whose row is changed. */
async function changed(store: Store, change: object): Promise<void> {
  const [row] = (await store.listSchedules?.()) ?? [];
  store.listSchedules = () => (row ? [{ ...row, ...change }] : []);
}

test("the run of the last tick may fail, wait, or be deleted", async () => {
  const inspected = inspect();
  await schedule("daily", "1d", order, ["a", -1]);
  const { started = "" } = await act(inspected, "run");
  await changed(inspected.store, { lastAt: 5, lastRun: started });
  expect(await list(inspected)).toMatchObject([{ last: 5, lastRun: started, lastStatus: "pending" }]);
  await (await getRun(started)).result().catch(() => {});
  expect(await list(inspected)).toMatchObject([{ lastStatus: "failed" }]);
  await (await getRun(started)).delete();
  expect(await list(inspected)).toMatchObject([{ lastRun: started }]);
  expect((await list(inspected))[0]).not.toHaveProperty("lastStatus");
});

test("one whose time is over without a tick, and one whose workflow this program has not loaded, are told of", async () => {
  const inspected = inspect();
  await schedule("daily", "1d", order, ["a", 1]);
  expect((await list(inspected))[0]?.problem).toBeUndefined();
  await changed(inspected.store, { workflow: "gone" });
  expect(await list(inspected)).toMatchObject([{ problem: "missing" }]);
  // what serves the page for a store beside the program has loaded nothing, which says nothing
  const client = openClient({ store: inspected.store });
  expect((await scheduleList(client))[0]?.problem).toBeUndefined();
  await changed(inspected.store, { nextAt: Date.now() - 61_000 });
  expect(await list(inspected)).toMatchObject([{ problem: "overdue" }]);
});

test("a store that keeps no schedules has none", async () => {
  const store = memoryStore();
  delete store.putSchedule;
  expect(await scheduleList(openClient({ store }))).toEqual([]);
});
