import { PerdureError } from "@perdure/protocol";

/** The details of a store that its errors name. */
export interface Place {
  readonly path: string;
  readonly busyTimeout: number;
}

/** SQLite's result code (https://sqlite.org/rescode.html), such as `SQLITE_BUSY`, or undefined for any other error. */
export function resultCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  return error.code.startsWith("SQLITE_") && !(error instanceof PerdureError) ? error.code : undefined;
}

/** Translates an SQLite error about the file or the disk into a `PerdureError`. Returns every other error unchanged. */
export function translate(error: unknown, { path, busyTimeout: ms }: Place): unknown {
  const code = resultCode(error);
  if (code === undefined || !(error instanceof Error)) return error;
  const detail = error.message;
  const cause = { cause: error };
  switch (primary(code)) {
    case "SQLITE_BUSY":
    case "SQLITE_LOCKED":
    case "SQLITE_PROTOCOL":
      return new PerdureError("STORE_BUSY", { path, ms }, cause);
    case "SQLITE_READONLY":
    case "SQLITE_CANTOPEN":
    case "SQLITE_PERM":
    case "SQLITE_AUTH":
      return new PerdureError("STORE_READ_ONLY", { path }, cause);
    case "SQLITE_CORRUPT":
    case "SQLITE_NOTADB":
    case "SQLITE_FORMAT":
      return new PerdureError("STORE_CORRUPT", { path, detail }, cause);
    case "SQLITE_IOERR":
    case "SQLITE_FULL":
    case "SQLITE_NOLFS":
      return new PerdureError("STORE_IO", { path, detail }, cause);
    default:
      return error;
  }
}

/** The primary code of an extended one: `SQLITE_BUSY` for `SQLITE_BUSY_SNAPSHOT`. */
export function primary(code: string): string {
  return code.split("_", 2).join("_");
}
