/**
 * A worker beside a store in which everything waits. Prints what its memory is, and what a look at the store takes:
 * node --expose-gc idle-worker.mjs STORE
 */
import { cpuUsage, memoryUsage } from "node:process";
import { setTimeout as wait } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { close, configure, worker } from "perdure";
import { flowsFile } from "../build.mjs";

const MEGABYTE = 1e6;
const IDLE = 5_000;
const TICKS = 500;

await import(pathToFileURL(flowsFile).href);
configure({ store: `sqlite:${process.argv[2]}`, durability: "normal", logLevel: "error" });
const idle = worker();
for (let tick = 0; tick < TICKS; tick++) await idle.tick(); // its code is compiled

const began = performance.now();
for (let tick = 0; tick < TICKS; tick++) await idle.tick();
const tick = (performance.now() - began) / TICKS;

gc();
const { heapUsed, external, rss } = memoryUsage();
const before = cpuUsage();
const idleFrom = performance.now();
await wait(IDLE);
const { user, system } = cpuUsage(before);
const cpu = (user + system) / 10 / (performance.now() - idleFrom);

if (idle.state().running.length > 0) throw new Error("something did not wait");
console.log(JSON.stringify({ tick, kept: (heapUsed + external) / MEGABYTE, rss: rss / MEGABYTE, cpu }));
await close();
