import { expect, onTestFinished, test } from "vitest";
import { startPostgres } from "../../../test/postgres/server.ts";
import { postgresStore } from "../src/index.ts";

const STEPS = 40;

/** How many of the acknowledged checkpoints are there after the server was killed. */
async function keptAfterKill(synchronousCommit: "on" | "off"): Promise<number> {
  // what is not written at the commit is not written for a while
  const settings = { synchronous_commit: synchronousCommit, wal_writer_delay: "10s" };
  const server = await startPostgres({ settings });
  const store = postgresStore(server.url, { timeout: 20_000 });
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

test("a server that is killed has every checkpoint that it acknowledged", async () => {
  expect(await keptAfterKill("on")).toBe(STEPS);
});

test("with synchronous_commit off, it has not: the README warns of that", async () => {
  expect(await keptAfterKill("off")).toBeLessThan(STEPS);
});
