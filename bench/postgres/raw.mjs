/** The limit on PostgreSQL: the same rows with the driver alone, on one connection of the same server, each commit one prepared statement. */
import { randomBytes } from "node:crypto";
import pg from "pg";
import { row } from "../raw.mjs";

const url = () => process.env.BENCH_POSTGRES;

/** The URL of a store in a schema of its own. */
export const newStore = () => `${url()}?schema=bench_${randomBytes(6).toString("hex")}`;

const idOf = (index) => `for[${index}]/step[0]`;

export async function openRaw() {
  const client = new pg.Client({ connectionString: url() });
  await client.connect();
  const table = `raw_${randomBytes(6).toString("hex")}`;
  await client.query(`CREATE TABLE ${table} (run bigint, id text, output text, PRIMARY KEY (run, id))`);
  const one = { name: "one", text: `INSERT INTO ${table} VALUES (1, $1, $2)` };
  const many = { name: "many", text: `INSERT INTO ${table} SELECT 1, * FROM unnest($1::text[], $2::text[])` };
  let written = 0;
  return {
    /** Writes so many rows, so many in each commit, one commit after the other. */
    async write(rows, perCommit = 1) {
      for (const to = written + rows; written < to;) {
        const count = Math.min(perCommit, to - written);
        const indexes = Array.from({ length: count }, () => written++);
        const values = [indexes.map(idOf), indexes.map((index) => row(index))];
        await client.query(perCommit === 1 ? one : many, perCommit === 1 ? values.flat() : values);
      }
    },
    /** Reads the rows with one query, and parses their values. */
    async read() {
      const found = new Map();
      const { rows } = await client.query({ name: "all", text: `SELECT id, output FROM ${table} WHERE run = 1` });
      for (const { id, output } of rows) found.set(id, JSON.parse(output));
      if (found.size !== written) throw new Error("rows are missing");
    },
    close: () => client.end(),
  };
}

/** Milliseconds from a NOTIFY on one connection until another hears it, each time. */
export async function notifications(count) {
  const [from, to] = [new pg.Client({ connectionString: url() }), new pg.Client({ connectionString: url() })];
  await Promise.all([from.connect(), to.connect()]);
  await to.query("LISTEN bench");
  const taken = [];
  for (let index = 0; index < count; index++) {
    const heard = new Promise((resolve) => to.once("notification", resolve));
    const began = performance.now();
    await from.query("SELECT pg_notify('bench', '')");
    await heard;
    taken.push(performance.now() - began);
  }
  await Promise.all([from.end(), to.end()]);
  return taken;
}

/** The version of the server: 18.4. */
export async function versionOf(connectionString) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  const { rows } = await client.query("SHOW server_version");
  await client.end();
  return rows[0].server_version;
}
