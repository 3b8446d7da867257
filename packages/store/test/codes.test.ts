import { expect, test } from "vitest";
import { codesTable } from "../src/sqlite/codes.ts";
import { loadDriver, type Connection } from "../src/sqlite/driver.ts";
import { migrate } from "../src/sqlite/migrate.ts";

const Database = loadDriver();

/** A database that counts the inserts into the table `codes`. */
function counting(): { readonly db: Connection; readonly inserts: () => number } {
  const db = new Database(":memory:");
  migrate(db, ":memory:");
  db.exec(
    "CREATE TABLE counted (n INTEGER); INSERT INTO counted VALUES (0); CREATE TRIGGER count BEFORE INSERT ON codes BEGIN UPDATE counted SET n = n + 1; END",
  );
  return { db, inserts: () => Number(db.prepare("SELECT n FROM counted").pluck().get()) };
}

test("S10 a store inserts a code version once, no matter how many runs use it", () => {
  const { db, inserts } = counting();
  const codes = codesTable(db);
  for (let run = 0; run < 5; run++) {
    codes.record("c1", "[]");
    codes.record("c2", "[]");
    codes.settle(true);
  }
  expect(inserts()).toBe(2);
  codesTable(db).record("c1", "other");
  expect([inserts(), codes.get("c1")]).toEqual([3, "[]"]);
  db.close();
});

test("S10 a code version recorded by a failed transaction is recorded again", () => {
  const { db, inserts } = counting();
  const codes = codesTable(db);
  db.exec("SAVEPOINT s");
  codes.record("c1", "[]");
  db.exec("ROLLBACK TO s; RELEASE s");
  codes.settle(false);
  codes.record("c1", "[]");
  codes.settle(true);
  expect([inserts(), codes.get("c1")]).toEqual([1, "[]"]);
  db.close();
});
