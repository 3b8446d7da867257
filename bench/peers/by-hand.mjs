/** A loop with a table of results, written by hand on better-sqlite3, each row with a commit of its own: see program.mjs. */
import { join } from "node:path";
import Database from "better-sqlite3";
import { die, program, value } from "./program.mjs";

await program(async (directory) => {
  const db = new Database(join(directory, "by-hand.db"));
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.exec(
    "CREATE TABLE IF NOT EXISTS steps (run TEXT, id TEXT, output TEXT, PRIMARY KEY (run, id)) STRICT, WITHOUT ROWID",
  );
  const insert = db.prepare("INSERT INTO steps VALUES (?, ?, ?)");
  const select = db.prepare("SELECT id, output FROM steps WHERE run = ?");

  async function run(id, steps) {
    const done = new Map(select.all(id).map((row) => [row.id, row.output]));
    let sum = 0;
    for (let index = 0; index < steps; index++) {
      const recorded = done.get(`step-${index}`);
      if (recorded !== undefined) sum += JSON.parse(recorded).index;
      else {
        const result = await Promise.resolve(value(index));
        insert.run(id, `step-${index}`, JSON.stringify(result));
        sum += result.index;
      }
    }
    return sum;
  }
  return { run, record: (id, steps) => run(id, steps).then(die), resume: run, close: () => db.close() };
});
