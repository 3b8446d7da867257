/** Schedules and queues that directives define, compiled as programs are. */
import { close, getSchedule, listRuns, queue, queues, schedule, schedules, signal, worker } from "perdure";
import { advance, setup } from "perdure/testing";
import { afterEach, expect, test } from "vitest";

const now = new Date("2030-01-01T00:00:00Z");

queue("one", { concurrency: 1 });

export async function hourly(topic = "sales"): Promise<string> {
  "use workflow: every=1h, overlap=skip";
  return topic;
}

export async function nightly(): Promise<void> {
  "use workflow: cron='0 2 * * *', timezone='Europe/Vienna', catchUp=all";
}

export async function serial(): Promise<void> {
  "use workflow: queue=one, hold=true";
  await signal("done");
}

afterEach(close);

test("a worker starts the runs of directives", async () => {
  setup({ now });
  worker();
  await advance("2h");
  expect(
    (await schedules()).map(({ name, expression, timezone, catchUp, overlap, from }) => [
      name,
      expression,
      timezone,
      catchUp,
      overlap,
      from,
    ]),
  ).toEqual([
    ["hourly", "every 1h", undefined, "last", "skip", "directive"],
    ["nightly", "0 2 * * *", "Europe/Vienna", "all", "allow", "directive"],
  ]);
  expect((await listRuns({ status: "completed" })).map(({ id }) => id).sort()).toEqual([
    "hourly@2030-01-01T01:00:00.000Z",
    "hourly@2030-01-01T02:00:00.000Z",
    "nightly@2030-01-01T01:00:00.000Z",
  ]);
});

test("runs of a schedule stand in the queue of their workflow, those by hand too", async () => {
  setup({ now });
  worker();
  await schedule("daily", "10m", serial, []);
  await advance("20m");
  await (await getSchedule("daily")).trigger();
  await advance("1m");
  expect((await listRuns({ schedule: "daily" })).map(({ status }) => status)).toEqual([
    "pending",
    "pending",
    "waiting",
  ]);
  expect(await queues()).toMatchObject([{ waiting: 2, running: 1 }]);
});
