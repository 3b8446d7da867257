/** What is measured of a whole process: its start, its memory, its event loop. See workloads.mjs. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { stage } from "../.ci/stage.mjs";
import { flows, inStore, result } from "./in-store.mjs";
import { directory, openRaw, rawWrites, row, time } from "./raw.mjs";

/** What a program in a process of its own prints. */
function run(args, options = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...process.execArgv, ...args], {
    encoding: "utf8",
    ...options,
  });
  if (status !== 0) throw new Error(`${args.join(" ")}: ${stderr}`);
  return stdout;
}

const program = (name) => join(import.meta.dirname, "programs", name);

const coldStart = {
  name: "a program with one step, from start to end",
  unit: "ms",
  goal: 1.35,
  isQuick: true,
  isGate: true,
  limit: () => time(() => run([program("cold-raw.mjs"), join(directory(), "raw.db")])),
  perdure: () => time(() => run([program("cold.mjs"), join(directory(), "perdure.db")])),
};

/** Copies a package as it is published: the plugin leaves what is in node_modules alone, but not what a link there leads to. */
function install(from, project) {
  const { name, dependencies } = JSON.parse(readFileSync(join(from, "package.json"), "utf8"));
  stage(from, join(project, "node_modules", name));
  for (const dependency of Object.keys(dependencies)) {
    const path = join(project, "node_modules", dependency);
    mkdirSync(dirname(path), { recursive: true });
    if (!existsSync(path)) symlinkSync(join(import.meta.dirname, "../node_modules", dependency), path);
  }
}

/** A project of 20 modules, of which one has a workflow. */
function project() {
  const path = directory();
  for (const folder of ["runtime", "compiler"]) install(join(import.meta.dirname, "../packages", folder), path);
  mkdirSync(join(path, "src"));
  writeFileSync(join(path, "package.json"), JSON.stringify({ type: "module" }));
  const plain = (name) => `export function ${name}(value) {\n  return value + 1;\n}\n`;
  const names = Array.from({ length: 19 }, (_, index) => `module${index}`);
  for (const name of names)
    writeFileSync(join(path, `src/${name}.js`), Array.from({ length: 50 }, (_, at) => plain(`${name}_${at}`)).join(""));
  writeFileSync(
    join(path, "src/order.js"),
    `async function charge() { "use task"; }\nexport async function order(id) { "use workflow: id={id}"; await charge(); }\n`,
  );
  writeFileSync(join(path, "main.js"), [...names, "order"].map((name) => `import "./src/${name}.js";\n`).join(""));
  return path;
}

const registered = {
  name: "a program of 20 files with unplugin-perdure/register, from start to end",
  unit: "ms",
  limit: () => ofProject(["main.js"]),
  perdure: () => ofProject(["--import", "unplugin-perdure/register", "main.js"]),
};

function ofProject(args) {
  const cwd = project();
  return time(() => run(args, { cwd }));
}

const SLEEPING = 100_000;

const sleepers = (runs) =>
  JSON.parse(run(["--expose-gc", program("sleeping.mjs"), join(directory(), "perdure.db"), String(runs)]));

const sleeping = {
  most: 1,
  async limit() {
    const started = await rawWrites({ rows: SLEEPING, perCommit: 100, durability: "full" });
    return { ...sleepers(1000), started };
  },
  perdure: () => sleepers(SLEEPING),
  parts: [
    { name: "start of 100,000 runs that sleep, full", of: "started", units: SLEEPING },
    { name: "heap for 100,000 sleeping runs, over 1,000", of: "kept", unit: "MB", is: "difference", goal: 10 },
    { name: "resident memory with 100,000 sleeping runs, over 1,000", of: "rss", unit: "MB", is: "difference" },
    { name: "CPU of a process with 100,000 sleeping runs", of: "idleCpu", unit: "%", is: "alone", goal: 1 },
  ],
};

const RUNS = 1000;
const STEPS = 10;

/** The 99th percentile of the delay of the event loop during some work, in milliseconds. */
async function delayDuring(work) {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  await work();
  histogram.disable();
  return histogram.percentile(99) / 1e6;
}

const loopDelay = {
  name: "event loop delay (p99) while 1,000 runs of 10 steps checkpoint, full",
  unit: "ms",
  goal: 0.25,
  async limit() {
    const db = openRaw("full");
    const insert = db.prepare("INSERT INTO steps VALUES (?, ?, ?)");
    const loop = async (run) => {
      for (let step = 0; step < STEPS; step++) {
        await flows.remote(run + step);
        insert.run(run, `for[${step}]/step[0]`, row(step));
      }
    };
    const delay = await delayDuring(() => Promise.all(Array.from({ length: RUNS }, (_, run) => loop(run))));
    db.close();
    return delay;
  },
  perdure: () =>
    inStore("full", () =>
      delayDuring(() =>
        Promise.all(Array.from({ length: RUNS }, (_, run) => result(flows.remotes, [`r${run}`, run, STEPS]))),
      ),
    ),
};

export const processWorkloads = [coldStart, registered, loopDelay, sleeping];
