import { expect, test } from "vitest";
import { codesTable } from "../src/sqlite/codes.ts";
import { connect, planningOnce } from "../src/sqlite/connection.ts";
import { loadDriver, type Connection } from "../src/sqlite/driver.ts";
import { executionsTable } from "../src/sqlite/executions.ts";
import { conditionsTable } from "../src/sqlite/flow/conditions.ts";
import { lines } from "../src/sqlite/flow/line.ts";
import { runsTable } from "../src/sqlite/runs.ts";
import { sequences } from "../src/sqlite/sequences.ts";
import { signalsTable } from "../src/sqlite/signals.ts";
import { stepsTable } from "../src/sqlite/steps.ts";
import { streamsTable } from "../src/sqlite/streams.ts";
import { tempFiles } from "./temp.ts";

const Database = loadDriver();

const file = tempFiles();

/** The tables that have a row for whatever was recorded, or waits. */
const GROWING = [
  "runs",
  "steps",
  "signals",
  "early_signals",
  "executions",
  "queue_items",
  "queue_starts",
  "throttled",
  "joined_starts",
  "streams",
  "stream_parts",
  "stream_entries",
];

/** How SQLite finds the rows, a line for each table that it reads. */
function planOf(db: Connection, sql: string): string[] {
  const places = Array.from({ length: sql.split("?").length - 1 }, () => 1);
  const names = [...sql.matchAll(/@(\w+)/g)].map(([, name]) => [name, 1]);
  const values = names.length > 0 ? [...places, Object.fromEntries(names)] : places;
  const plan = db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
  return plan.map(({ detail }) => detail);
}

/** What the tables of a store prepare. */
function statementsOf(db: Connection): Set<string> {
  const statements = new Set<string>();
  const spy = new Proxy(db, {
    get(target, name) {
      if (name !== "prepare") return Reflect.get(target, name) as unknown;
      return (sql: string) => {
        statements.add(sql);
        return target.prepare(sql);
      };
    },
  });
  const runs = runsTable(spy);
  for (const table of [stepsTable, signalsTable, streamsTable, conditionsTable, codesTable, executionsTable])
    table(spy);
  lines(spy, runs);
  sequences(stepsTable(spy));
  for (const blocked of [true, false]) {
    runs.unfinished({ workflows: ["a"], now: 0, limit: 10, blocked });
    runs.unfinished({ runs: ["a"], now: 0, limit: 10, blocked });
    runs.candidates({ workflows: ["a"], now: 0, limit: 10, blocked });
  }
  return statements;
}

test("no statement reads all of a table that grows: what a worker does costs the same however many runs wait", () => {
  const db = connect({ path: file(), busyTimeout: 1_000 }, "normal");
  const statements = statementsOf(db);
  const scans = [...statements].flatMap((sql) =>
    planOf(db, sql)
      .filter((detail) => GROWING.some((table) => detail === `SCAN ${table}`))
      .map((detail) => `${detail}: ${sql}`),
  );
  expect(statements.size).toBeGreaterThan(80);
  expect(scans).toEqual([]);
  db.close();
});

test("that statements are planned once changes none of their plans", () => {
  const path = file();
  const db = connect({ path, busyTimeout: 1_000 }, "normal");
  const plain = new Database(path);
  for (const sql of statementsOf(db)) expect(planOf(db, sql), sql).toEqual(planOf(plain, sql));
  plain.close();
  db.close();
});

test("the planner sees no parameter, so that no statement is prepared again at each execution", () => {
  const db = connect({ path: file(), busyTimeout: 1_000 }, "normal");
  const statements = [...statementsOf(db)].filter((sql) => /[?@]/.test(sql));
  expect(statements.length).toBeGreaterThan(80);
  for (const sql of statements) expect(db.prepare(sql).source).not.toMatch(/(?<!\+)[?@]/);
  db.close();
});

test("values keep their types in a statement that is planned once", () => {
  const db = planningOnce(new Database(":memory:"));
  const values = ["007", 1.5, 7n, null, Buffer.from([1])];
  const types = db
    .prepare<unknown[], string>(
      "SELECT typeof(?) || ',' || typeof(?) || ',' || typeof(?) || ',' || typeof(?) || ',' || typeof(?)",
    )
    .pluck();
  expect(types.get(...values)).toBe("text,real,integer,null,blob");
  expect(db.prepare("SELECT ? AS a, @b AS b").get("007", { b: "-1" })).toEqual({ a: "007", b: "-1" });
});
