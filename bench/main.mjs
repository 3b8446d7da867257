/**
 * Measures what Perdure costs, beside what the disk or the language costs for the same in the same process and run:
 *
 *   npm run bench                       every workload, five times
 *   npm run bench -- --quick            the main ones, three times
 *   npm run bench -- --only PATTERN     those whose name matches
 *   npm run bench -- --repeat N         so many times
 *   npm run bench -- --node 24          with another Node: 22, 24, or the path of an executable
 *   npm run bench -- --postgres         those on a PostgreSQL server, which it starts, with DBOS beside some of them. `BENCH_POSTGRES=postgres://…`: another server
 *   npm run bench -- --peers            other libraries beside Perdure, once; installs them into a cache. `--only queues`: queues alone, with
 *                                       BullMQ where a Redis answers at localhost:6379
 *   npm run bench -- --profile          where the time of each workload goes: the ten functions with the most of it
 *   npm run bench -- --json FILE        also writes the figures
 *   npm run bench -- --compare FILE     also shows those of an earlier file
 *   npm run bench -- --from FILE        shows those of a file and measures nothing
 *   npm run bench -- --into FILE        also puts them into their place in docs/performance.md
 *   npm run bench -- --gate FILE        a few workloads; ends with 1 if a ratio has become more than twice that of the file.
 *                                       CI does so with bench/baseline.json, which `--gate F --json F` renews
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { buildFlows } from "./build.mjs";
import { figureOf, partsOf, regressions } from "./figures.mjs";
import { nodeNamed } from "./node.mjs";
import { putInto, report } from "./report.mjs";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    repeat: { type: "string" },
    node: { type: "string" },
    postgres: { type: "boolean", default: false },
    peers: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
    json: { type: "string" },
    compare: { type: "string" },
    from: { type: "string" },
    into: { type: "string" },
    gate: { type: "string" },
  },
});

/** How long the gate measures again what seems to be slower, in milliseconds. */
const PATIENCE = 45_000;

const read = (file) => JSON.parse(readFileSync(file, "utf8"));
const earlier = options.gate ?? options.compare;
const before = earlier === undefined ? [] : read(earlier).figures;

const measured = options.from === undefined ? await measureAll() : read(options.from);
console.log(report(measured, { earlier: before }));
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(measured, undefined, 2)}\n`);
if (options.into !== undefined) writeFileSync(options.into, putInto(readFileSync(options.into, "utf8"), measured));

if (options.gate !== undefined) {
  const slower = regressions(measured.figures, before);
  for (const { name, text } of slower) console.error(`${name}: ${text} (${options.gate})`);
  process.exitCode = slower.length > 0 ? 1 : 0;
}

async function measureAll() {
  await buildFlows();
  const node = await nodeNamed(options.node);
  const date = new Date().toISOString().slice(0, 10);
  if (options.peers) {
    const { measurePeers } = await import("./peers/peers.mjs");
    const { measureQueues } = await import("./peers/queue-peers.mjs");
    const repeats = Number(options.repeat ?? 1);
    const isWanted = new RegExp(options.only, "u");
    const peers = isWanted.test("libraries") ? await measurePeers(node, repeats) : [];
    const queues = isWanted.test("queues") ? await measureQueues(node, repeats) : [];
    return { machine: { ...node.machine, repeats, date }, figures: [], peers, queues };
  }
  if (!options.postgres) return measureWorkloads("workloads.mjs", node, { ...node.machine, date });
  const { withServer } = await import("./postgres/server.mjs");
  return withServer(async (version) => ({
    ...(await measureWorkloads("postgres/workloads.mjs", node, { ...node.machine, date, postgres: version })),
    place: "postgres",
  }));
}

/** @param file - has the workloads */
async function measureWorkloads(file, node, machine) {
  const { workloads } = await import(`./${file}`);
  const pattern = new RegExp(options.only, "u");
  const chosen = workloads.filter(
    (workload) =>
      (!options.quick || workload.isQuick) &&
      (options.gate === undefined || workload.isGate) &&
      partsOf(workload).some(({ name }) => pattern.test(name)),
  );
  const repeats = Number(options.repeat ?? (options.gate ? 1 : options.quick ? 3 : 5));
  const taken = new Map(chosen.map((workload) => [workload, []]));
  const figures = () =>
    chosen.flatMap((workload) => partsOf(workload).map((part) => figureOf(part, taken.get(workload))));

  if (options.profile) {
    const profiles = chosen.map((workload) => {
      const [{ name }] = partsOf(workload);
      return { name, entries: node.measure(file, name, "profile").perdure };
    });
    return { machine: { ...machine, repeats: 1 }, figures: [], profiles };
  }

  const measure = (name, order) => node.measure(file, name, order);
  takeTurns(chosen, repeats, taken, measure);
  // something else may have used the machine: those that are slower get more turns, for a while
  const until = performance.now() + PATIENCE;
  for (let more = 0; more < 5 && options.gate !== undefined && performance.now() < until; more++) {
    const slower = new Set(regressions(figures(), before).map(({ name }) => name));
    takeTurns(
      chosen.filter(({ name }) => slower.has(name)),
      1,
      taken,
      measure,
    );
  }
  return { machine: { ...machine, repeats }, figures: figures() };
}

/** Each side goes first as often as the other. */
function takeTurns(chosen, repeats, taken, measure) {
  for (let turn = 0; turn < repeats; turn++)
    for (const workload of chosen) {
      const turns = taken.get(workload);
      if (turns.length >= (workload.most ?? Infinity)) continue;
      const [{ name }] = partsOf(workload);
      if (process.stderr.isTTY) process.stderr.write(`${turn + 1} of ${repeats}: ${name}\u001b[K\r`);
      turns.push(measure(name, turns.length % 2 === 0 ? "limit-first" : "perdure-first"));
    }
  if (process.stderr.isTTY) process.stderr.write("\u001b[K");
}
