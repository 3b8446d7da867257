/** Other libraries that make functions durable, with the same work as Perdure. Each is installed into a cache when it is first measured. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { tsImport } from "tsx/esm/api";
import { median } from "../figures.mjs";
import { directory } from "../raw.mjs";

const { projectOf } = await tsImport("../../test/nodes.ts", import.meta.url);

const effect = {
  effect: "3.22.2",
  "@effect/cluster": "0.60.2",
  "@effect/experimental": "0.61.1",
  "@effect/platform": "0.97.2",
  "@effect/rpc": "0.76.2",
  "@effect/sql": "0.52.1",
  "@effect/sql-sqlite-node": "0.53.0",
  "@effect/workflow": "0.19.1",
};

const devkit = {
  workflow: "4.8.9",
  "@workflow/builders": "4.1.14",
  "@workflow/core": "4.8.9",
  "@workflow/world-local": "4.4.1",
};

const dbos = {
  name: "DBOS 5.3 (PostgreSQL)",
  file: "dbos.mjs",
  packages: { "@dbos-inc/dbos-sdk": "5.3.0" },
  needs: "BENCH_POSTGRES",
};

const perdureOnPostgres = {
  name: "Perdure (PostgreSQL)",
  file: "perdure.mjs",
  environment: { BENCH_PERDURE_POSTGRES: process.env.BENCH_POSTGRES },
  needs: "BENCH_POSTGRES",
};

/** Those that `--postgres` measures too. */
export const PEERS = { dbos, perdureOnPostgres };

/** `counts` where a peer takes too long for 1,000 of each. */
const peers = [
  { name: "a loop by hand on better-sqlite3", file: "by-hand.mjs" },
  { name: "Perdure", file: "perdure.mjs" },
  perdureOnPostgres,
  {
    name: "openworkflow 0.10 (SQLite)",
    file: "openworkflow.mjs",
    packages: { openworkflow: "0.10.1" },
    // its limit is below 1,000
    counts: { steps: 990 },
    notes: { resume: "waits up to 30 s for the lease of the dead process" },
  },
  { name: "Effect Workflow 0.19 (SQLite)", file: "effect.mjs", packages: effect },
  dbos,
  {
    name: "Workflow DevKit 4.8 (local world, files)",
    file: "workflow-devkit.mjs",
    packages: devkit,
    files: { "workflow-devkit.ts": "workflows/sequential.ts" },
    counts: { steps: 100, runs: 100 },
  },
];

const PATIENCE = 120_000;

const STEPS = "1,000 steps, one run: a step";
const RESUME = "resume with 1,000 steps done";
const RUNS = "1,000 runs of 10 steps at once: a step";
const COLD = "a program with one step";

/** One row for each peer. Every cell is the median of some turns; it says so where a peer refuses the work, or takes too long. */
export async function measurePeers(node, repeats) {
  const measured = [];
  for (const peer of peers.filter(({ needs }) => needs === undefined || process.env[needs] !== undefined))
    measured.push({
      ...peer,
      place: await installed(peer, node),
      taken: { [STEPS]: [], [RESUME]: [], [RUNS]: [], [COLD]: [] },
    });
  for (let turn = 0; turn < repeats; turn++)
    for (const peer of measured) {
      const { steps = 1000, runs = 1000 } = peer.counts ?? {};
      const answer = (what, count, path) => ask(node, peer, what, count, path);
      peer.taken[STEPS].push(perUnit(answer("steps", steps), steps));
      peer.taken[RUNS].push(perUnit(answer("runs", runs), runs * 10));
      peer.taken[COLD].push(answer("cold", 1));
      const path = directory();
      const recorded = answer("record", steps, path);
      peer.taken[RESUME].push(recorded.text ? recorded : answer("resume", steps, path));
    }
  return measured.map(rowOf);
}

function rowOf({ name, taken, counts: { steps, runs } = {}, notes = {} }) {
  const ofSteps = steps && `${steps} steps`;
  return {
    "": name,
    [STEPS]: cellOf(taken[STEPS], ofSteps),
    [RESUME]: cellOf(taken[RESUME], notes.resume ?? ofSteps),
    [RUNS]: cellOf(taken[RUNS], runs && `${runs} runs`),
    [COLD]: cellOf(taken[COLD]),
  };
}

export const perUnit = ({ value, text }, units) => (text ? { text } : { value: (value * 1000) / units, unit: "µs" });

/** Where the program of a peer finds its packages: a project in the cache, with the SQLite driver that this Node can load. */
export async function installed({ file, files, packages }, node) {
  if (packages === undefined) return import.meta.dirname;
  const [[name, version]] = Object.entries(packages);
  const place = await projectOf(`${name.replace("@", "").replace("/", "-")}-${version}-bench`, packages);
  for (const [from, to] of Object.entries({ [file]: file, "program.mjs": "program.mjs", ...files })) {
    mkdirSync(join(place, to, ".."), { recursive: true });
    copyFileSync(join(import.meta.dirname, from), join(place, to));
  }
  const driver = join(place, "node_modules/better-sqlite3");
  rmSync(driver, { recursive: true, force: true });
  if (node.driver !== undefined) symlinkSync(node.driver, driver);
  return place;
}

/** What a process of the peer takes, in milliseconds, or a `text` that says why it does not do the work. */
export function ask(node, { place, file, environment }, what, count, path = directory()) {
  const began = performance.now();
  const { status, signal, stdout, stderr, error } = spawnSync(
    node.path,
    ["--max-old-space-size=2048", ...node.args, join(place, file), what, path, String(count)],
    {
      cwd: place,
      encoding: "utf8",
      env: { ...process.env, ...node.environment, ...environment },
      timeout: PATIENCE,
      killSignal: "SIGKILL",
    },
  );
  const whole = performance.now() - began;
  if (error?.code === "ETIMEDOUT") return { text: `stopped after ${PATIENCE / 1000} s` };
  const isDone = what === "record" ? signal === "SIGKILL" : status === 0;
  if (!isDone) return { text: `refuses: ${headlineOf(stderr || String(signal))}` };
  const printed = /\{"taken":.*\}/.exec(stdout)?.[0];
  return { value: printed === undefined ? whole : JSON.parse(printed).taken, unit: "ms" };
}

const headlineOf = (text) => (/^\s*(?:\w*Error\b.*|.*\berror\b.*)$/imu.exec(text)?.[0] ?? text).trim().slice(0, 120);

export function cellOf(answers, note) {
  const failed = answers.find(({ text }) => text !== undefined);
  if (failed) return failed.text;
  const value = median(answers.map((answer) => answer.value));
  const shown = `${new Intl.NumberFormat("en", { maximumSignificantDigits: 3 }).format(value)} ${answers[0].unit}`;
  return note ? `${shown} (${note})` : shown;
}
