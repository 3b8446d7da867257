import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { sqliteStore } from "perdure";

const page = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8");

function withStore<T>(work: (db: Database.Database) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "perdure-operations-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "perdure.db");
  const store = sqliteStore(path);
  void store.open();
  void store.close();
  const db = new Database(path);
  try {
    return work(db);
  } finally {
    db.close();
  }
}

test("the queries in docs/operations.md are valid", () => {
  const queries = [...page.matchAll(/"(SELECT [^"]+)"/g)].map(([, sql = ""]) => sql);
  expect(queries).toHaveLength(2);
  withStore((db) => {
    for (const sql of queries) expect(db.prepare(sql).all()).toEqual([]);
  });
});

test("the views have the columns that docs/operations.md lists", () => {
  const documented = [...page.matchAll(/^\| `(perdure_\w+)` +\| (.+?) +\|$/gm)].map(([, view = "", columns = ""]) => ({
    view,
    columns: [...columns.matchAll(/`(\w+)`/g)].map(([, column]) => column),
  }));
  expect(documented.map(({ view }) => view)).toEqual(["perdure_runs", "perdure_steps"]);
  withStore((db) => {
    for (const { view, columns } of documented) {
      const actual = db.prepare<[], { name: string }>(`SELECT name FROM pragma_table_info('${view}')`).all();
      expect(columns.sort()).toEqual(actual.map(({ name }) => name).sort());
    }
  });
});
