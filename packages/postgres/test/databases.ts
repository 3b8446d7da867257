import pg from "pg";
import { startPostgres, type PostgresServer, type ServerOptions } from "../../../test/postgres/server.ts";

/** A server for the tests of one file, and stores on it. */
export function databases(options: ServerOptions = {}) {
  let server: PostgresServer | undefined;
  let client: pg.Client | undefined;
  const running = (): PostgresServer => {
    if (!server) throw new Error("the server has not been started");
    return server;
  };
  const query = async (sql: string): Promise<pg.QueryResult> => {
    if (!client) {
      client = new pg.Client(running().url);
      client.on("error", () => (client = undefined)); // the next query makes another one
      await client.connect();
    }
    return client.query(sql);
  };

  return {
    server: running,
    async beforeTests(): Promise<void> {
      server = await startPostgres(options);
    },
    async afterTests(): Promise<void> {
      await client?.end();
      await server?.remove();
    },
    /** Runs a statement as the superuser. */
    query,
    /** The URL of the store in a schema. */
    urlOf: (schema: string): string => `${running().url}?schema=${schema}`,
    /** Deletes what the schema has: faster than another schema. */
    async clear(schema: string): Promise<void> {
      const { rows } = await query(
        `SELECT tablename AS name FROM pg_tables WHERE schemaname = '${schema}' AND tablename <> 'meta'`,
      );
      await query(rows.map(({ name }: { name?: string }) => `DELETE FROM ${schema}.${name};`).join(""));
      if (rows.length > 0) await query(`ALTER SEQUENCE ${schema}.schedule_revisions RESTART`);
    },
  };
}
