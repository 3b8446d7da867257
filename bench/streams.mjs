/**
 * Measures streams on SQLite: what a chunk costs, beside the same rows inserted by hand in as many commits, and how long a chunk takes to a reader in the same and in another
 * process, beside an EventEmitter: node bench/streams.mjs [REPEAT]
 */
import { spawn } from "node:child_process";
import { EventEmitter } from "node:events";
import { loadavg } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import Database from "better-sqlite3";
import { close, configure, start } from "perdure";
import { buildFlows, flowsFile } from "./build.mjs";
import { directory, time } from "./raw.mjs";

const REPEAT = Number(process.argv[2] ?? 5);
const CHUNKS = 50_000;
const BYTES = 100;
const SINGLE = 200;

await buildFlows();
const { doBetween, speaking } = await import(pathToFileURL(flowsFile).href);
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** µs a chunk, and how many commits they took. */
async function written(durability) {
  const path = join(directory(), "streams.db");
  let commits = 0;
  const onCommit = () => void commits++;
  configure({ store: `sqlite:${path}`, durability, logLevel: "silent", instrumentation: { onCommit } });
  doBetween(() => undefined);
  await (await start(speaking, ["warm-up", 5_000, BYTES])).result();
  commits = 0;
  const taken = await time(async () => (await start(speaking, ["all", CHUNKS, BYTES])).result());
  await close();
  return { micros: (taken * 1_000) / CHUNKS, commits };
}

/** The same with better-sqlite3 alone. */
async function inserted(durability, commits) {
  const db = new Database(join(directory(), "raw.db"));
  db.pragma("journal_mode = WAL");
  db.pragma(`synchronous = ${durability === "full" ? "FULL" : "NORMAL"}`);
  db.exec(
    "CREATE TABLE entries (stream INTEGER, place INTEGER, value TEXT, PRIMARY KEY (stream, place)) STRICT, WITHOUT ROWID",
  );
  const insert = db.prepare("INSERT INTO entries VALUES (?, ?, ?)");
  const text = "x".repeat(BYTES - 24);
  const commit = db.transaction((stream, from, to) => {
    for (let place = from; place < to; place++)
      insert.run(stream, place, JSON.stringify({ at: performance.now(), text }));
  });
  commit(0, 0, 5_000);
  const size = Math.ceil(CHUNKS / commits);
  const taken = await time(async () => {
    for (let from = 0; from < CHUNKS; from += size) commit(1, from, Math.min(CHUNKS, from + size));
  });
  db.close();
  return (taken * 1_000) / CHUNKS;
}

/** µs from the write of a chunk, after a quiet time, to its reader. */
async function latency(isElsewhere) {
  const path = join(directory(), "streams.db");
  configure({ store: `sqlite:${path}`, logLevel: "silent" });
  doBetween(() => wait(40));
  const run = await start(speaking, ["single", SINGLE, BYTES]);
  const delays = [];
  if (isElsewhere) {
    const program = join(import.meta.dirname, "programs/stream-reader.mjs");
    const child = spawn(process.execPath, [program, path, run.id], { stdio: ["ignore", "pipe", "inherit"] });
    for await (const line of createInterface({ input: child.stdout })) delays.push(Number(line));
  } else {
    for await (const { at } of run.readable()) delays.push((performance.timeOrigin + performance.now() - at) * 1_000);
  }
  await run.result();
  await close();
  return median(delays.slice(SINGLE / 10));
}

/** µs from `emit` to a listener that awaits it. */
async function emitted() {
  const emitter = new EventEmitter();
  const delays = [];
  for (let index = 0; index < 2_000; index++) {
    const heard = new Promise((resolve) => emitter.once("chunk", resolve));
    const at = performance.now();
    emitter.emit("chunk", at);
    await heard;
    delays.push((performance.now() - at) * 1_000);
  }
  return median(delays);
}

console.log(`load ${loadavg()[0].toFixed(1)}, median of ${REPEAT}`);
for (const durability of ["full", "normal"]) {
  const turns = [];
  for (let turn = 0; turn < REPEAT; turn++) {
    const { micros, commits } = await written(durability);
    turns.push({ micros, commits, raw: await inserted(durability, commits) });
  }
  const of = (read) => median(turns.map(read));
  console.log(
    `a chunk of ${BYTES} bytes, durability ${durability}: ${of(({ micros }) => micros).toFixed(2)} µs in ${of(({ commits }) => commits)} commits; raw ${of(({ raw }) => raw).toFixed(2)} µs; ratio ${of(({ micros, raw }) => micros / raw).toFixed(2)}`,
  );
}
const plain = await emitted();
for (const isElsewhere of [false, true]) {
  const micros = await latency(isElsewhere);
  console.log(
    `to a reader in ${isElsewhere ? "another" : "the same"} process: ${micros.toFixed(0)} µs; EventEmitter ${plain.toFixed(2)} µs; ratio ${(micros / plain).toFixed(0)}`,
  );
}
