import { createRequire } from "node:module";
import { join } from "node:path";
import { PerdureError } from "@perdure/protocol";
import type BetterSqlite3 from "better-sqlite3";

export type Connection = BetterSqlite3.Database;
export type Driver = typeof BetterSqlite3;

/** Loads better-sqlite3 at the moment a SQLite store is opened, so that programs without one never do. */
export function loadDriver(): Driver {
  // A bundle in CommonJS format has no import.meta.url.
  const require = createRequire(import.meta.url || join(process.cwd(), "index.js"));
  try {
    const { version }: { version: string } = require("better-sqlite3/package.json");
    assertDriver(version, process.versions);
    return require("better-sqlite3");
  } catch (error) {
    throw error instanceof PerdureError ? error : notLoaded(error);
  }
}

/** From version 13 on, the driver needs Node-API 10 and ends the process with a segmentation fault where it is missing. */
export function assertDriver(version: string, { node, napi }: { readonly node: string; readonly napi?: string }): void {
  if (Number.parseInt(version, 10) >= 13 && Number(napi ?? 0) < 10) throw new PerdureError("SQLITE_DRIVER", { version, node });
}

export function notLoaded(cause: unknown): PerdureError {
  const detail = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
  return new PerdureError("SQLITE_NOT_LOADED", { detail }, { cause });
}
