/** What the inspector says of queues, and of what stands in line of them. */
import { expect, onTestFinished, test } from "vitest";
import { start } from "perdure";
import type { QueueItem, QueuePage, RunList, RunPage, StepList, StepPage } from "../src/api.ts";
import { limitsText } from "../src/show/index.ts";
import { inspect, type Inspected } from "./inspected.ts";
import { desk, tour, visit } from "./shop.ts";

/** Two customers are served and two further visits stand in line; a tour is under way, and another one stands in line. */
async function busy(): Promise<Inspected> {
  const inspected = inspect();
  onTestFinished(() => {
    for (const free of desk.free.splice(0)) free();
  });
  for (const number of [1, 2, 3]) await start(visit, ["ada", number]);
  await start(visit, ["bob", 1]);
  await start(tour, ["first"]);
  await start(tour, ["tour"]);
  await expect.poll(() => inspected.get<QueueItem[]>("queues")).toMatchObject([{ running: 2, waiting: 2 }, {}]);
  return inspected;
}

test("queues have their limits in words, and what runs and waits", async () => {
  const inspected = await busy();
  const near = expect.closeTo(Date.now(), -5) as number;
  const limits = "2 at once, 1 a key, 100 in 90 seconds";
  expect(await inspected.get<QueueItem[]>("queues")).toEqual([
    { name: "desk", limits, concurrency: 2, running: 2, waiting: 2, oldest: near },
    { name: "tours", limits: "1 at once", concurrency: 1, running: 1, waiting: 1, oldest: near },
  ]);
  expect(await inspected.get<QueuePage>("queue", { name: "desk" })).toMatchObject({
    queue: { name: "desk", limits },
    keys: [
      { key: "ada", running: 1, waiting: 2, oldest: near },
      { key: "bob", running: 1, waiting: 0 },
    ],
    hasMoreKeys: false,
  });
  expect(await inspected.get("queue", { name: "desk", limit: "1" })).toMatchObject({
    keys: [{ key: "ada" }],
    hasMoreKeys: true,
  });
  expect(await inspected.refused("api/queue?name=nobody")).toEqual([404, "QUEUE_NOT_FOUND"]);
  expect(await inspected.refused("api/queue")).toEqual([400, "REQUEST_INVALID"]);
});

test("a run, and a step, say that they stand in line", async () => {
  const inspected = await busy();
  const { run, waitingFor } = await inspected.get<RunPage>("run", { id: "tour" });
  expect(run).toMatchObject({ status: "pending", queue: { name: "tours" }, inLine: true });
  expect(waitingFor).toMatchObject([{ kind: "queue", queue: "tours" }]);
  const { runs } = await inspected.get<RunList>("runs", { status: "pending" });
  expect(runs).toMatchObject([{ id: "tour", inLine: true }]);

  const first = await inspected.get<RunPage>("run", { id: "visit-ada-1" });
  expect([first.run.inLine, first.waitingFor]).toEqual([false, []]);
  const id = "serve[0]";
  const third = await inspected.get<RunPage>("run", { id: "visit-ada-3" });
  expect(third.waitingFor).toMatchObject([
    { kind: "queue", step: id, name: "serve", queue: "desk", key: "ada", location: expect.stringContaining("shop.ts") },
  ]);
  const { steps } = await inspected.get<StepList>("steps", { run: "visit-ada-3" });
  expect(steps).toMatchObject([{ id, state: "open", inLineOf: "desk" }]);
  expect((await inspected.get<StepPage>("step", { run: "visit-ada-3", id })).step.inLineOf).toBe("desk");
});

test("who follows the lists, a queue or a run is told of what comes into line, and of what leaves it", async () => {
  const inspected = await busy();
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  const follow = async (query: string): Promise<() => number> => {
    const { body } = await inspected.fetch(`api/changes?${query}`, { signal: abort.signal });
    let text = "";
    void body
      ?.pipeThrough(new TextDecoderStream())
      .pipeTo(new WritableStream({ write: (part) => void (text += part) }))
      .catch(() => {});
    await expect.poll(() => text).toContain("open");
    return () => text.split("event: change").length - 1;
  };
  const counts = await Promise.all(["", "queue=desk", "run=visit-ada-2"].map(follow));
  let number = 3;
  const move = async (): Promise<boolean[]> => {
    desk.free.shift()?.();
    await start(visit, ["ada", ++number]);
    return counts.map((count) => count() > 0);
  };
  await expect.poll(move, { interval: 300, timeout: 5_000 }).toEqual([true, true, true]);
});

test.each([
  [{}, "none"],
  [{ concurrency: 5 }, "5 at once"],
  [{ concurrency: 5, perKey: 1, rate: { limit: 10, per: 60_000 } }, "5 at once, 1 a key, 10 a minute"],
  [{ rate: { limit: 1, per: 1_000 } }, "1 a second"],
  [{ rate: { limit: 1, per: 3_600_000 } }, "1 an hour"],
  [{ rate: { limit: 1, per: 86_400_000 } }, "1 a day"],
  [{ rate: { limit: 3, per: 300_000 } }, "3 in 5 minutes"],
  [{ rate: { limit: 3, per: 1_500 } }, "3 in 1500 milliseconds"],
  [{ rate: { limit: 3, per: 0.5 } }, "3 in 0.5 milliseconds"],
])("the limits %j are %s", (limits, text) => expect(limitsText(limits)).toBe(text));
