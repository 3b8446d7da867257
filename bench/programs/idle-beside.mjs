/**
 * An idle worker in a store on PostgreSQL, alone and then beside so many runs that processes of other machines execute. Prints the share of a core that it takes, in
 * percent, and its statements a second: node idle-beside.mjs STORE RUNS
 */
import { cpuUsage } from "node:process";
import { setTimeout as wait } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { close, configure, countRuns, start, worker } from "perdure";
import { postgresStore } from "perdure-postgres";
import { flowsFile } from "../build.mjs";
import { countQueries } from "../postgres/queries.mjs";

const OWNERS = 20;
const IDLE = 10_000;
const HOUR = 3_600_000;

const [, , url, count] = process.argv;
const queries = countQueries();
const { sequential } = await import(pathToFileURL(flowsFile).href);
configure({ store: url, logLevel: "error" });
await (await start(sequential, ["warm", 100, 100])).result();
const idle = worker();

async function measured() {
  await wait(3_000); // what the runs before have left to do
  const before = { cpu: cpuUsage(), queries: queries(), time: performance.now() };
  await wait(IDLE);
  const { user, system } = cpuUsage(before.cpu);
  const seconds = (performance.now() - before.time) / 1000;
  if (idle.state().running.length > 0) throw new Error("the worker has taken a run");
  return { cpu: (user + system) / 10_000 / seconds, statements: (queries() - before.queries) / seconds };
}

const alone = await measured();

const store = postgresStore(url);
await store.open();
const known = await store.getRun("sequential-warm");
const foreign = (index) => ({
  ...known,
  id: `foreign-${index}`,
  input: JSON.stringify("x".repeat(1000)),
  modules: "{}",
  lease: {
    owner: JSON.stringify({ machine: `host-${index % OWNERS}`, pid: 1, start: "1", thread: 0, id: "a" }),
    ms: HOUR,
  },
});
for (let from = 0; from < Number(count); from += 500)
  await store.createRuns(Array.from({ length: 500 }, (_, run) => foreign(from + run)));
await store.close();

const beside = await measured();
const running = (await countRuns()).find(({ status }) => status === "running")?.count;
if (running !== Number(count)) throw new Error(`${running} runs are running`);
console.log(
  JSON.stringify({
    cpuAlone: alone.cpu,
    statementsAlone: alone.statements,
    cpu: beside.cpu,
    statements: beside.statements,
  }),
);
await close();
