/** A program whose store is a PostgreSQL database, found by its URL. */
import { expect, onTestFinished, test } from "vitest";
import { close, complete, configure, getRun, listRuns, queue, signal, sleep, start, worker } from "perdure";
import { startPglite } from "./pglite.ts";
import { startPostgres } from "./server.ts";

const paid: string[] = [];

async function charge(order: string) {
  "use task: retries=0";
  paid.push(order);
  return `receipt of ${order}`;
}

async function pack(order: string) {
  "use task: queue=packing";
  return `parcel of ${order}`;
}

export async function delivery(order: string) {
  "use workflow: id=delivery-{order}";
  const parcel = await pack(order);
  await sleep(5);
  return parcel;
}

export async function order(id: string) {
  "use workflow: id=order-{id}";
  const receipt = await charge(id);
  const approved = await signal<boolean>("approved");
  if (!approved) throw new Error("not approved");
  const parcels = await Promise.all([delivery(`${id}-a`), delivery(`${id}-b`)]);
  return { receipt, parcels };
}

test.each([
  ["a server", startPostgres],
  ["PGlite", startPglite],
])(
  "workflows with tasks, signals, children, queues and sleeps run on %s, and are resumed from it",
  async (_, begin) => {
    const server: { readonly url: string; remove(): Promise<void> } = await begin();
    onTestFinished(async () => {
      await close();
      await server.remove();
    });
    paid.length = 0;
    configure({ store: server.url });
    queue("packing", { concurrency: 1 });
    const run = await start(order, ["17"]);
    await expect.poll(async () => (await run.steps()).length).toBe(2);
    await close();

    const problems: string[] = [];
    const problem = (message: string): void => void problems.push(message);
    const silent = (): void => {};
    configure({ store: server.url, logger: { debug: silent, info: silent, warn: problem, error: problem } });
    const working = worker({ signals: false });
    expect(await complete("order-17", "approved", true)).toBe(true);
    const again = await getRun<typeof order>("order-17");
    expect(await again?.result()).toEqual({
      receipt: "receipt of 17",
      parcels: ["parcel of 17-a", "parcel of 17-b"],
    });
    expect(paid).toEqual(["17"]);
    expect((await listRuns()).map(({ status }) => status)).toEqual(["completed", "completed", "completed"]);
    await working.stop();
    expect(problems).toEqual([]);
  },
);
