import type { NewRun } from "@perdure/store";
import pg from "pg";
import { onTestFinished } from "vitest";
import { startPostgres, type PostgresServer, type ServerOptions } from "../../../test/postgres/server.ts";
import { postgresStore, type PostgresOptions, type PostgresStore } from "../src/index.ts";

/** A new run, without a lease. */
export const newRun = (id: string, given: Partial<NewRun> = {}): NewRun => ({
  id,
  workflow: "ship",
  file: "f.ts",
  input: "1",
  inputHash: "h",
  code: "c",
  modules: "m",
  seed: "s",
  ...given,
});

/** An open store, until the test has finished. */
export async function opened(url: string, options: PostgresOptions = {}): Promise<PostgresStore> {
  const store = postgresStore(url, options);
  await store.open();
  onTestFinished(async () => store.close());
  return store;
}

/** A server for the tests of one file, and stores on it. */
export function databases(options: ServerOptions = {}) {
  let server: PostgresServer | undefined;
  let pool: pg.Pool | undefined;
  const running = (): PostgresServer => {
    if (!server) throw new Error("the server has not been started");
    return server;
  };
  // one session at most, since some statements set something for the next one
  const query = (sql: string): Promise<pg.QueryResult> => {
    pool ??= new pg.Pool({ connectionString: running().url, max: 1 }).on("error", () => {});
    return pool.query(sql);
  };

  return {
    server: running,
    async beforeTests(): Promise<void> {
      server = await startPostgres(options);
    },
    async afterTests(): Promise<void> {
      await pool?.end();
      await server?.remove();
    },
    /** Runs a statement as the superuser. */
    query,
    /** The URL of the store in a schema. */
    urlOf: (schema: string): string => `${running().url}?schema=${schema}`,
    /** Deletes what the schema has: faster than another schema. */
    clear: (schema: string): Promise<void> => clearSchema(schema, async (sql) => (await query(sql)).rows),
  };
}

/** Deletes what the schema has. */
export async function clearSchema(schema: string, query: (sql: string) => Promise<object[]>): Promise<void> {
  const tables = await query(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = '${schema}' AND tablename <> 'meta'`,
  );
  await query(tables.map((table) => `DELETE FROM ${schema}.${(table as { name: string }).name};`).join(""));
  if (tables.length > 0) await query(`ALTER SEQUENCE ${schema}.schedule_revisions RESTART`);
}
