import { expect, test } from "vitest";
import { codesTable } from "../src/sqlite/codes.ts";
import { connect } from "../src/sqlite/connection.ts";
import type { Connection } from "../src/sqlite/driver.ts";
import { executionsTable } from "../src/sqlite/executions.ts";
import { conditionsTable } from "../src/sqlite/flow/conditions.ts";
import { lines } from "../src/sqlite/flow/line.ts";
import { runsTable } from "../src/sqlite/runs.ts";
import { sequences } from "../src/sqlite/sequences.ts";
import { signalsTable } from "../src/sqlite/signals.ts";
import { stepsTable } from "../src/sqlite/steps.ts";
import { tempFiles } from "./temp.ts";

const file = tempFiles();

/** The tables that have a row for whatever was recorded, or waits. */
const GROWING = ["runs", "steps", "signals", "early_signals", "executions", "queue_items", "queue_starts", "throttled"];

/** How SQLite finds the rows, a line for each table that it reads. */
function planOf(db: Connection, sql: string): string[] {
  const places = Array.from({ length: sql.split("?").length - 1 }, () => 1);
  const names = [...sql.matchAll(/@(\w+)/g)].map(([, name]) => [name, 1]);
  const values = names.length > 0 ? [...places, Object.fromEntries(names)] : places;
  const plan = db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
  return plan.map(({ detail }) => detail);
}

test("no statement reads all of a table that grows: what a worker does costs the same however many runs wait", () => {
  const db = connect({ path: file(), busyTimeout: 1_000 }, "normal");
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
  for (const table of [stepsTable, signalsTable, conditionsTable, codesTable, executionsTable]) table(spy);
  lines(spy, runs);
  sequences(stepsTable(spy));
  for (const blocked of [true, false]) {
    runs.unfinished({ workflows: ["a"], now: 0, limit: 10, blocked });
    runs.unfinished({ runs: ["a"], now: 0, limit: 10, blocked });
  }
  const scans = [...statements].flatMap((sql) =>
    planOf(db, sql)
      .filter((detail) => GROWING.some((table) => detail === `SCAN ${table}`))
      .map((detail) => `${detail}: ${sql}`),
  );
  expect(statements.size).toBeGreaterThan(80);
  expect(scans).toEqual([]);
  db.close();
});
