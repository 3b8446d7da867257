import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { close, getRun, listRuns } from "perdure";
import { postgresStore } from "perdure-postgres";
import pg from "pg";
import { startPostgres, type PostgresServer } from "../../../test/postgres/server.ts";
import { freePort } from "../../../test/servers.ts";
import { PLACES } from "../src/order.ts";
import { configureShop } from "../src/settings.ts";
import { buy, priceOf } from "./customers.ts";
import { DELIVERED, inFlight, noteDelivery, readJournal } from "./journal.ts";
import { Machine } from "./machine.ts";
import { mostAtOnce, table, violations, type Evidence } from "./proof.ts";

/** Milliseconds from one customer to the next. */
const PACE = 300;
/** Milliseconds that the last customers wait for their parcels. */
const PATIENCE = 30_000;
const WORKERS = ["alpha", "beta", "gamma"] as const;

/** Runs the shop, takes away one part of it after the other, and looks what became of the orders. Returns whether everything is as expected. */
export async function launch(home: string): Promise<boolean> {
  for (const log of ["journal", "front", ...WORKERS]) rmSync(join(home, `${log}.log`), { force: true });
  mkdirSync(home, { recursive: true });
  console.log(
    `\nA shop on one PostgreSQL server: a front end and three workers, a customer each ${PACE} ms, and one fault after the other.\n`,
  );
  const begun = performance.now();
  const say: Say = (what, rest) =>
    console.log(`${((performance.now() - begun) / 1_000).toFixed(1).padStart(5)} s  ${what.padEnd(16)} ${rest}`);

  // what was acknowledged must survive a crash of the server
  const server = await startPostgres({ durable: true });
  try {
    await setUp(server.url);
    say("PostgreSQL", `${await versionOf(server.url)} runs, with the schemas of Perdure and of the bank`);
    return judge(await story(home, server, say));
  } finally {
    await close();
    await server.remove();
  }
}

type Say = (what: string, rest: string) => void;

async function setUp(url: string): Promise<void> {
  await postgresStore(url).migrate(); // as `perdure migrate` does
  await query(url, "CREATE SCHEMA bank");
  await query(
    url,
    `CREATE TABLE bank.charges (idempotency_key text PRIMARY KEY, "order" integer, cents integer, card text, asked integer DEFAULT 1)`,
  );
}

/** Lets customers buy while one fault follows the other. Returns what is left afterwards. */
async function story(home: string, server: PostgresServer, say: Say): Promise<Evidence> {
  const place = { home, url: server.url, port: server.port };
  const shopPort = await freePort();
  const front = await Machine.of("front", "front", place, { PORT: String(shopPort) });
  const workers = await Promise.all(WORKERS.map((name) => Machine.of(name, "worker", place)));
  const [alpha, beta, gamma] = workers as [Machine, Machine, Machine];
  const machines = [front, ...workers];
  for (const machine of machines) machine.start();
  say("machines", machines.map(({ name, pid }) => `${name} (pid ${pid})`).join(", "));

  const journal = join(home, "journal.log");
  const placed: number[] = [];
  const patience = new AbortController();
  const customers: Promise<void>[] = [];
  const coming = setInterval(() => {
    const number = customers.length + 1;
    const buying = buy(`http://127.0.0.1:${shopPort}`, number, () => placed.push(number), patience.signal);
    customers.push(buying.then(() => noteDelivery(journal, number)));
    customers.at(-1)?.catch(() => {}); // told of below
  }, PACE);

  /** Resolves when the machine has attempts in flight, so that something is at stake. */
  const atWork = async (machine: Machine): Promise<string> => {
    const end = performance.now() + PATIENCE;
    while (performance.now() < end) {
      const attempts = inFlight(readJournal(journal), machine.pid);
      if (attempts.length > 0) return attempts.map(({ step, run }) => `${step} of ${run}`).join(", ");
      await pause(5);
    }
    throw new Error(`${machine.name} has nothing to do: see its log`);
  };
  const kill = async (machine: Machine): Promise<void> => {
    const work = await atWork(machine);
    await machine.kill();
    say(`kill -9 ${machine.name}`, `in flight: ${work}`);
    await pause(700);
    machine.start();
    say("", `${machine.name} is started again, as pid ${machine.pid}`);
  };

  await pause(2_000);
  await kill(alpha);
  await pause(700);

  await front.kill();
  say("kill -9 front", `${placed.length} orders were accepted; customers ask again until they get an answer`);
  await pause(700);
  front.start();
  say("", `front is started again, as pid ${front.pid}`);
  await pause(700);

  const work = await atWork(beta);
  beta.network.cut();
  say("cut off beta", `nothing that it sends arrives any more; in flight: ${work}`);
  await pause(3_500);
  beta.network.restore();
  say("", "beta is back: what it held longer than its lease of 2 s belongs to others, and the database refuses it");
  await pause(700);

  await kill(gamma);
  await pause(700);

  await server.kill();
  say("kill -9 postgres", `${placed.length} orders were accepted`);
  await pause(1_000);
  await server.start();
  say("", "PostgreSQL is started again; the workers come back by themselves");
  await pause(700);

  await kill(beta);

  clearInterval(coming);
  const timer = setTimeout(() => patience.abort(new Error("no parcel came")), PATIENCE);
  const served = await Promise.allSettled(customers);
  clearTimeout(timer);
  say(
    "customers",
    `${served.filter(({ status }) => status === "fulfilled").length} of ${served.length} have their parcel`,
  );
  for (const machine of machines) await machine.stop();
  const deaths = new Map(machines.flatMap((machine) => [...machine.deaths]));
  return {
    customers: customers.length,
    placed,
    attempts: readJournal(journal),
    deaths,
    ...(await recordsOf(server.url)),
  };
}

/** What the store and the bank know. */
async function recordsOf(url: string): Promise<Pick<Evidence, "runs" | "finished" | "charges">> {
  configureShop(url);
  const runs = await listRuns({ limit: 10_000 });
  const steps = await Promise.all(
    runs.map(async ({ id: run }) =>
      ((await (await getRun(run))?.steps()) ?? []).flatMap(({ id: step, kind, finishedAt }) =>
        kind === "task" && finishedAt ? [{ run, step }] : [],
      ),
    ),
  );
  const charges = await query<Evidence["charges"][number]>(url, `SELECT "order", cents, asked FROM bank.charges`);
  return { runs, finished: steps.flat(), charges };
}

function judge(evidence: Evidence): boolean {
  const { placed, finished, charges } = evidence;
  const attempts = evidence.attempts.filter(({ step }) => step !== DELIVERED);
  console.log(`\n${table(evidence)}\n`);
  const wrong = violations(evidence, PLACES, priceOf);
  if (wrong.length > 0) {
    console.error(`WRONG:\n${wrong.map((line) => `  ✗ ${line}`).join("\n")}\n`);
    return false;
  }
  const again = charges.filter(({ asked }) => asked > 1).length;
  console.log(`✓ ${placed.length} orders were accepted, and each was done once
✓ no finished step was executed again: ${finished.length} steps took ${attempts.length} attempts; the others failed, or were in flight at a fault
✓ each card was charged once; ${again} charges were asked for again, under the same idempotency key
✓ at most ${mostAtOnce(evidence, "pack")} orders were packed at the same time, over all workers: the queue has ${PLACES} places
`);
  return true;
}

async function query<R extends object>(url: string, sql: string): Promise<R[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query<R>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function versionOf(url: string): Promise<string> {
  const [row] = await query<{ server_version: string }>(url, "SHOW server_version");
  return row?.server_version ?? "";
}
