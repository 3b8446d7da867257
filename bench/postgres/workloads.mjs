/**
 * What `npm run bench -- --postgres` measures, on the server of `BENCH_POSTGRES`: see ../workloads.mjs. `both` measures the two sides in turn, in
 * pieces that are as short as possible, so that what else the machine does hits both.
 */
import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { median } from "../figures.mjs";
import { flows, inStore, result } from "../in-store.mjs";
import { ask, installed, PEERS } from "../peers/peers.mjs";
import { time } from "../raw.mjs";
import { countQueries } from "./queries.mjs";
import { newStore, notifications, openRaw } from "./raw.mjs";

const WARM_UP = 1000;

const inPostgres = (work, { store = newStore(), warmUp = WARM_UP } = {}) => inStore(undefined, work, { store, warmUp });

/** Raw commits between so many steps. */
const PIECE = 20;

/** One run, with raw commits in between, whose time does not count for it. */
async function inPieces(id, steps, raw) {
  let limit = 0;
  flows.doBeside(async () => (limit += await time(() => raw.write(PIECE))));
  const whole = await time(() => result(flows.sequentialBeside, [id, steps, PIECE]));
  return { limit, perdure: whole - limit };
}

const sequential = (steps) => ({
  async both() {
    const raw = await openRaw();
    const queries = countQueries();
    const taken = await inPostgres(
      async () => {
        await inPieces("warm", WARM_UP, raw);
        const before = queries();
        const measured = await inPieces("measured", steps, raw);
        return { ...measured, queries: queries() - before - steps };
      },
      { warmUp: 1 },
    );
    await raw.close();
    return {
      limit: { time: taken.limit, queries: steps },
      perdure: { time: taken.perdure, queries: taken.queries },
    };
  },
  parts: [
    { name: `${steps} steps one after another`, of: "time", units: steps, goal: 1.5 },
    { name: `statements for ${steps} steps one after another`, of: "queries", unit: "statements", is: "difference" },
  ],
});

/** The mean of the raw work before and after that of Perdure. */
async function between(raw, work) {
  await raw();
  const before = await time(raw);
  const perdure = await time(work);
  return { limit: (before + (await time(raw))) / 2, perdure };
}

const parallel = (name, units, work) => ({
  name,
  units,
  goal: 3,
  async both() {
    const raw = await openRaw();
    const taken = await inPostgres(async () => {
      await work("warm");
      return between(
        () => raw.write(units, 100),
        () => work("measured"),
      );
    });
    await raw.close();
    return taken;
  },
});

const chains = (count, steps) =>
  parallel(`${count} branches of ${steps} steps`, count * steps, (id) => result(flows.chains, [id, count, steps]));

const runs = (count, steps) =>
  parallel(`${count.toLocaleString("en")} runs of ${steps} steps at once`, count * steps, (id) =>
    Promise.all(Array.from({ length: count }, (_, run) => result(flows.sequential, [`${id}-${run}`, steps, 100]))),
  );

/** A process that ends as it should, or as `signal` says. */
function run(program, args, signal = null) {
  const path = join(import.meta.dirname, "../programs", program);
  const ended = spawnSync(process.execPath, [...process.execArgv, path, ...args], { encoding: "utf8" });
  if (ended.signal !== signal || (signal === null && ended.status !== 0))
    throw new Error(`${program}: ${ended.stderr}`);
  return ended.stdout;
}

const resumed = (steps) => ({
  name: `resume with ${steps.toLocaleString("en")} steps done`,
  units: steps,
  async both() {
    const raw = await openRaw();
    await raw.write(steps, 100);
    const store = newStore();
    run("dying.mjs", [store, "1", String(steps)], "SIGKILL");
    const taken = await inPostgres(
      () =>
        between(
          () => raw.read(),
          () => result(flows.dying, ["r0", steps]),
        ),
      { store },
    );
    await raw.close();
    return taken;
  },
});

const FOREIGN = 20_000;

const idle = {
  perdure: () => JSON.parse(run("idle-beside.mjs", [newStore(), String(FOREIGN)])),
  most: 3,
  parts: [
    { name: "CPU of an idle worker", of: "cpuAlone", unit: "%", is: "alone" },
    { name: "CPU of an idle worker beside 20,000 runs of others", of: "cpu", unit: "%", is: "alone", goal: 1 },
    { name: "statements a second of an idle worker", of: "statementsAlone", unit: "", is: "alone" },
    {
      name: "statements a second of an idle worker beside 20,000 runs of others",
      of: "statements",
      unit: "",
      is: "alone",
    },
  ],
};

const SIGNALS = 20;

/** From the call of `complete` in another process to the task after the wait, over a bare NOTIFY between two connections. */
const signalled = {
  name: "a signal from another process to a waiting run",
  unit: "ms",
  is: "difference",
  limit: async () => median(await notifications(SIGNALS)),
  async perdure() {
    const store = newStore();
    return inPostgres(
      async () => {
        const waiting = result(flows.signalled, ["a", SIGNALS]);
        const program = join(import.meta.dirname, "../programs/signalling.mjs");
        const args = [...process.execArgv, program, store, "signalled-a", String(SIGNALS)];
        const other = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
        const ended = new Promise((resolve) => other.once("exit", resolve));
        const sent = [];
        for await (const line of createInterface({ input: other.stdout })) sent.push(Number(line));
        if ((await ended) !== 0) throw new Error("the other process failed");
        const received = await waiting;
        return median(received.map((at, index) => at - sent[index]));
      },
      { store },
    );
  },
};

/** The same program with DBOS, on the same server, in a process of its own as well. */
const besideDbos = (name, what, count, units) => {
  const side = async (peer) => {
    const node = { path: process.execPath, args: [], driver: undefined, environment: {} };
    const { value, text } = ask(node, { ...peer, place: await installed(peer, node) }, what, count);
    if (text !== undefined) throw new Error(`${peer.name}: ${text}`);
    return value;
  };
  return {
    name: `${name}, beside DBOS`,
    units,
    goal: 1 / 3,
    limit: () => side(PEERS.dbos),
    perdure: () => side(PEERS.perdureOnPostgres),
  };
};

export const workloads = [
  { ...sequential(400), isQuick: true },
  { ...chains(64, 20), isQuick: true },
  { ...runs(1000, 10), isQuick: true },
  resumed(10_000),
  idle,
  { ...signalled, isQuick: true },
  besideDbos("400 steps one after another", "steps", 400, 400),
  besideDbos("1,000 runs of 10 steps at once", "runs", 1000, 10_000),
];
