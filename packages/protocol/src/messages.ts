/** One message: what happened, in the user's own names, and what to do about it. */
export interface Message {
  readonly text: string;
  readonly hint: string;
}

const define = <P>(make: (params: P) => Message) => make;

/** Everything Perdure says when something is wrong at run time. The golden test quotes each. */
export const messages = {
  STORE_URL_INVALID: define((p: { url: string }) => ({
    text: `"${p.url}" is not a store`,
    hint: 'use "sqlite:path/to/file.db", "memory:", or a store instance',
  })),
  STORE_UNAVAILABLE: define((p: { scheme: string }) => ({
    text: `there is no "${p.scheme}:" store in this version of Perdure`,
    hint: 'use "sqlite:path/to/file.db" or "memory:", or pass an instance that implements the store contract',
  })),
  STORE_IS_DIRECTORY: define((p: { path: string }) => ({
    text: `the store ${p.path} is a directory`,
    hint: "name a file in it, for example sqlite:" + p.path.replace(/\/$/, "") + "/perdure.db",
  })),
  STORE_NO_DIRECTORY: define((p: { path: string }) => ({
    text: `the directory of the store ${p.path} does not exist`,
    hint: "create it first, or name another file",
  })),
  STORE_READ_ONLY: define((p: { path: string }) => ({
    text: `the store ${p.path} cannot be written`,
    hint: "give this user write access to the file and to its directory (SQLite writes -wal and -shm files beside it)",
  })),
  STORE_CORRUPT: define((p: { path: string; detail: string }) => ({
    text: `the store ${p.path} is not an intact SQLite database: ${p.detail}`,
    hint: "restore it from a backup, or move the file away to start with an empty store",
  })),
  STORE_FOREIGN: define((p: { path: string }) => ({
    text: `${p.path} is an SQLite database of another program`,
    hint: "name a file of its own for Perdure",
  })),
  STORE_NEWER: define((p: { path: string; found: number; known: number }) => ({
    text: `the store ${p.path} has schema ${p.found}; this version of Perdure knows schemas up to ${p.known}`,
    hint: "upgrade the perdure package to the version that wrote the store",
  })),
  STORE_BUSY: define((p: { path: string; ms: number }) => ({
    text: `the store ${p.path} stayed locked by another process for ${p.ms} ms`,
    hint: "look for a program that holds a long transaction on the file",
  })),
  STORE_NOT_DURABLE: define((p: { path: string; detail: string }) => ({
    text: `the store ${p.path} does not accept the settings that make a commit durable: ${p.detail}`,
    hint: "put the file on a local file system that supports SQLite's WAL mode",
  })),
  SQLITE_DRIVER: define((p: { version: string; node: string }) => ({
    text: `better-sqlite3 ${p.version} crashes on Node ${p.node}`,
    hint: "install better-sqlite3@12, or run on Node 22 or later",
  })),
} satisfies Record<string, (params: never) => Message>;

export type MessageCode = keyof typeof messages;
export type MessageParams<C extends MessageCode> = Parameters<(typeof messages)[C]>[0];
