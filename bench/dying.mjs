/** Dies with SIGKILL in the last step of a run, or with so many runs unfinished: node dying.mjs STORE STEPS | STORE runs COUNT */
import { pathToFileURL } from "node:url";
import { configure, start } from "perdure";
import { flowsFile } from "./build.mjs";

const [, , path, what, count] = process.argv;
const flows = await import(pathToFileURL(flowsFile).href);
configure({ store: `sqlite:${path}`, durability: "normal", logLevel: "error" });
process.env.BENCH_DIES = "1";
if (what === "runs") {
  const runs = Array.from({ length: Number(count) }, (_, run) => start(flows.unfinished, [`u${run}`]));
  await Promise.all(runs);
  await new Promise((resolve) => setTimeout(resolve, 500));
  process.kill(process.pid, "SIGKILL");
}
await (await start(flows.dying, ["a", Number(what)])).result();
