/** Deliveries of signals form a queue, may come before the run, and never keep a run from finishing. */
import { expect, onTestFinished, test } from "vitest";
import { close, complete, keyed, signal, start, type PerdureError, type StandardSchema } from "perdure";
import { settled, setup } from "perdure/testing";

async function three(): Promise<unknown[]> {
  "use workflow: id=three";
  const items: unknown[] = [];
  for (let i = 0; i < 3; i++) items.push(await signal("item"));
  return items;
}

/** Accepts objects with a boolean `ok`. */
const payment: StandardSchema<{ ok: boolean }> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) =>
      typeof (value as { ok?: unknown }).ok === "boolean"
        ? { value: value as { ok: boolean } }
        : { issues: [{ message: "expected a boolean", path: ["ok"] }] },
  },
};

async function order(id: string): Promise<string> {
  "use workflow: id=order-{id}";
  try {
    const { ok } = await signal("paid", { schema: payment });
    return `order ${id} ${ok ? "paid" : "refused"}`;
  } catch (error) {
    const { ok } = await signal("paid", { schema: payment });
    return `${(error as PerdureError).code}, then ${String(ok)}`;
  }
}

async function odd(): Promise<unknown> {
  "use workflow: id=odd";
  const left = await keyed("\ud800", async () => signal("caf\ud800"));
  const right = await keyed("\ud801", async () => signal("caf\ud801"));
  return [left, right];
}

const reports: PerdureError[] = [];

function begin(): ReturnType<typeof setup> {
  reports.length = 0;
  onTestFinished(close);
  return setup({ logLevel: "silent", onReport: (error) => void reports.push(error) });
}

test("deliveries of one name are kept in order for the waits to come", async () => {
  begin();
  const run = await start(three, []);
  for (const item of [1, 2, 3]) expect(await complete(run.id, "item", item)).toBe(true);
  await expect(run.result()).resolves.toEqual([1, 2, 3]);
});

test("a payload that the waiting schema refuses is not accepted, and the right one may still come", async () => {
  begin();
  const run = await start(order, ["1"]);
  await settled();
  expect(await complete(run.id, "paid", { okk: true })).toBe(false);
  expect(reports).toMatchObject([{ code: "SCHEMA_REFUSED" }]);
  expect(await complete(run.id, "paid", { ok: true })).toBe(true);
  await expect(run.result()).resolves.toBe("order 1 paid");
});

test("a payload that was accepted elsewhere and is refused here rejects the wait, and the workflow may wait again", async () => {
  begin();
  expect(await complete("order-2", "paid", { okk: true })).toBe(true); // no process knows the schema yet
  const run = await start(order, ["2"]);
  await settled();
  expect(await complete(run.id, "paid", { ok: false })).toBe(true);
  await expect(run.result()).resolves.toBe("SCHEMA_REFUSED, then false");
});

test("signal names and keys with half of a surrogate pair are kept apart", async () => {
  const { crash } = begin();
  const run = await start(odd, []);
  await settled();
  expect(await complete(run.id, "caf\ud801", "right")).toBe(true);
  crash();
  expect(await complete(run.id, "caf\ud800", "left")).toBe(true);
  await expect((await start(odd, [])).result()).resolves.toEqual(["left", "right"]);
});
