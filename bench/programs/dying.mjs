/** Records so many runs of so many steps, and dies with SIGKILL when each is in its last step: node dying.mjs STORE RUNS STEPS */
import { pathToFileURL } from "node:url";
import { configure, start } from "perdure";
import { flowsFile } from "../build.mjs";

const [, , store, runs, steps] = process.argv;
process.env.BENCH_DIES = runs;
const { dying } = await import(pathToFileURL(flowsFile).href);
configure({ store, durability: "normal", logLevel: "error" });
for (let run = 0; run < Number(runs); run++) await start(dying, [`r${run}`, Number(steps)]);
