// Measures the cost of a step, relative to a hand-written loop on better-sqlite3 in the same process.
//   npm run build && node bench/steps.mjs [steps]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import Database from "better-sqlite3";
import { build } from "esbuild";
import perdure from "unplugin-perdure/esbuild";
import { close, configure, start } from "perdure";

const STEPS = Number(process.argv[2] ?? 2000);
const here = import.meta.dirname;
const directory = mkdtempSync(join(tmpdir(), "perdure-bench-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));

const outfile = join(here, "../node_modules/.cache/perdure-bench.mjs");
await build({
  entryPoints: [join(here, "workflows.ts")],
  outfile,
  bundle: true,
  packages: "external",
  format: "esm",
  platform: "node",
  plugins: [perdure()],
  logLevel: "error",
});
const { sequence, fanOut } = await import(pathToFileURL(outfile).href);

const time = async (work) => {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
};
const row = (i) => ({ id: i, name: "x".repeat(60), ok: true, amount: 12.5 });

async function byHand(durability, steps, batch) {
  const db = new Database(join(directory, `hand-${durability}-${batch}.db`));
  db.pragma("journal_mode = WAL");
  db.pragma(`synchronous = ${durability}`);
  db.exec("CREATE TABLE steps (run TEXT, id TEXT, output TEXT, PRIMARY KEY (run, id)) WITHOUT ROWID");
  const insert = db.prepare("INSERT INTO steps VALUES (?, ?, ?)");
  const write = db.transaction((from, to) => {
    for (let i = from; i < to; i++) insert.run("run", `for[${i}]/step[0]`, JSON.stringify(row(i)));
  });
  const taken = await time(async () => {
    for (let i = 0; i < steps; i += batch) {
      write(i, Math.min(steps, i + batch));
      await undefined;
    }
  });
  db.close();
  return taken;
}

const table = [];
for (const durability of ["full", "normal"]) {
  configure({ store: `sqlite:${join(directory, `${durability}.db`)}`, durability });
  const run = (workflow, n, id) => time(async () => (await start(workflow, [n], { id })).result());
  await run(sequence, 50, "warm");
  const line = (what, steps, taken, limit) =>
    table.push({
      durability,
      what,
      "µs a step": +((taken / steps) * 1000).toFixed(1),
      "by hand": +((limit / steps) * 1000).toFixed(1),
      ratio: +(taken / limit).toFixed(2),
    });
  const one = await byHand(durability, STEPS, 1);
  line("one after another", STEPS, await run(sequence, STEPS, "sequence"), one);
  const many = await byHand(durability, STEPS * 5, 1000);
  line("all at once", STEPS * 5, await run(fanOut, STEPS * 5, "fan"), many);
  const ten = await byHand(durability, 10_000, 100);
  line(
    "1000 runs × 10 steps",
    10_000,
    await time(() =>
      Promise.all(
        Array.from({ length: 1000 }, async (_, i) => (await start(sequence, [10], { id: `many-${i}` })).result()),
      ),
    ),
    ten,
  );
  await close();
}
console.table(table);
