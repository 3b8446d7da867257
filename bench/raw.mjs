/** The limit: what the same rows cost with better-sqlite3 alone, with the same settings and the same number of commits. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";

const directories = [];
process.on("exit", () => directories.forEach((path) => rmSync(path, { recursive: true, force: true })));

/** A new directory, removed when the process ends. `BENCH_DIRECTORY` names another disk than that of temporary files. */
export function directory() {
  const path = mkdtempSync(join(process.env.BENCH_DIRECTORY ?? tmpdir(), "perdure-bench-"));
  directories.push(path);
  return path;
}

let profiler;

/** Has work profiled in place of its time taken. */
export function profileWith(profile) {
  profiler = profile;
}

/** Milliseconds that the work takes. */
export async function time(work) {
  if (profiler) return profiler(work);
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** The value of a row, as text. */
export const row = (index, bytes = 100) => JSON.stringify({ index, text: "x".repeat(Math.max(0, bytes - 24)) });

export function openRaw(durability, path = directory()) {
  const db = new Database(join(path, "raw.db"));
  db.pragma("journal_mode = WAL");
  db.pragma(`synchronous = ${durability === "full" ? "FULL" : "NORMAL"}`);
  db.exec("CREATE TABLE steps (run INTEGER, id TEXT, output TEXT, PRIMARY KEY (run, id)) STRICT, WITHOUT ROWID");
  return db;
}

/** Writes so many rows, so many in each transaction, one transaction after the other. Before, it writes some whose time is not taken. */
export async function rawWrites({ rows, perCommit = 1, durability, bytes = 100, warmUp = 3000 }) {
  const db = openRaw(durability);
  const insert = db.prepare("INSERT INTO steps VALUES (?, ?, ?)");
  const commit = db.transaction((run, from, to) => {
    for (let index = from; index < to; index++) insert.run(run, `for[${index}]/step[0]`, row(index, bytes));
  });
  for (let index = 0; index < warmUp; index++) commit(0, index, index + 1);
  const taken = await time(async () => {
    for (let from = 0; from < rows; from += perCommit) {
      commit(1, from, Math.min(rows, from + perCommit));
      await undefined;
    }
  });
  db.close();
  return taken;
}

/** Reads the rows of one run with one query, and parses their values. */
export async function rawRead({ rows, bytes = 100 }) {
  const db = openRaw("normal");
  const insert = db.prepare("INSERT INTO steps VALUES (1, ?, ?)");
  db.transaction(() => {
    for (let index = 0; index < rows; index++) insert.run(`for[${index}]/step[0]`, row(index, bytes));
  })();
  const select = db.prepare("SELECT id, output FROM steps WHERE run = 1");
  const taken = await time(() => {
    const found = new Map();
    for (const { id, output } of select.all()) found.set(id, JSON.parse(output));
    if (found.size !== rows) throw new Error("rows are missing");
  });
  db.close();
  return taken;
}
