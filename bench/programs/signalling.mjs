/** Sends so many signals to a run, one after the other, and prints when each was sent: node signalling.mjs STORE RUN COUNT */
import { setTimeout as wait } from "node:timers/promises";
import { close, complete, configure, getRun } from "perdure";

const [, , store, id, count] = process.argv;
configure({ store, logLevel: "error" });
while ((await getRun(id)) === undefined) await wait(100);
for (let index = 0; index < Number(count); index++) {
  await wait(200 + Math.random() * 200); // not in step with the polls of the other process
  // the monotonic clock of the system is the same for all processes
  console.log(Number(process.hrtime.bigint()) / 1e6);
  if (!(await complete(id, "go"))) throw new Error("the run has ended");
}
await close();
