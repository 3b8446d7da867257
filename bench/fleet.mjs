/**
 * Measures workers on a PostgreSQL server of their own, beside plain INSERTs into the same server: npx tsx bench/fleet.mjs [REPEAT]
 * Prints steps a second of one worker and of three, and what they ask of the server.
 */
import { spawn } from "node:child_process";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { close, configure, countRuns, startMany } from "perdure";
import pg from "pg";
import { startPostgres } from "../test/postgres/server.ts";
import { buildFlows, flowsFile } from "./build.mjs";

const REPEAT = Number(process.argv[2] ?? 3);
const STEPS = 10;
const RUNS = 400;
const LONG = 300;

await buildFlows();
const { sequential } = await import(pathToFileURL(flowsFile).href);
const server = await startPostgres({ durable: true });
const monitor = new pg.Client(server.url);
await monitor.connect();
const one = async (sql) => Object.values((await monitor.query(sql)).rows[0])[0];
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** INSERTs a second, each a commit, over so many connections. */
async function inserts(connections, seconds = 3) {
  const pool = new pg.Pool({ connectionString: server.url, max: connections });
  await pool.query("CREATE TABLE IF NOT EXISTS raw (id bigserial PRIMARY KEY, output text)");
  const end = performance.now() + seconds * 1_000;
  let count = 0;
  const loop = async () => {
    for (; performance.now() < end; count++)
      await pool.query("INSERT INTO raw (output) VALUES ($1)", ["x".repeat(100)]);
  };
  await Promise.all(Array.from({ length: connections }, loop));
  await pool.end();
  return count / seconds;
}

const ended = async () =>
  (await countRuns()).filter(({ status }) => status === "completed").reduce((sum, { count }) => sum + count, 0);

/** Starts the runs, and resolves with the seconds until all of them have ended. */
async function drain(name, runs, steps) {
  const before = await ended();
  const begun = performance.now();
  await startMany(
    sequential,
    Array.from({ length: runs }, (_, run) => [`${name}-${run}`, steps, 100]),
  );
  while ((await ended()) < before + runs) await wait(20);
  return (performance.now() - begun) / 1_000;
}

const transactions = async () =>
  Number(await one("SELECT xact_commit FROM pg_stat_database WHERE datname = 'postgres'"));

async function fleet(workers, schema) {
  const store = `${server.url}?schema=${schema}`;
  configure({ store, logLevel: "error" });
  const program = join(import.meta.dirname, "programs/fleet-worker.mjs");
  await drain("none", 0, 0);
  const children = Array.from({ length: workers }, () =>
    spawn(process.execPath, [program, store], { stdio: "inherit" }),
  );
  try {
    await drain("warm", 100, STEPS);
    let connections = 0;
    const sampling = setInterval(async () => {
      const sql =
        "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'perdure %' AND application_name NOT LIKE '%:' || $1";
      const { rows } = await monitor.query(sql, [process.pid]);
      connections = Math.max(connections, Number(rows[0].count));
    }, 100);
    const short = (RUNS * STEPS) / (await drain("short", RUNS, STEPS));
    clearInterval(sampling);
    const long = LONG / (await drain("long", 1, LONG));
    await wait(3_000);
    const before = await transactions();
    await wait(5_000);
    const idle = ((await transactions()) - before) / 5;
    return { short, long, connections, idle };
  } finally {
    for (const child of children) child.kill("SIGKILL");
    await close();
  }
}

const found = [];
for (let round = 0; round < REPEAT; round++) {
  const rates = { load: loadavg()[0], raw1: await inserts(1), raw30: await inserts(30) };
  for (const workers of [1, 3]) {
    const { short, long, connections, idle } = await fleet(workers, `bench_${round}_${workers}`);
    Object.assign(rates, {
      [`short${workers}`]: short,
      [`long${workers}`]: long,
      [`connections${workers}`]: connections,
      [`idle${workers}`]: idle,
    });
  }
  console.log(JSON.stringify(rates, (_, value) => (typeof value === "number" ? Math.round(value * 10) / 10 : value)));
  found.push(rates);
}
console.log(
  `${cpus().length} × ${cpus()[0].model}, Node ${process.versions.node}, PostgreSQL ${await one("SHOW server_version")}`,
);
for (const name of Object.keys(found[0]))
  console.log(name.padEnd(14), Math.round(median(found.map((each) => each[name])) * 10) / 10);
await monitor.end();
await server.remove();
