/**
 * Starts so many runs that sleep, waits until they have left memory, and prints what that took and what remains:
 * node --expose-gc sleeping.mjs STORE RUNS
 */
import { cpuUsage, memoryUsage } from "node:process";
import { setTimeout as wait } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { close, configure, countRuns, start } from "perdure";
import { flowsFile } from "../build.mjs";

const MEGABYTE = 1e6;
const IDLE = 10_000;

const [, , path, count] = process.argv;
const { sleeping } = await import(pathToFileURL(flowsFile).href);
configure({ store: `sqlite:${path}`, logLevel: "error", suspendAfter: "1s" });

const began = performance.now();
for (let from = 0; from < Number(count); from += 1000)
  await Promise.all(Array.from({ length: 1000 }, (_, run) => start(sleeping, [String(from + run)])));
const started = performance.now() - began;

while ((await countRuns()).some(({ status }) => status !== "waiting")) await wait(500);
gc();
const { heapUsed, external, rss } = memoryUsage();

await wait(1000); // V8 still collects garbage
const before = cpuUsage();
const idleFrom = performance.now();
await wait(IDLE);
const { user, system } = cpuUsage(before);
const idleCpu = (user + system) / 10 / (performance.now() - idleFrom);

console.log(
  JSON.stringify({
    started,
    kept: (heapUsed + external) / MEGABYTE,
    rss: rss / MEGABYTE,
    idleCpu,
  }),
);
await close();
