import { PerdureError } from "@perdure/protocol";
import type { Database } from "../connection/database.ts";
import type { Place } from "../connection/place.ts";
import { migrations as ours, type Migration } from "./migrations.ts";

interface Meta {
  readonly version: number;
  /** Programs that know no schema from this version on must not use the store. */
  readonly min_version: number;
}

/**
 * Brings the schema to the newest version, or leaves it as it is. A newer one is used if it says that older programs may: then two releases of a
 * program can run side by side.
 * @throws PerdureError `STORE_NEWER`, `STORE_REFUSED`, `STORE_UNREACHABLE`
 */
export async function migrate(
  database: Database,
  { name, schema }: Place,
  migrations: readonly Migration[] = ours,
): Promise<void> {
  const known = migrations.length;
  const isCurrent = (found: Meta | undefined): boolean => {
    if (found && found.min_version > known)
      throw new PerdureError("STORE_NEWER", { path: name, found: found.version, known });
    return found !== undefined && found.version >= known;
  };
  if (isCurrent(await metaOf(database.query, schema))) return;
  await database.transaction(async (query) => {
    await query("SELECT pg_advisory_xact_lock(hashtext(@@), -3)");
    const found = await metaOf(query, schema);
    if (isCurrent(found)) return;
    const [exists] = await query("SELECT 1 FROM pg_namespace WHERE nspname = @@");
    // it asks for a right on the database even if the schema exists
    if (!exists) await query(`CREATE SCHEMA "${schema}"`);
    for (const { sql } of migrations.slice(found?.version ?? 0)) await query(sql);
    const least = migrations.findLastIndex(({ breaking }) => breaking) + 1;
    await query(
      "INSERT INTO @.meta (one, version, min_version) VALUES (true, $1, $2) ON CONFLICT (one) DO UPDATE SET version = excluded.version, min_version = excluded.min_version",
      [known, least],
    );
  });
}

/** Undefined: there is no store in the schema. */
async function metaOf(
  query: (sql: string, values?: readonly unknown[]) => Promise<object[]>,
  schema: string,
): Promise<Meta | undefined> {
  const [found] = await query("SELECT 1 FROM pg_tables WHERE schemaname = $1 AND tablename = 'meta'", [schema]);
  const [meta] = found ? await query("SELECT version, min_version FROM @.meta") : [];
  return meta as Meta | undefined;
}
