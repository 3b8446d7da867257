import { expect, onTestFinished, test } from "vitest";
import { startPostgres } from "../../../test/postgres/server.ts";
import { administer } from "../../../test/postgres/fleet/faults.ts";
import { connect } from "../src/connection/database.ts";
import { placeOf } from "../src/connection/place.ts";
import { postgresStore, type PostgresOptions, type PostgresStore } from "../src/index.ts";

const STEPS = 40;

/** How many of the acknowledged checkpoints are there after the server was killed. */
async function keptAfterKill(synchronousCommit: "on" | "off", options: PostgresOptions = {}): Promise<number> {
  // what is not written at the commit is not written for a while
  const settings = { synchronous_commit: synchronousCommit, wal_writer_delay: "10s" };
  const server = await startPostgres({ settings });
  const store = postgresStore(server.url, { timeout: 20_000, ...options });
  onTestFinished(async () => {
    await store.close();
    await server.remove();
  });
  await store.open();
  const run = { id: "r", workflow: "w", file: "f.ts", input: "1", inputHash: "h", code: "c", modules: "m", seed: "s" };
  await store.createRun({ ...run, lease: { owner: "me", ms: 60_000 } });
  for (let seq = 1; seq <= STEPS; seq++) {
    const step = { kind: "task", state: "completed", attempt: 1, inputHash: "h", startedAt: 1 } as const;
    const answers = await store.commit([{ type: "step", run: "r", epoch: 1, step: { ...step, id: `a[${seq}]`, seq } }]);
    expect(answers).toEqual([true]);
  }
  await server.kill();
  await server.start();
  const again = postgresStore(server.url);
  await again.open();
  onTestFinished(() => again.close());
  return (await again.steps("r")).length;
}

test.each(["on", "off"] as const)(
  "a server that is killed has every checkpoint that it acknowledged: synchronous_commit is %s there",
  async (setting) => {
    expect(await keptAfterKill(setting)).toBe(STEPS);
  },
);

test("with durability normal, synchronous_commit stays off, and checkpoints are lost", async () => {
  expect(await keptAfterKill("off", { durability: "normal" })).toBeLessThan(STEPS);
});

test("a stricter setting than on stays as it is", async () => {
  const server = await startPostgres({ settings: { synchronous_commit: "remote_apply" } });
  onTestFinished(() => server.remove());
  const database = connect(placeOf(server.url, {}));
  onTestFinished(() => database.close());
  expect(await database.query("SHOW synchronous_commit")).toEqual([{ synchronous_commit: "remote_apply" }]);
});

test("behind a pooler, synchronous_commit off is an error that says how to set it", async () => {
  const server = await startPostgres({ settings: { synchronous_commit: "off" } });
  onTestFinished(() => server.remove());
  const pooled = (options?: PostgresOptions): PostgresStore => postgresStore(`${server.url}?pgbouncer=true`, options);
  await expect(pooled().open()).rejects.toMatchObject({
    code: "STORE_NOT_DURABLE",
    message: expect.stringContaining("ALTER ROLE postgres SET synchronous_commit = on") as string,
  });
  const normal = pooled({ durability: "normal" });
  await normal.open();
  await normal.close();
  await administer(server, "ALTER ROLE postgres SET synchronous_commit = on");
  const repaired = pooled();
  await repaired.open();
  await repaired.close();
});
