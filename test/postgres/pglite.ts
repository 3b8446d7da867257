import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";

/** PostgreSQL compiled to WebAssembly, in this process and in memory, behind a socket. All connections are one session. */
export async function startPglite() {
  const database = await PGlite.create();
  const server = new PGLiteSocketServer({ db: database, host: "127.0.0.1", port: 0, maxConnections: 20 });
  await server.start();
  return {
    url: `postgres://postgres:postgres@${server.getServerConn()}/postgres?pgbouncer=true`,
    /** Runs statements past the socket. */
    query: async (sql: string) => (await database.exec(sql)).at(-1)?.rows ?? [],
    async remove() {
      await server.stop();
      await database.close();
    },
  };
}
