import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { close, configure, openStore, type Store } from "perdure";
import { copyStore, schemaOf } from "perdure/tools";
import { EXIT, Failure } from "./failure.ts";
import { readableCodec } from "@perdure/inspector/show";

export interface StoreOption {
  readonly store?: string;
}

/** `--store`, `$PERDURE_STORE`, or the default. */
export const storeUrl = ({ store }: StoreOption): string =>
  store ?? process.env["PERDURE_STORE"] ?? "sqlite:perdure.db";

/** The path of the SQLite file behind the URL. */
export const fileOf = (url: string): string | undefined =>
  url.startsWith("sqlite:") ? resolve(url.slice("sqlite:".length)) : undefined;

interface Use {
  /** Whether a file that does not exist is made. */
  readonly create?: boolean;
  /** Whether nothing is written, so that a copy will do. */
  readonly reads?: boolean;
}

/**
 * Opens the store without the program, calls `work`, and closes it. Runs are not resumed, since no workflow is loaded. An old file is not migrated:
 * services that use it would not understand it any more. What only reads gets a copy that is.
 */
export async function withStore<T>(
  options: StoreOption,
  work: (store: Store) => Promise<T>,
  use: Use = {},
): Promise<T> {
  const url = storeUrl(options);
  if (url === "memory:")
    throw new Failure(
      EXIT.usage,
      "STORE_IN_MEMORY",
      "a store in memory is gone with its process: name a file with --store",
    );
  const old = oldFile(url, use);
  return old === undefined ? opened(openStore(url), work) : withCopy(old, (copy) => opened(openStore(copy), work));
}

/** The same for what only reads. */
export const readStore = <T>(options: StoreOption, work: (store: Store) => Promise<T>): Promise<T> =>
  withStore(options, work, { reads: true });

async function opened<T>(store: Store, work: (store: Store) => Promise<T>): Promise<T> {
  configure({ store, codec: readableCodec(), pollInterval: "250ms", logLevel: "error" });
  try {
    await store.open();
    return await work(store);
  } finally {
    await close();
    await store.close();
  }
}

async function withCopy<T>(path: string, work: (url: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "perdure-copy-"));
  try {
    const copy = join(directory, "copy.db");
    copyStore(path, copy);
    return await work(`sqlite:${copy}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The file, if it is to be copied since its schema is old. */
function oldFile(url: string, { create = false, reads = false }: Use): string | undefined {
  const path = fileOf(url);
  const schema = path === undefined ? undefined : schemaOf(path);
  if (path === undefined || (!schema && create)) return undefined;
  if (!schema)
    throw new Failure(
      EXIT.missing,
      "STORE_MISSING",
      `there is no file ${path}\n  → name the store with --store sqlite:path/to/file.db, or in $PERDURE_STORE`,
    );
  if (!schema.isStore || schema.version >= schema.known) return undefined;
  if (reads) return path;
  throw new Failure(
    EXIT.missing,
    "STORE_OLDER",
    `${path} has version ${schema.version} of the schema, this perdure works with ${schema.known}\n  → use the perdure of the services that write to it, or start one of them with this version: it migrates the file`,
  );
}
