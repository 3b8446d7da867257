import { PerdureError } from "@perdure/protocol";
import type { SchemaVersions } from "@perdure/store/contract";
import type { Database } from "../connection/database.ts";
import { isForbidden } from "../connection/errors.ts";
import { MIGRATION_TIMEOUT, type Place } from "../connection/place.ts";
import { migrations as ours, type Migration } from "./migrations.ts";

interface Meta {
  readonly version: number;
  /** Programs that know no schema from this version on must not use the store. */
  readonly min_version: number;
}

/**
 * Brings the schema to the newest version, or leaves it as it is. A newer one is used if it says that older programs may: then two releases of a
 * program can run side by side.
 * @throws PerdureError `STORE_NEWER`, `STORE_OLDER`, `STORE_REFUSED`, `STORE_UNREACHABLE`
 */
export async function migrate(
  database: Database,
  place: Place,
  migrations: readonly Migration[] = ours,
): Promise<SchemaVersions> {
  const before = await versions(database.query, place, migrations);
  if (isCurrent(before)) return before;
  try {
    return await database.transaction((query) => migrateIn(query, place, migrations), MIGRATION_TIMEOUT);
  } catch (error) {
    if (!isForbidden(error)) throw error;
    const { name } = place;
    throw new PerdureError("STORE_OLDER", { name, ...before, detail: error.cause.message }, { cause: error.cause });
  }
}

async function migrateIn(query: Query, place: Place, migrations: readonly Migration[]): Promise<SchemaVersions> {
  await query("SELECT pg_advisory_xact_lock(hashtext(@@), -3)");
  const before = await versions(query, place, migrations);
  if (isCurrent(before)) return before;
  const [exists] = await query("SELECT 1 FROM pg_namespace WHERE nspname = @@");
  // it asks for a right on the database even if the schema exists
  if (!exists) await query(`CREATE SCHEMA "${place.schema}"`);
  for (const { sql } of migrations.slice(before.found)) await query(sql);
  const least = migrations.findLastIndex(({ breaking }) => breaking) + 1;
  await query(
    "INSERT INTO @.meta (one, version, min_version) VALUES (true, $1, $2) ON CONFLICT (one) DO UPDATE SET version = excluded.version, min_version = excluded.min_version",
    [migrations.length, least],
  );
  return before;
}

const isCurrent = ({ found, known }: SchemaVersions): boolean => found >= known;

/** @throws PerdureError `STORE_NEWER` if programs that know no newer version than ours must not use the store */
export async function versions(
  query: Query,
  { name, schema }: Place,
  migrations: readonly Migration[] = ours,
): Promise<SchemaVersions> {
  const known = migrations.length;
  const { version: found = 0, min_version: least = 0 } = (await metaOf(query, schema)) ?? {};
  if (least > known) throw new PerdureError("STORE_NEWER", { path: name, found, known, package: "perdure-postgres" });
  return { found, known };
}

type Query = (sql: string, values?: readonly unknown[]) => Promise<object[]>;

/** Undefined: there is no store in the schema. */
async function metaOf(query: Query, schema: string): Promise<Meta | undefined> {
  const [found] = await query("SELECT 1 FROM pg_tables WHERE schemaname = $1 AND tablename = 'meta'", [schema]);
  const [meta] = found ? await query("SELECT version, min_version FROM @.meta") : [];
  return meta as Meta | undefined;
}
