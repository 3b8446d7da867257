import { createHash } from "node:crypto";
import type { Duplex } from "node:stream";
import { clearTimer, setTimer } from "@perdure/protocol";
import pg from "pg";
import { breaksConnection, isConflict, isOutdated, translate } from "./errors.ts";
import type { Place } from "./place.ts";

/** Sends statements to the server. In each, `@.` stands for the schema. */
export interface Database {
  /** One statement, which is a transaction of its own. It is tried again if another one was in its way. */
  query<R extends object>(sql: string, values?: readonly unknown[]): Promise<R[]>;
  /** The same, with each row as an array. */
  rows<R extends readonly unknown[]>(sql: string, values?: readonly unknown[]): Promise<R[]>;
  /** The same, for the number of rows that it writes. */
  count(sql: string, values: readonly unknown[]): Promise<number>;
  /**
   * Several statements in one transaction.
   * @param timeout - milliseconds that each of them may take
   */
  transaction<T>(
    work: (query: (sql: string, values?: readonly unknown[]) => Promise<object[]>) => Promise<T>,
    timeout: number,
  ): Promise<T>;
  close(): Promise<void>;
}

/** How often a statement is tried that others are in the way of. Each time the others have come further, so this many is never needed. */
const MOST_TRIES = 30;

const INT8 = 20;
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format: "text") =>
    oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as pg.CustomTypesConfig["getTypeParser"],
};

export function connect(place: Place): Database {
  const { name, schema, timeout, prepared, durable } = place;
  const pool = new pg.Pool({
    ...place.connection,
    types,
    max: place.connections,
    query_timeout: timeout,
    connectionTimeoutMillis: timeout,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    allowExitOnIdle: true,
    // a pooler before the server may refuse a session with settings
    ...(prepared && { statement_timeout: timeout, application_name: place.applicationName }),
    ...(prepared && durable && { onConnect: commitDurably }),
  });
  // an idle connection that is lost is replaced by the next query
  pool.on("error", () => {});
  const clients = new Set<pg.PoolClient>();
  pool.on("connect", (client) => {
    clients.add(client);
    // an error between two answers is an error of the next query. It may come in one piece with the news that the session has begun, before whoever waits for it knows
    client.on("error", () => {});
  });
  pool.on("remove", (client) => void clients.delete(client));
  let closed: Promise<void> | undefined;
  const statements = new Map<string, { readonly text: string; readonly name: string }>();

  const statementOf = (sql: string) => {
    let found = statements.get(sql);
    if (!found) {
      const text = inSchema(sql, schema);
      found = { text, name: `perdure_${createHash("sha256").update(text).digest("hex").slice(0, 24)}` };
      if (statements.size < 500) statements.set(sql, found);
    }
    return found;
  };

  const using = async <T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
    const client = await pool.connect();
    let failed: unknown;
    try {
      return await work(client);
    } catch (error) {
      failed = error;
      throw error;
    } finally {
      const isBroken = failed !== undefined && breaksConnection(failed);
      if (isBroken) destroy(client);
      client.release(isBroken);
    }
  };

  const retried = async <T>(work: () => Promise<T>): Promise<T> => {
    for (let tries = 1; ; tries++) {
      try {
        return await work();
      } catch (error) {
        if (!(isConflict(error) || isOutdated(error)) || tries === MOST_TRIES) throw translate(error, name);
        await pause(Math.random() * Math.min(100, 2 ** tries));
      }
    }
  };

  const send = (sql: string, values: readonly unknown[], rowMode?: "array"): Promise<pg.QueryResult> => {
    const { text, name: statement } = statementOf(sql);
    const query = { text, values: [...values], ...(prepared && { name: statement }), ...(rowMode && { rowMode }) };
    return retried(() => using((client) => client.query(query as pg.QueryConfig)));
  };
  const rowsOf = async <R>(...sent: Parameters<typeof send>): Promise<R[]> => (await send(...sent)).rows as R[];

  return {
    query: (sql, values = []) => rowsOf(sql, values),
    rows: (sql, values = []) => rowsOf(sql, values, "array"),
    count: async (sql, values) => (await send(sql, values)).rowCount ?? 0,
    transaction: (work, longest) =>
      retried(() =>
        using(async (client) => {
          const query = async (sql: string, values: readonly unknown[] = []): Promise<object[]> => {
            const text = inSchema(sql, schema);
            const timed = { text, query_timeout: longest, ...(values.length > 0 && { values: [...values] }) };
            const { rows } = await client.query(timed as pg.QueryConfig);
            return rows as object[];
          };
          await query("BEGIN");
          try {
            await query(`SET LOCAL statement_timeout = ${longest}`);
            const result = await work(query);
            await query("COMMIT");
            return result;
          } catch (error) {
            if (!breaksConnection(error)) await query("ROLLBACK");
            throw error;
          }
        }),
      ),
    close: () => (closed ??= close()),
  };

  async function close(): Promise<void> {
    // a network that swallows everything would keep the last words of a connection, and the process, for many minutes
    const timer = setTimer(() => clients.forEach(destroy), Math.min(timeout, 2_000));
    await pool.end();
    clearTimer(timer);
  }
}

/** For the whole session. Every other setting than `off` stays: each waits at least for the server's own disk. */
async function commitDurably(client: pg.ClientBase): Promise<void> {
  try {
    await client.query(
      "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
    );
  } catch (error) {
    destroy(client); // the pool would wait for an end of the session that a lost connection never has
    throw error;
  }
}

const pause = (ms: number): Promise<void> => new Promise((done) => void setTimer(done, ms));

/** The statement for a schema: `@.` stands for it, `@@` for its name as a text. */
const inSchema = (sql: string, schema: string): string =>
  sql.replaceAll("@.", `"${schema}".`).replaceAll("@@", `'${schema}'`);

/** Ends the connection at once, without telling the server. */
export function destroy(client: pg.ClientBase): void {
  const { connection } = client as unknown as { readonly connection?: { readonly stream?: Duplex } };
  connection?.stream?.destroy();
}
