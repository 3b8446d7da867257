/** Reads a stream of a run, and prints for each chunk how many µs it took: node stream-reader.mjs STORE RUN */
import { close, configure, getRun } from "perdure";

const [, , store, id] = process.argv;
configure({ store, logLevel: "silent" });
const run = await getRun(id);
for await (const { at } of run.readable()) console.log((performance.timeOrigin + performance.now() - at) * 1_000);
await close();
