import { createRequire } from "node:module";
import { join } from "node:path";
import { PerdureError } from "@perdure/protocol";
import type BetterSqlite3 from "better-sqlite3";

export type Connection = BetterSqlite3.Database;
export type Driver = typeof BetterSqlite3;

/** Loads better-sqlite3 only when an SQLite store opens, so that other programs do not need it. */
export function loadDriver(): Driver {
  // A bundle in CommonJS format has no import.meta.url.
  const require = createRequire(import.meta.url || join(process.cwd(), "index.js"));
  try {
    const { version }: { version: string } = require("better-sqlite3/package.json");
    assertDriver(version, process.versions);
    const driver: Driver = require("better-sqlite3");
    return Number.parseInt(version, 10) < 13 ? keeping(driver) : driver;
  } catch (error) {
    throw error instanceof PerdureError ? error : notLoaded(error);
  }
}

/** From version 13 on, the driver needs Node-API 10. Without it, the driver ends the process with a segmentation fault. */
export function assertDriver(version: string, { node, napi }: { readonly node: string; readonly napi?: string }): void {
  if (Number.parseInt(version, 10) >= 13 && Number(napi ?? 0) < 10)
    throw new PerdureError("SQLITE_DRIVER", { version, node });
}

/** All databases and statements of this process, kept by `keeping`. */
const key = Symbol.for("perdure/sqlite-objects@1");
const kept = ((globalThis as { [key]?: object[] })[key] ??= []);

function keep<T extends object>(object: T): T {
  kept.push(object);
  return object;
}

/**
 * Keeps every database and statement, so that none is ever freed. Before version 13 of better-sqlite3, Node 24 aborts the process
 * ("Assertion failed: (env) != nullptr") when its garbage collector frees one. A store has a few dozen. Source: WiseLibs/better-sqlite3#1515.
 */
function keeping(driver: Driver): Driver {
  return class extends driver {
    constructor(path?: string | Buffer, options?: BetterSqlite3.Options) {
      super(path, options);
      const prepare = this.prepare.bind(this);
      this.prepare = ((source: string) => keep(prepare(source))) as Connection["prepare"];
      keep(this);
    }

    /** The inherited method prepares statements itself, and these must be kept too. */
    override pragma(source: string, { simple = false }: BetterSqlite3.PragmaOptions = {}): unknown {
      if (source.includes("=")) {
        this.exec(`PRAGMA ${source}`);
        return [];
      }
      const statement = this.prepare(`PRAGMA ${source}`);
      return simple ? statement.pluck().get() : statement.all();
    }
  } as Driver;
}

export function notLoaded(cause: unknown): PerdureError {
  const detail = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
  return new PerdureError("SQLITE_NOT_LOADED", { detail }, { cause });
}
