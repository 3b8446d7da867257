/**
 * Measures the cost of the SQLite store, relative to the same work written by hand on better-sqlite3.
 *
 *   node bench/store.mjs [commit|steps]
 *
 * "lean" records the minimum of a checkpoint: run, id and value, without owner or order. "equal" records everything that the contract
 * requires, without any checks. The three take turns on the same disk. The ratio is the median over the turns.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import Database from "better-sqlite3";
import { build } from "esbuild";

const root = join(import.meta.dirname, "..");
const directory = mkdtempSync(join(tmpdir(), "perdure-bench-"));
const sqliteStore = await loadStore();
const wanted = process.argv[2];

try {
  if (wanted !== "steps") benchCommit();
  if (wanted !== "commit") benchSteps();
} finally {
  rmSync(directory, { recursive: true, force: true });
}

function benchCommit() {
  console.log("\ncommit(): µs a step (median turn), and ratio");
  for (const durability of ["full", "normal"]) {
    for (const [batch, commits, turns] of [
      [1, 60, 31],
      [10, 30, 21],
      [100, 10, 21],
      [1000, 2, 21],
    ]) {
      const contenders = { lean: lean(durability), equal: equal(durability), store: store(durability) };
      const times = takeTurns(contenders, turns, (contender) => {
        for (let n = 0; n < commits; n++) contender.commit(batch);
        return batch * commits;
      });
      report(`${durability.padEnd(6)} ${String(batch).padStart(4)} a batch`, times);
      for (const contender of Object.values(contenders)) contender.close();
    }
  }
}

function benchSteps() {
  console.log("\nsteps(): µs a step (median turn), and ratio");
  for (const count of [10, 1000, 10_000]) {
    const contenders = { lean: lean("normal"), equal: equal("normal"), store: store("normal") };
    for (const contender of Object.values(contenders)) contender.commit(count);
    const times = takeTurns(contenders, 31, (contender) => {
      const repeats = Math.ceil(2_000 / count);
      for (let n = 0; n < repeats; n++) if (contender.read() !== count) throw new Error("steps are missing");
      return repeats * count;
    });
    report(`${String(count).padStart(6)} steps`, times);
    for (const contender of Object.values(contenders)) contender.close();
  }
}

/** The time per unit of work in µs, for each turn. The first turn is a warm-up. */
function takeTurns(contenders, turns, work) {
  const times = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (let turn = 0; turn <= turns; turn++) {
    for (const [name, contender] of Object.entries(contenders)) {
      const start = process.hrtime.bigint();
      const units = work(contender);
      const spent = Number(process.hrtime.bigint() - start) / 1_000 / units;
      if (turn > 0) times[name].push(spent);
    }
  }
  return times;
}

function report(label, { lean, equal, store }) {
  const ratio = (to) => median(store.map((spent, turn) => spent / to[turn])).toFixed(2);
  const shown = [lean, equal, store].map((times) => median(times).toFixed(1).padStart(7));
  console.log(
    `${label}:  lean ${shown[0]}  equal ${shown[1]}  store ${shown[2]}   store/lean ${ratio(lean)}  store/equal ${ratio(equal)}`,
  );
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function database(name, durability) {
  const db = new Database(join(directory, `${name}-${Math.random()}.db`));
  db.pragma("journal_mode = WAL");
  db.pragma(`synchronous = ${durability}`);
  return db;
}

function lean(durability) {
  const db = database("lean", durability);
  db.exec("CREATE TABLE steps (run TEXT, id TEXT, output TEXT, PRIMARY KEY (run, id)) WITHOUT ROWID");
  const insert = db.prepare("INSERT INTO steps VALUES (?, ?, ?)");
  const select = db.prepare("SELECT id, output FROM steps WHERE run = ?").raw();
  const commit = batched(db, (step) => insert.run("run", step.id, step.output));
  return { commit, read: () => new Map(select.all("run")).size, close: () => db.close() };
}

function equal(durability) {
  const db = database("equal", durability);
  db.exec(`CREATE TABLE steps (run TEXT, id TEXT, kind TEXT, state TEXT, seq INTEGER, attempt INTEGER, started_at INTEGER, finished_at INTEGER,
    due_at INTEGER, target TEXT, location TEXT, input_hash TEXT, output TEXT, PRIMARY KEY (run, id)) WITHOUT ROWID`);
  const insert = db.prepare("INSERT INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const select = db.prepare("SELECT * FROM steps WHERE run = ? ORDER BY seq");
  const commit = batched(db, (s) =>
    insert.run(
      "run",
      s.id,
      s.kind,
      s.state,
      s.seq,
      s.attempt,
      s.startedAt,
      s.finishedAt,
      null,
      null,
      s.location,
      s.inputHash,
      s.output,
    ),
  );
  return { commit, read: () => select.all("run").length, close: () => db.close() };
}

/** Inserts each row with a statement of its own, as simple code does. */
function batched(db, insert) {
  let seq = 0;
  const many = db.transaction((count) => {
    for (let n = 0; n < count; n++) insert(stepAt(++seq));
  });
  return (count) => (count === 1 ? insert(stepAt(++seq)) : many(count));
}

function store(durability) {
  const store = sqliteStore(join(directory, `store-${Math.random()}.db`), { durability });
  store.open();
  store.createRun({
    id: "run",
    workflow: "ship",
    file: "src/ship.ts",
    input: "[]",
    inputHash: "h",
    code: "c",
    modules: "[]",
    seed: "s",
    createdAt: 1,
    lease: { owner: "me", ms: 1e9 },
  });
  let seq = 0;
  const commit = (count) => {
    const writes = Array.from({ length: count }, () => ({ type: "step", run: "run", epoch: 1, step: stepAt(++seq) }));
    if (store.commit(writes).includes(false)) throw new Error("a write was refused");
  };
  return { commit, read: () => store.steps("run").length, close: () => store.close() };
}

function stepAt(seq) {
  return {
    id: `for[${seq}]/saveRow[0]`,
    kind: "task",
    state: "completed",
    seq,
    attempt: 1,
    startedAt: 1_760_000_000_000,
    finishedAt: 1_760_000_000_005,
    location: "src/orders.ts:12:18",
    inputHash: "a1b2c3d4e5f6a7b8",
    output: `{"ok":true,"row":${seq},"text":"${"x".repeat(70)}"}`,
  };
}

async function loadStore() {
  const outfile = join(root, "node_modules/.cache/perdure-bench/store.mjs");
  const entry = join(root, "packages/store/src/index.ts");
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["better-sqlite3"],
    logLevel: "error",
  });
  return (await import(pathToFileURL(outfile).href)).sqliteStore;
}
