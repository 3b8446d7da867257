/**
 * What is measured. Each workload has `units` of work, the `limit` (what the disk or the language costs) and what Perdure takes for the same.
 * Both answer with milliseconds, and are measured in one process, one after the other. `goal` is the ratio to stay below.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { close, configure, recover, start } from "perdure";
import { flowsFile } from "./build.mjs";
import { compilerWorkloads } from "./compiler-workloads.mjs";
import { directory, rawRead, rawWrites, time } from "./raw.mjs";

const flows = await import(pathToFileURL(flowsFile).href);

const inStore = async (durability, work, path = join(directory(), "perdure.db")) => {
  configure({ store: `sqlite:${path}`, durability, logLevel: "error" });
  try {
    await warmUp();
    return await work(path);
  } finally {
    await close();
  }
};

const result = async (workflow, args) => (await start(workflow, args)).result();

/** Opens the store, and has the code compiled. */
const warmUp = () => result(flows.sequential, ["warm", 200, 100]);

const sequential = (durability, steps, goal, bytes = 100) => ({
  name: `${steps.toLocaleString("en")} steps one after another${bytes === 100 ? "" : `, results of ${bytes / 1000} KB`}, ${durability}`,
  units: steps,
  goal,
  limit: () => rawWrites({ rows: steps, durability, bytes }),
  perdure: () => inStore(durability, () => time(() => result(flows.sequential, ["a", steps, bytes]))),
});

const withArguments = (durability, steps, goal) => ({
  name: `${steps.toLocaleString("en")} steps with arguments of 1 KB, ${durability}`,
  units: steps,
  goal,
  limit: () => rawWrites({ rows: steps, durability }),
  perdure: () => inStore(durability, () => time(() => result(flows.sequentialArguments, ["a", steps]))),
});

const resumed = (steps, goal) => ({
  name: `resume with ${steps.toLocaleString("en")} steps done`,
  units: steps,
  goal,
  limit: () => rawRead({ rows: steps }),
  async perdure() {
    const path = join(directory(), "perdure.db");
    // the process that recorded the steps dies before the last one
    const child = spawnSync(process.execPath, [join(import.meta.dirname, "dying.mjs"), path, String(steps)]);
    if (child.signal !== "SIGKILL") throw new Error(`the program did not die: ${child.stderr}`);
    return inStore("normal", () => time(() => result(flows.dying, ["a", steps])), path);
  },
});

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

/** A program in a process of its own, from its start to its end. */
const program = (file, ...args) =>
  time(() => {
    const { status, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, file), ...args]);
    if (status !== 0) throw new Error(String(stderr));
  });

const coldStart = (goal) => ({
  name: "a program with one step, from start to end",
  units: 1,
  goal,
  limit: () => program("cold-raw.mjs", join(directory(), "raw.db")),
  perdure: () => program("cold.mjs", join(directory(), "perdure.db")),
});

const CALLS = 300_000;

const outside = () => ({
  name: "a task outside of a workflow",
  units: CALLS,
  // 60 ns more than the plain call, which takes about 70
  goal: 1.9,
  limit: () => calls(flows.plain),
  perdure: () => calls(flows.taskOutside),
});

const calls = async (call) => {
  for (let index = 0; index < 20_000; index++) await call(index);
  return time(async () => {
    for (let index = 0; index < CALLS; index++) await call(index);
  });
};

const RECOVERED = 1000;

const recovered = () => ({
  name: "1,000 unfinished runs recovered",
  units: RECOVERED,
  goal: undefined,
  limit: () => rawWrites({ rows: RECOVERED, perCommit: 1, durability: "normal" }),
  async perdure() {
    const path = join(directory(), "perdure.db");
    const child = spawnSync(process.execPath, [
      join(import.meta.dirname, "dying.mjs"),
      path,
      "runs",
      String(RECOVERED),
    ]);
    if (child.signal !== "SIGKILL") throw new Error(`the program did not die: ${child.stderr}`);
    return inStore(
      "normal",
      () =>
        time(async () => {
          const runs = await recover({ workflows: [flows.unfinished] });
          if (runs.length !== RECOVERED) throw new Error(`${runs.length} runs were recovered`);
          await Promise.all(runs.map((run) => run.result()));
        }),
      path,
    );
  },
});

/** Those that `npm run bench -- --quick` measures have `isQuick`. */
export const workloads = [
  { ...sequential("full", 1000, 1.15), isQuick: true },
  { ...sequential("normal", 1000, 1.6), isQuick: true },
  sequential("normal", 100, 1.6),
  sequential("normal", 10_000, 1.6),
  sequential("normal", 100_000, 1.6),
  sequential("normal", 500, undefined, 10_000),
  sequential("normal", 50, undefined, 1_000_000),
  withArguments("normal", 1000, undefined),
  { ...resumed(10_000, 2), isQuick: true },
  resumed(100_000, 2),
  { ...manyRuns("full", 2.5), isQuick: true },
  manyRuns("normal", undefined),
  { ...branches("full", 3), isQuick: true },
  fanOut("full", undefined),
  fanOut("normal", undefined),
  { ...coldStart(1.35), isQuick: true },
  { ...outside(), isQuick: true },
  recovered(),
  ...compilerWorkloads,
];
