import { PerdureError } from "@perdure/protocol";
import type { SchemaVersions } from "../contract.ts";
import type { Connection } from "./driver.ts";
import { migrations as ours } from "./migrations/index.ts";
import { transactions } from "./transaction.ts";

/** "Perd" in ASCII. It marks the file as a store. */
export const APPLICATION_ID = 0x50657264;

/**
 * Refuses a database of another program before it changes anything. A file without tables is new.
 * Call it in a transaction; otherwise it could see an unfinished migration of another process.
 */
export function assertOurs(db: Connection, path: string): void {
  const id = Number(db.pragma("application_id", { simple: true }));
  if (id === APPLICATION_ID) return;
  if (id !== 0 || version(db) !== 0 || hasTables(db)) throw new PerdureError("STORE_FOREIGN", { path });
}

/** @throws PerdureError `STORE_FOREIGN`, `STORE_NEWER` */
export function versions(db: Connection, path: string, migrations: readonly string[] = ours): SchemaVersions {
  assertOurs(db, path);
  const found = version(db);
  const known = migrations.length;
  if (found > known) throw new PerdureError("STORE_NEWER", { path, found, known, package: "perdure" });
  return { found, known };
}

/** Migrates the schema to the newest version, or changes nothing. */
export function migrate(db: Connection, path: string, migrations: readonly string[] = ours): void {
  if (version(db) === migrations.length) return;
  transactions(db).write(() => {
    const { found } = versions(db, path, migrations);
    for (const sql of migrations.slice(found)) db.exec(sql);
    db.pragma(`user_version = ${migrations.length}`);
    db.pragma(`application_id = ${APPLICATION_ID}`);
  });
}

const version = (db: Connection): number => Number(db.pragma("user_version", { simple: true }));

const hasTables = (db: Connection): boolean => db.prepare("SELECT 1 FROM sqlite_schema").get() !== undefined;
