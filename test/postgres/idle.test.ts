/** What a worker costs that has nothing to do: alone, and beside many runs of others and other workers. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildProgram, run } from "../programs.ts";
import { administer } from "./fleet/faults.ts";
import { foreignRuns, migrateTo, strangers } from "./fleet/neighbours.ts";
import { startPostgres, type PostgresServer } from "./server.ts";

/** Milliseconds. */
const WARM_UP = 4_000;
const MEASURED = 10_000;
/** Percent of a core, on a machine that does much else at the same time. */
const MOST_CPU = 2.5;

const program = `
  import { cpuUsage } from "node:process";
  import { setTimeout } from "node:timers/promises";
  import { close, sleep, worker } from "perdure";
  import pg from "pg";
  let statements = 0;
  const query = pg.Client.prototype.query;
  pg.Client.prototype.query = function (...given) {
    statements++;
    return query.apply(this, given);
  };
  export async function order(id: number) {
    "use workflow: id=order-{id}";
    await sleep(20);
    return id;
  }
  worker();
  await setTimeout(${WARM_UP});
  const before = cpuUsage();
  const from = performance.now();
  const made = statements;
  await setTimeout(${MEASURED});
  const { user, system } = cpuUsage(before);
  const cpu = (user + system) / 10 / (performance.now() - from);
  console.log(JSON.stringify({ cpu, statements: ((statements - made) * 1_000) / ${MEASURED} }));
  await close();
`;

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

/** Idle workers that share a database. */
const WORKERS = 4;

/** What each of some workers costs. */
interface Cost {
  /** Percent of a core. */
  readonly cpu: number;
  /** A second. */
  readonly statements: number;
}

async function costOf(file: string, database: string, workers: number): Promise<Cost> {
  const url = server.url.replace(/postgres$/u, database);
  const idle = Array.from({ length: workers }, () => run(file, { PERDURE_STORE: url }));
  const outputs = await Promise.all(idle.map((each) => each.exits(0)));
  const costs = outputs.map((output) => JSON.parse(/^\{.*\}$/mu.exec(output)?.[0] ?? "") as Cost);
  const mean = (of: keyof Cost): number => costs.reduce((sum, cost) => sum + cost[of], 0) / workers;
  return { cpu: mean("cpu"), statements: mean("statements") };
}

test("a worker without work costs no more beside 20,000 runs of others and other idle workers than alone", async () => {
  const file = await buildProgram(program, "idle");
  await administer(server, "CREATE DATABASE alone");
  await administer(server, "CREATE DATABASE crowded");
  const crowded = { url: server.url.replace(/postgres$/u, "crowded") };
  await migrateTo("ours", crowded.url);
  await administer(crowded, foreignRuns, "VACUUM ANALYZE perdure.runs");
  const alone = await costOf(file, "alone", 1);
  const beside = await costOf(file, "crowded", WORKERS);
  console.log("an idle worker:", { alone, beside });
  for (const { statements } of [alone, beside]) expect(statements).toBeGreaterThan(0.4); // one look in two seconds
  // a tenth is one statement more in the time that is measured
  expect(beside.statements).toBeLessThan(alone.statements * 1.3 + 0.1);
  expect(beside.cpu).toBeLessThan(alone.cpu * 1.5 + 0.3);
  expect(beside.cpu).toBeLessThan(MOST_CPU);
  expect(await administer(crowded, strangers)).toEqual([{ untouched: 20_000 }]);
});
