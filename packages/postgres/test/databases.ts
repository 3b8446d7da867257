import pg from "pg";
import { startPostgres, type PostgresServer, type ServerOptions } from "../../../test/postgres/server.ts";

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
