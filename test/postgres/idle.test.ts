/** What a worker costs that has nothing to do: alone, and beside many runs of others. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildProgram, run } from "../programs.ts";
import { administer } from "./fleet/faults.ts";
import { foreignRuns, migrateTo, strangers } from "./fleet/neighbours.ts";
import { startPostgres, type PostgresServer } from "./server.ts";

/** Milliseconds. */
const WARM_UP = 4_000;
const MEASURED = 10_000;

const program = `
  import { cpuUsage } from "node:process";
  import { setTimeout } from "node:timers/promises";
  import { close, sleep, worker } from "perdure";
  export async function order(id: number) {
    "use workflow: id=order-{id}";
    await sleep(20);
    return id;
  }
  worker();
  await setTimeout(${WARM_UP});
  const before = cpuUsage();
  const from = performance.now();
  console.log("measures");
  await setTimeout(${MEASURED});
  const { user, system } = cpuUsage(before);
  console.log("cpu " + (user + system) / 10 / (performance.now() - from) + " %");
  await close();
`;

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

interface Cost {
  /** Percent of a core. */
  readonly cpu: number;
  /** A second. */
  readonly statements: number;
}

async function costOf(file: string, database: string): Promise<Cost> {
  const url = server.url.replace(/postgres$/u, database);
  const idle = run(file, { PERDURE_STORE: url });
  const statements = async (): Promise<number> => {
    // each statement of the store is a transaction
    const count = `SELECT (xact_commit + xact_rollback)::integer AS count FROM pg_stat_database WHERE datname = '${database}'`;
    const [row] = await administer<{ count: number }>(server, count);
    return row?.count ?? 0;
  };
  await idle.printed("measures");
  const before = await statements();
  await idle.printed(" %");
  const made = (await statements()) - before;
  const output = await idle.exits(0);
  return { cpu: Number(/cpu (\S+) %/u.exec(output)?.[1]), statements: (made * 1_000) / MEASURED };
}

test("a worker without work costs less than one percent of a core, and no more beside 20,000 runs of others", async () => {
  const file = await buildProgram(program, "idle");
  await administer(server, "CREATE DATABASE alone", "CREATE DATABASE crowded");
  const crowded = { ...server, url: server.url.replace(/postgres$/u, "crowded") };
  await migrateTo("ours", crowded.url);
  await administer(crowded, foreignRuns, "VACUUM ANALYZE perdure.runs");
  const [alone, beside] = await Promise.all([costOf(file, "alone"), costOf(file, "crowded")]);
  console.log({ alone, beside });
  expect(beside.statements).toBeGreaterThan(1); // it does look
  expect(beside.statements).toBeLessThan(alone.statements * 1.5);
  expect(beside.cpu).toBeLessThan(1);
  expect(await administer(crowded, strangers)).toEqual([{ untouched: 20_000 }]);
});
