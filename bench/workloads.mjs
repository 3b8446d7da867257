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
import { join } from "node:path";
import { recover } from "perdure";
import { flows, inStore, result } from "./in-store.mjs";
import { processWorkloads } from "./process-workloads.mjs";
import { directory, rawRead, rawWrites, time } from "./raw.mjs";

const named = (count) => count.toLocaleString("en");

const sequential = (durability, steps, goal, bytes = 100) => ({
  name: `${named(steps)} steps one after another${bytes === 100 ? "" : `, results of ${bytes / 1000} KB`}, ${durability}`,
  units: steps,
  goal,
  limit: () => rawWrites({ rows: steps, durability, bytes }),
  perdure: () => inStore(durability, () => time(() => result(flows.sequential, ["a", steps, bytes]))),
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
  const args = [...process.execArgv, program, path, String(runs), String(steps)];
  const { signal, stderr } = spawnSync(process.execPath, args);
  if (signal !== "SIGKILL") throw new Error(`the program did not die: ${stderr}`);
  return path;
}

/** Resumes them one after the other, apart from the first ones. */
async function resume(runs, steps, from = 0) {
  for (let run = from; run < runs; run++) await result(flows.dying, [`r${run}`, steps]);
}

const resumed = (steps, goal) => ({
  name: `resume with ${named(steps)} steps done`,
  units: steps,
  goal,
  limit: () => rawRead({ rows: steps }),
  perdure: () => inStore("normal", () => time(() => resume(1, steps)), interrupted(1, steps)),
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
    undefined,
    10_000,
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
  const before = interrupted(10, SHORT);
  await inStore("normal", () => resume(10, SHORT), before);
  return inStore("normal", () => time(() => resume(runs, steps)), interrupted(runs, steps));
}

const manyRuns = (durability, goal) => ({
  name: `1,000 runs of 10 steps at once, ${durability}`,
  units: 10_000,
  goal,
  limit: () => rawWrites({ rows: 10_000, perCommit: 100, durability }),
  perdure: () =>
    inStore(durability, () =>
      time(() => Promise.all(Array.from({ length: 1000 }, (_, run) => result(flows.sequential, [`r${run}`, 10, 100])))),
    ),
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
      interrupted(RECOVERED, 1),
    ),
});

export const workloads = [
  { ...sequential("full", 1000, 1.15), isQuick: true },
  { ...sequential("normal", 1000, 1.6), isQuick: true, isGate: true },
  sequential("normal", 100, 1.6),
  sequential("normal", 10_000, 1.6),
  sequential("normal", 100_000, 1.6),
  sequential("normal", 500, undefined, 10_000),
  sequential("normal", 50, undefined, 1_000_000),
  withArguments("normal", 1000, undefined),
  { ...resumed(10_000, 2), isQuick: true, isGate: true },
  resumed(100_000, 2),
  longRun(),
  longResumed(),
  { ...manyRuns("full", 2.5), isQuick: true },
  { ...manyRuns("normal", undefined), isGate: true },
  { ...branches("full", 3), isQuick: true },
  fanOut("full", undefined),
  { ...fanOut("normal", undefined), isGate: true },
  { ...outside(), isQuick: true },
  recovered(),
  ...processWorkloads,
];
