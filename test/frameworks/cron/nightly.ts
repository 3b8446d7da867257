import { close, recover, start } from "perdure";
import { order } from "./order.ts";

// what earlier calls of this script left unfinished
const unfinished = await recover();
const run = await start(order, [process.argv[2] ?? new Date().toISOString().slice(0, 10)]);
const ended = await Promise.allSettled([...unfinished, run].map((each) => each.result()));
await close();
if (ended.some(({ status }) => status === "rejected")) process.exitCode = 1;
