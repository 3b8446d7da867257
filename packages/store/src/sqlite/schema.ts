import { existsSync } from "node:fs";
import { loadDriver } from "./driver.ts";
import { translate } from "./errors.ts";
import { APPLICATION_ID } from "./migrate.ts";
import { migrations } from "./migrations/index.ts";

/** What an SQLite file is, read without changing it. */
export interface Schema {
  readonly isStore: boolean;
  readonly version: number;
  /** The newest version that this package knows, and migrates a store to when it opens it. */
  readonly known: number;
  readonly journalMode: string;
  /** Version of SQLite. */
  readonly sqlite: string;
}

/**
 * Looks at the file. Undefined: there is none.
 * @throws PerdureError `STORE_*`, `SQLITE_*`
 */
export function schemaOf(path: string): Schema | undefined {
  const Database = loadDriver(); // first: a driver that cannot be loaded is an error even where there is no file
  if (!existsSync(path)) return undefined;
  try {
    const db = new Database(path, { readonly: true, fileMustExist: true });
    try {
      const number = (name: string): number => Number(db.pragma(name, { simple: true }));
      return {
        isStore: number("application_id") === APPLICATION_ID,
        version: number("user_version"),
        known: migrations.length,
        journalMode: String(db.pragma("journal_mode", { simple: true })),
        sqlite: String(db.prepare("SELECT sqlite_version()").pluck().get()),
      };
    } finally {
      db.close();
    }
  } catch (error) {
    throw translate(error, { path, busyTimeout: 5_000 });
  }
}

/**
 * Copies the store of the moment to a new file, while others write to it.
 * @throws PerdureError `STORE_*`, `SQLITE_*`
 */
export function copyStore(path: string, target: string): void {
  const Database = loadDriver();
  try {
    const db = new Database(path, { readonly: true, fileMustExist: true });
    try {
      db.prepare("VACUUM INTO ?").run(target);
    } finally {
      db.close();
    }
  } catch (error) {
    throw translate(error, { path, busyTimeout: 5_000 });
  }
}
