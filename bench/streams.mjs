/**
 * Measures streams: what a chunk costs, beside the same rows inserted by hand in as many commits, and how long a chunk takes to a reader in the same and in another process, beside
 * an EventEmitter: node bench/streams.mjs [--postgres] [--repeat 5]
 */
import { spawn } from "node:child_process";
import { EventEmitter } from "node:events";
import { loadavg } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import Database from "better-sqlite3";
import pg from "pg";
import { close, configure, start } from "perdure";
import { buildFlows, flowsFile } from "./build.mjs";
import { newStore } from "./postgres/raw.mjs";
import { withServer } from "./postgres/server.mjs";
import { directory, time } from "./raw.mjs";

const { values: options } = parseArgs({
  options: { postgres: { type: "boolean", default: false }, repeat: { type: "string", default: "5" } },
});
const REPEAT = Number(options.repeat);
const CHUNKS = 50_000;
const BYTES = 100;
const SINGLE = 200;

await buildFlows();
const { doBetween, speaking } = await import(pathToFileURL(flowsFile).href);
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** µs a chunk, and how many commits they took. */
async function written(durability) {
  let commits = 0;
  const onCommit = () => void commits++;
  configure({ store: store(), durability, logLevel: "silent", instrumentation: { onCommit } });
  doBetween(() => undefined);
  await (await start(speaking, ["warm-up", 5_000, BYTES])).result();
  commits = 0;
  const taken = await time(async () => (await start(speaking, ["all", CHUNKS, BYTES])).result());
  await close();
  return { micros: (taken * 1_000) / CHUNKS, commits };
}

/** µs a chunk with the driver alone: `insert(from, to)` makes one commit of these chunks. */
async function inserted(insert, commits) {
  await insert(CHUNKS, CHUNKS + 5_000);
  const size = Math.ceil(CHUNKS / commits);
  const taken = await time(async () => {
    for (let from = 0; from < CHUNKS; from += size) await insert(from, Math.min(CHUNKS, from + size));
  });
  return (taken * 1_000) / CHUNKS;
}

const chunk = () => JSON.stringify({ at: performance.now(), text: "x".repeat(BYTES - 24) });

async function rawSqlite(durability, commits) {
  const db = new Database(join(directory(), "raw.db"));
  db.pragma("journal_mode = WAL");
  db.pragma(`synchronous = ${durability === "full" ? "FULL" : "NORMAL"}`);
  db.exec(
    "CREATE TABLE entries (stream INTEGER, place INTEGER, value TEXT, PRIMARY KEY (stream, place)) STRICT, WITHOUT ROWID",
  );
  const insert = db.prepare("INSERT INTO entries VALUES (1, ?, ?)");
  const commit = db.transaction((from, to) => {
    for (let place = from; place < to; place++) insert.run(place, chunk());
  });
  const micros = await inserted(commit, commits);
  db.close();
  return micros;
}

async function rawPostgres(_durability, commits) {
  const client = new pg.Client({ connectionString: process.env.BENCH_POSTGRES });
  await client.connect();
  await client.query("CREATE TABLE IF NOT EXISTS raw (stream int, place int, value text, PRIMARY KEY (stream, place))");
  await client.query("TRUNCATE raw");
  const insert = { name: "insert", text: "INSERT INTO raw SELECT 1, * FROM unnest($1::int[], $2::text[])" };
  const micros = await inserted((from, to) => {
    const places = Array.from({ length: to - from }, (_, index) => from + index);
    return client.query(insert, [places, places.map(chunk)]);
  }, commits);
  await client.end();
  return micros;
}

const store = () => (options.postgres ? newStore() : `sqlite:${join(directory(), "streams.db")}`);
const raw = options.postgres ? rawPostgres : rawSqlite;

/** µs from the write of a chunk, after a quiet time, to its reader. */
async function latency(isElsewhere) {
  const url = store();
  configure({ store: url, logLevel: "silent" });
  doBetween(() => wait(40));
  const run = await start(speaking, ["single", SINGLE, BYTES]);
  const delays = [];
  if (isElsewhere) {
    const program = join(import.meta.dirname, "programs/stream-reader.mjs");
    const child = spawn(process.execPath, [program, url, run.id], { stdio: ["ignore", "pipe", "inherit"] });
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

async function report() {
  console.log(`load ${loadavg()[0].toFixed(1)}, median of ${REPEAT}`);
  for (const durability of options.postgres ? ["full"] : ["full", "normal"]) {
    const turns = [];
    for (let turn = 0; turn < REPEAT; turn++) {
      const { micros, commits } = await written(durability);
      turns.push({ micros, commits, raw: await raw(durability, commits) });
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
}

await (options.postgres ? withServer(report) : report());
