import { closeSync, openSync, statSync, type Stats } from "node:fs";
import { dirname, sep } from "node:path";
import { elapsed, PerdureError } from "@perdure/protocol";
import type { SchemaVersions } from "../contract.ts";
import { loadDriver, notLoaded, type Connection } from "./driver.ts";
import { primary, resultCode, translate, type Place } from "./errors.ts";
import { assertOurs, migrate, versions } from "./migrate.ts";
import { migrations } from "./migrations/index.ts";
import { transactions } from "./transaction.ts";

export type Durability = "full" | "normal";

export interface Settings {
  readonly journalMode: string;
  /** 1 is NORMAL, 2 is FULL. */
  readonly synchronous: number;
  readonly busyTimeout: number;
}

/** Opens the file, durable and with the schema of this version. Several processes may create the same file at the same time. */
export function connect(place: Place, durability: Durability): Connection {
  assertPlace(place.path);
  const open = openFile(place);
  try {
    return untilFree(place.busyTimeout, () => prepare(open, place, durability));
  } catch (error) {
    open.close();
    throw translate(error, place);
  }
}

/** Migrates the file, unless it is only to be looked at, and closes it again. */
export function migrateFile(place: Place, { check = false }: { readonly check?: boolean } = {}): SchemaVersions {
  loadDriver(); // first: a driver that cannot be loaded is an error even where there is no file
  assertPlace(place.path);
  const before = look(place.path) ? readVersions(place) : { found: 0, known: migrations.length };
  if (!check) connect(place, "full").close();
  return before;
}

function readVersions(place: Place): SchemaVersions {
  const Database = loadDriver();
  try {
    const db = new Database(place.path, { readonly: true, timeout: place.busyTimeout });
    try {
      return versions(db, place.path);
    } finally {
      db.close();
    }
  } catch (error) {
    throw translate(error, place);
  }
}

/** The settings of the connection, as SQLite reports them. */
export function settings(db: Connection): Settings {
  return {
    journalMode: String(db.pragma("journal_mode", { simple: true })),
    synchronous: Number(db.pragma("synchronous", { simple: true })),
    busyTimeout: Number(db.pragma("busy_timeout", { simple: true })),
  };
}

function assertPlace(path: string): void {
  const found = look(path);
  if (found?.isDirectory() || path.endsWith("/") || path.endsWith(sep))
    throw new PerdureError("STORE_IS_DIRECTORY", { path });
  if (!found && !look(dirname(path))?.isDirectory()) throw new PerdureError("STORE_NO_DIRECTORY", { path });
  // SQLite treats a file that is too short for a database as empty, and would overwrite it.
  if (found && found.size > 0 && found.size < 512)
    throw new PerdureError("STORE_CORRUPT", { path, detail: "file is not a database" });
}

/** Identifies the file behind a path; undefined when there is none. */
export function fileIdentity(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}

function look(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new PerdureError("STORE_READ_ONLY", { path }, { cause: error });
  }
}

function openFile(place: Place): Connection {
  const Database = loadDriver();
  createPrivate(place.path);
  try {
    return planningOnce(new Database(place.path, { timeout: place.busyTimeout }));
  } catch (error) {
    throw resultCode(error) === undefined ? notLoaded(error) : translate(error, place);
  }
}

/**
 * Lets SQLite plan each statement once. From 3.54 on, its planner asks for the value of a parameter in a statement with an order, DISTINCT or max(), and
 * SQLite then prepares the statement anew whenever a value is bound, which takes up to ten times as long as to execute it. A plus sign, which does nothing
 * else, hides the parameters from the planner.
 */
export function planningOnce(db: Connection): Connection {
  const prepare = db.prepare.bind(db);
  db.prepare = ((source: string) => prepare(source.replace(/\?|@\w+/g, "+$&"))) as Connection["prepare"];
  return db;
}

/** A new file is readable by its owner only: runs hold whatever the program works with. SQLite gives the files beside it the same mode. */
function createPrivate(path: string): void {
  if (look(path)) return;
  try {
    closeSync(openSync(path, "a", 0o600));
  } catch {
    // SQLite cannot create it either, and says why
  }
}

function prepare(db: Connection, { path }: Place, durability: Durability): Connection {
  transactions(db).read(() => assertOurs(db, path));
  db.pragma("journal_mode = WAL");
  db.pragma(`synchronous = ${durability === "full" ? "FULL" : "NORMAL"}`);
  assertDurable(path, durability, settings(db));
  migrate(db, path);
  return db;
}

export function assertDurable(path: string, durability: Durability, { journalMode, synchronous }: Settings): void {
  if (journalMode === "wal" && synchronous === (durability === "full" ? 2 : 1)) return;
  throw new PerdureError("STORE_NOT_DURABLE", {
    path,
    detail: `journal_mode is ${journalMode}, synchronous is ${synchronous}`,
    hint: "put the file on a local file system that supports SQLite's WAL mode",
  });
}

/** SQLite's own timeout does not cover the switch to WAL mode, and two processes that open a new file both switch. */
function untilFree<T>(timeout: number, attempt: () => T): T {
  const deadline = elapsed() + timeout;
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error) || elapsed() >= deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

function isBusy(error: unknown): boolean {
  return ["SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL"].includes(primary(resultCode(error) ?? ""));
}
