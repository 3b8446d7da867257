/** What queues cost: see workloads.mjs. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import PQueue from "p-queue";
import { start, startMany, worker } from "perdure";
import { flows, inStore, result } from "./in-store.mjs";
import { rawWrites, time } from "./raw.mjs";

const LIMIT = 5;
const items = (count, from = 0) => Array.from({ length: count }, (_, item) => [from + item]);

/** The same work in memory: what is in a `p-queue` is lost with the process. */
async function inMemory(work, count, warmUp) {
  const queue = new PQueue({ concurrency: LIMIT });
  const all = (list) => Promise.all(list.map(([item]) => queue.add(() => work(item))));
  await all(items(warmUp, count));
  return time(() => all(items(count)));
}

/** Starts the items, which a worker of this process executes. */
async function asRuns(workflow, list) {
  const ended = flows.itemsEnd(list.length);
  await startMany(workflow, list);
  await ended;
}

const throughQueue = (what, workflow, work, { count, warmUp }) => ({
  name: `${count.toLocaleString("en")} ${what}, at most five at once, over p-queue in memory, normal`,
  units: count,
  limit: () => inMemory(work, count, warmUp),
  perdure: () =>
    inStore("normal", async () => {
      worker({ concurrency: 10 });
      await asRuns(workflow, items(warmUp, count));
      return time(() => asRuns(workflow, items(count)));
    }),
});

const tasksOfOneRun = (count) => ({
  name: `${count.toLocaleString("en")} tasks of one run, at most five at once, over p-queue in memory, normal`,
  units: count,
  limit: () => inMemory(flows.plain, count, 1000),
  perdure: () =>
    inStore("normal", async () => {
      await result(flows.queuedTasks, ["warm", 1000]);
      return time(() => result(flows.queuedTasks, ["a", count]));
    }),
});

const WAITING = 100_000;
const FEW = 1000;

/** So many items that wait, since this process has the only slot of their queue; and a worker in another process, which finds nothing to do. */
const inLine = (count) =>
  inStore(
    "full",
    async (path) => {
      await start(flows.holding, []);
      await startMany(flows.waiting, items(FEW, count));
      const started = await time(() => startMany(flows.waiting, items(count - FEW)));
      const program = join(import.meta.dirname, "programs/idle-worker.mjs");
      const args = [...process.execArgv, "--expose-gc", program, path];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      if (status !== 0) throw new Error(`the idle worker failed: ${stderr}`);
      return { started, ...JSON.parse(stdout) };
    },
    { warmUp: 1 },
  );

const waiting = {
  most: 1,
  async limit() {
    const started = await rawWrites({ rows: WAITING - FEW, perCommit: 1000, durability: "full" });
    return { ...(await inLine(2 * FEW)), started };
  },
  perdure: () => inLine(WAITING),
  parts: [
    { name: "startMany of 100,000 runs of a queue, full", of: "started", units: WAITING - FEW },
    { name: "a worker's look at the store with 100,000 runs in line, over one with 2,000", of: "tick", goal: 1.2 },
    {
      name: "heap of a worker beside 100,000 runs in line, over 2,000",
      of: "kept",
      unit: "MB",
      is: "difference",
      goal: 1,
    },
    { name: "resident memory of that worker", of: "rss", unit: "MB", is: "alone" },
    { name: "CPU of that worker", of: "cpu", unit: "%", is: "alone", goal: 1 },
  ],
};

export const queueWorkloads = [
  throughQueue("items that do nothing", flows.queued, flows.plain, { count: 1000, warmUp: 1000 }),
  throughQueue("items that wait for 1 to 10 ms", flows.queuedRemote, flows.remote, { count: 500, warmUp: 200 }),
  throughQueue("runs of a queue that do nothing", flows.queuedRun, flows.plain, { count: 1000, warmUp: 1000 }),
  tasksOfOneRun(1000),
  waiting,
];
