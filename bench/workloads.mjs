/**
 * What is measured. Each workload has a `limit` (what the disk or the language costs) and `perdure` (what Perdure takes for the same work), which
 * are measured in one process, one after the other. They answer with milliseconds, or with what `unit` says.
 *
 *   units    what is counted, such as steps; 1 if it is not given. Both sides are shown for one of them
 *   unit     "µs" (of time), "ms", "ns", "MB" or "%"
 *   is       what the figure is: the "ratio" of both sides, their "difference", or Perdure's side "alone"
 *   goal     the figure to stay below
 *   parts    more than one figure of the same work, in place of the above: both sides answer with an object, `of` is the key
 *   most     how often it is measured at most, where it takes long
 *   isQuick  whether `npm run bench -- --quick` measures it
 *   isGate   whether CI measures it: no flush to the disk is in these, since a ratio to that would say more of the disk than of Perdure
 */
import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { recover } from "perdure";
import { compilerWorkloads } from "./compiler-workloads.mjs";
import { flows, inStore, result } from "./in-store.mjs";
import { processWorkloads } from "./process-workloads.mjs";
import { queueWorkloads } from "./queue-workloads.mjs";
import { directory, openRaw, rawRead, rawWrites, row, time } from "./raw.mjs";

const named = (count) => count.toLocaleString("en");

const sequential = (durability, steps, goal, bytes = 100) => ({
  name: `${named(steps)} steps one after another${bytes === 100 ? "" : `, results of ${bytes < 1e6 ? `${bytes / 1000} KB` : `${bytes / 1e6} MB`}`}, ${durability}`,
  units: steps,
  goal,
  limit: () => rawWrites({ rows: steps, durability, bytes }),
  perdure: () => inStore(durability, () => time(() => result(flows.sequential, ["a", steps, bytes]))),
});

const inNewProcess = (durability, steps) => ({
  name: `the first ${named(steps)} steps of a process, ${durability}`,
  units: steps,
  limit: () => rawWrites({ rows: steps, durability, warmUp: 1 }),
  perdure: () => inStore(durability, () => time(() => result(flows.sequential, ["a", steps, 100])), { warmUp: 1 }),
});

const withArguments = (durability, steps, goal) => ({
  name: `${named(steps)} steps with arguments of 1 KB, ${durability}`,
  units: steps,
  goal,
  limit: () => rawWrites({ rows: steps, durability }),
  perdure: () => inStore(durability, () => time(() => result(flows.sequentialArguments, ["a", steps]))),
});

/** A store with runs whose last step is missing. The process that recorded the others is dead. */
function interrupted(runs, steps) {
  const path = join(directory(), "perdure.db");
  const program = join(import.meta.dirname, "programs/dying.mjs");
  const args = [...process.execArgv, program, `sqlite:${path}`, String(runs), String(steps)];
  const { signal, stderr } = spawnSync(process.execPath, args);
  if (signal !== "SIGKILL") throw new Error(`the program did not die: ${stderr}`);
  return path;
}

/** Resumes them, one after the other. */
async function resume(runs, steps) {
  for (let run = 0; run < runs; run++) await result(flows.dying, [`r${run}`, steps]);
}

const resumed = (steps, goal) => ({
  name: `resume with ${named(steps)} steps done`,
  units: steps,
  goal,
  limit: () => rawRead({ rows: steps }),
  perdure: () => inStore("normal", () => time(() => resume(1, steps)), { path: interrupted(1, steps) }),
});

const LONG = 100_000;
const SHORT = 1000;

/**
 * The cost of a step in a long run, over that in a short one. Both sides take as many steps, after the same ones, so that code is as much compiled
 * and garbage as much collected in both.
 */
const longRun = () => ({
  name: `a step of a run of ${named(LONG)}, over one of a run of ${named(SHORT)}, normal`,
  units: LONG,
  goal: 1.2,
  most: 3,
  limit: () => fresh(LONG / SHORT, SHORT),
  perdure: () => fresh(1, LONG),
});

const fresh = (runs, steps) =>
  inStore(
    "normal",
    () =>
      time(async () => {
        for (let run = 0; run < runs; run++) await result(flows.sequential, [`r${run}`, steps, 100]);
      }),
    { warmUp: 10_000 },
  );

const longResumed = () => ({
  name: `a step done of a resumed run of ${named(LONG)}, over one of a run of ${named(SHORT)}`,
  units: LONG,
  goal: 1.2,
  most: 3,
  limit: () => replayed(LONG / SHORT, SHORT),
  perdure: () => replayed(1, LONG),
});

/** Resumes some runs of 1,000 steps before, so that the code of a replay is compiled in both sides. */
async function replayed(runs, steps) {
  await inStore("normal", () => resume(10, SHORT), { path: interrupted(10, SHORT) });
  return inStore("normal", () => time(() => resume(runs, steps)), { path: interrupted(runs, steps) });
}

/** So many runs at once. */
const many = (runs, steps) =>
  Promise.all(Array.from({ length: runs }, (_, run) => result(flows.sequential, [`r${run}`, steps, 100])));

const manyRuns = (durability, goal) => ({
  name: `1,000 runs of 10 steps at once, ${durability}`,
  units: 10_000,
  goal,
  limit: () => rawWrites({ rows: 10_000, perCommit: 100, durability }),
  perdure: () => inStore(durability, () => time(() => many(1000, 10))),
});

const branches = (durability, goal) => ({
  name: `1,000 branches of three steps, ${durability}`,
  units: 3000,
  goal,
  limit: () => rawWrites({ rows: 3000, perCommit: 100, durability }),
  perdure: () => inStore(durability, () => time(() => result(flows.branches, ["a", 1000]))),
});

const fanOut = (durability, goal) => ({
  name: `15,000 tasks at once, ${durability}`,
  units: 15_000,
  goal,
  limit: () => rawWrites({ rows: 15_000, perCommit: 100, durability }),
  perdure: () => inStore(durability, () => time(() => result(flows.fanOut, ["a", 15_000]))),
});

const CALLS = 1_000_000;

const outside = () => ({
  name: "a task outside of a workflow, over the plain call",
  unit: "ns",
  units: CALLS,
  is: "difference",
  goal: 60,
  limit: () => calls(flows.plain),
  perdure: () => calls(flows.taskOutside),
});

/** Calls both before, so that the loop is compiled for both whichever comes first. */
async function calls(call) {
  for (const each of [flows.plain, flows.taskOutside]) for (let index = 0; index < 20_000; index++) await each(index);
  return time(async () => {
    for (let index = 0; index < CALLS; index++) await call(index);
  });
}

const RECOVERED = 1000;

const recovered = () => ({
  name: `${named(RECOVERED)} unfinished runs recovered`,
  units: RECOVERED,
  limit: () => rawWrites({ rows: RECOVERED, durability: "normal" }),
  perdure: () =>
    inStore(
      "normal",
      () =>
        time(async () => {
          const runs = await recover({ workflows: [flows.dying] });
          if (runs.length !== RECOVERED) throw new Error(`${runs.length} runs were recovered`);
          await Promise.all(runs.map((run) => run.result()));
        }),
      { path: interrupted(RECOVERED, 1) },
    ),
});

/** The bytes of all files of a store that is closed. */
const bytesOf = (path) => readdirSync(path).reduce((sum, file) => sum + statSync(join(path, file)).size, 0);

const STORED = 10_000;

/** Both stores are otherwise empty: less than a hundredth of the size is not of the rows. */
const onDisk = {
  async limit() {
    const path = directory();
    const db = openRaw("normal", path);
    const insert = db.prepare("INSERT INTO steps VALUES (1, ?, ?)");
    for (let index = 0; index < STORED; index++) insert.run(`for[${index}]/step[0]`, row(index));
    db.close();
    return { steps: bytesOf(path) };
  },
  async perdure() {
    const steps = directory();
    const path = join(steps, "perdure.db");
    await inStore("normal", () => result(flows.sequential, ["a", STORED, 100]), { path, warmUp: 1 });
    const runs = directory();
    await inStore("normal", () => many(STORED, 0), { path: join(runs, "perdure.db"), warmUp: 1 });
    return { steps: bytesOf(steps), runs: bytesOf(runs) };
  },
  most: 1,
  parts: [
    { name: "bytes on the disk of a step that returns 100 bytes", of: "steps", unit: "bytes", units: STORED },
    { name: "bytes on the disk of a run without steps", of: "runs", unit: "bytes", units: STORED, is: "alone" },
  ],
};

export const workloads = [
  { ...sequential("full", 1000, 1.15), isQuick: true },
  { ...sequential("normal", 1000, 1.6), isQuick: true, isGate: true },
  inNewProcess("normal", 1000),
  sequential("normal", 100, 1.6),
  sequential("normal", 10_000, 1.6),
  { ...sequential("normal", 100_000, 1.6), most: 3 },
  sequential("normal", 500, undefined, 10_000),
  sequential("normal", 50, undefined, 1_000_000),
  withArguments("normal", 1000, undefined),
  { ...resumed(10_000, 2), isQuick: true, isGate: true },
  { ...resumed(100_000, 2), most: 3 },
  longRun(),
  longResumed(),
  { ...manyRuns("full", 2.5), isQuick: true },
  { ...manyRuns("normal", undefined), isGate: true },
  { ...branches("full", 3), isQuick: true },
  fanOut("full", undefined),
  { ...fanOut("normal", undefined), isGate: true },
  { ...outside(), isQuick: true },
  recovered(),
  onDisk,
  ...processWorkloads,
  ...queueWorkloads,
  ...compilerWorkloads,
];
