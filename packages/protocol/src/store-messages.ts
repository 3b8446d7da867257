import { define } from "./message.ts";

/** The messages about stores. */
export const storeMessages = {
  STORE_URL_INVALID: define((p: { url: string }) => ({
    text: `"${p.url}" is not a valid store URL`,
    hint: 'use "sqlite:path/to/file.db", "postgres://user@host/database", "memory:", or a store instance',
  })),
  STORE_UNAVAILABLE: define((p: { scheme: string; package?: string }) => ({
    text:
      p.package === undefined
        ? `this version of Perdure has no "${p.scheme}:" store`
        : `the package ${p.package}, which has the "${p.scheme}:" store, is not installed`,
    hint:
      p.package === undefined
        ? 'use "sqlite:path/to/file.db" or "postgres://…", or pass an instance that implements the store contract'
        : `run \`npm install ${p.package}\`; in a program that is bundled into one file, import the store from there and pass it to configure()`,
  })),
  STORE_UNREACHABLE: define((p: { name: string; detail: string }) => ({
    text: `the server of the store ${p.name} cannot be reached, or does not answer: ${p.detail}`,
    hint: "check that the server runs and takes connections; what was sent to it may or may not have been done, and is asked again when it answers",
  })),
  STORE_REFUSED: define((p: { name: string; detail: string }) => ({
    text: `the server of the store ${p.name} refuses: ${p.detail}`,
    hint: "check the user, the password, the database and the schema of the store's URL, and the rights of that user",
  })),
  STORE_IS_DIRECTORY: define((p: { path: string }) => ({
    text: `the path of the store, ${p.path}, is a directory`,
    hint: "use a file in this directory, for example sqlite:" + p.path.replace(/\/$/, "") + "/perdure.db",
  })),
  STORE_NO_DIRECTORY: define((p: { path: string }) => ({
    text: `the directory of the store ${p.path} does not exist`,
    hint: "create the directory, or use another path",
  })),
  STORE_READ_ONLY: define((p: { path: string }) => ({
    text: `the store ${p.path} is not writable`,
    hint: "give this user write access to the file and to its directory: SQLite writes -wal and -shm files beside the database",
  })),
  STORE_CORRUPT: define((p: { path: string; detail: string }) => ({
    text: `the store ${p.path} is damaged or is not an SQLite database: ${p.detail}`,
    hint: "restore the file from a backup, or move it away to start with an empty store",
  })),
  STORE_FOREIGN: define((p: { path: string }) => ({
    text: `${p.path} is an SQLite database that belongs to another program`,
    hint: "use a separate file for Perdure",
  })),
  STORE_NEWER: define((p: { path: string; found: number; known: number; package: string }) => ({
    text: `the store ${p.path} has schema version ${p.found}; this version of Perdure supports schema versions up to ${p.known}`,
    hint: `upgrade the package ${p.package} to the version that migrated the store; a store is never migrated back`,
  })),
  STORE_OLDER: define((p: { name: string; found: number; known: number; detail: string }) => ({
    text:
      p.found === 0
        ? `there is no store in ${p.name} yet, and its user may not create one: ${p.detail}`
        : `the store ${p.name} has schema version ${p.found}, this version of Perdure needs version ${p.known}, and its user may not migrate it: ${p.detail}`,
    hint: "run `perdure migrate --store postgres://…` as the user that owns the schema, before the programs of this version start",
  })),
  STORE_BUSY: define((p: { path: string; ms: number }) => ({
    text: `another process kept the store ${p.path} locked for ${p.ms} ms`,
    hint: "look for a program that holds a long transaction on the file",
  })),
  STORE_NOT_DURABLE: define((p: { path: string; detail: string; hint: string }) => ({
    text: `the store ${p.path} cannot use the settings that make commits durable: ${p.detail}`,
    hint: p.hint,
  })),
  STORE_IO: define((p: { path: string; detail: string }) => ({
    text: `a disk error occurred while reading or writing the store ${p.path}: ${p.detail}`,
    hint: "free some disk space, or check the disk; every run continues from its last checkpoint",
  })),
  STORE_CLOSED: define((p: { name: string }) => ({
    text: `the store ${p.name} is not open`,
    hint: "call open() before any other method, and no method after close()",
  })),
  SQLITE_NOT_LOADED: define((p: { detail: string }) => ({
    text: `the SQLite driver better-sqlite3 cannot be loaded: ${p.detail}`,
    hint: "run `npm rebuild better-sqlite3` (with pnpm: `pnpm approve-builds`), because an install script builds or downloads its native part; if the package is missing, run `npm install better-sqlite3`",
  })),
  SQLITE_DRIVER: define((p: { version: string; node: string }) => ({
    text: `better-sqlite3 ${p.version} crashes on Node ${p.node}`,
    hint: "install better-sqlite3@12, or use Node 22 or later",
  })),
  STORE_REPLACED: define((p: { path: string }) => ({
    text: `the file ${p.path} was deleted or replaced while it was in use: what was written to it since is lost`,
    hint: "restart the process; stop all processes before you move, restore or delete a store",
  })),
  STORE_TIMEOUT: define((p: { name: string; method: string; ms: number }) => ({
    text: `the store ${p.name} did not answer ${p.method} within ${p.ms} ms`,
    hint: "check the store and the network; runs resume when it answers again",
  })),
};
