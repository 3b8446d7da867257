import { say } from "./report.mjs";
const { default: PQueue, TimeoutError } = await import("p-queue");

const turn = () => new Promise((resolve) => setImmediate(resolve));
const order = [];
const job =
  (name, turns = 1) =>
  async () => {
    order.push(`${name} begins`);
    for (let i = 0; i < turns; i++) await turn();
    order.push(`${name} ends`);
    return name;
  };

const queue = new PQueue({ concurrency: 2 });
for (const event of ["add", "active", "next", "idle", "empty", "completed", "error"])
  queue.on(event, (value) => order.push(`${event} ${value instanceof Error ? value.message : (value ?? "")}`));
await say("all", () => queue.addAll([job("a", 3), job("b"), job("c", 2), job("d")]));
await say("priority", () =>
  Promise.all([
    queue.add(job("low"), { priority: -1 }),
    queue.add(job("high"), { priority: 9 }),
    queue.add(job("later", 2), { priority: 1, id: "x" }),
  ]),
);
await say("an error", () =>
  queue.add(async () => {
    await turn();
    throw new RangeError("refused");
  }),
);
await say("a job that throws at once", () =>
  queue.add(() => {
    throw new TypeError("at once");
  }),
);
await say("aborted", () => {
  const controller = new AbortController();
  queue.pause();
  const waiting = queue.add(job("never"), { signal: controller.signal });
  controller.abort(new Error("no more"));
  queue.start();
  return waiting;
});
await say("timeout", async () => {
  try {
    return await queue.add(() => new Promise(() => {}), { timeout: 5 });
  } catch (error) {
    return error instanceof TimeoutError;
  }
});
await say("paused", async () => {
  const paused = new PQueue({ autoStart: false, concurrency: 1 });
  const all = paused.addAll([job("p"), job("q")]);
  const before = [paused.size, paused.pending, paused.isPaused];
  paused.start();
  await Promise.all([paused.onEmpty(), paused.onIdle(), paused.onSizeLessThan(2)]);
  return [before, await all, paused.size, paused.sizeBy({ priority: 0 })];
});
await say("an interval", async () => {
  const limited = new PQueue({ intervalCap: 2, interval: 5, concurrency: 5 });
  return await limited.addAll([1, 2, 3, 4, 5].map((n) => async () => n * 2));
});
await say("order", () => order);
