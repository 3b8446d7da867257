import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { close, configure, openStore, type Store } from "perdure";
import { copyStore } from "perdure/tools";
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
  /** Whether a store that does not exist is made. */
  readonly create?: boolean;
  /** Whether nothing is written, so that a copy will do. */
  readonly reads?: boolean;
}

/**
 * Opens the store without the program, calls `work`, and closes it. Runs are not resumed, since no workflow is loaded. An old store is not migrated: services
 * that use it might not understand it any more. What only reads gets a copy of an old file, which is migrated.
 */
export async function withStore<T>(
  options: StoreOption,
  work: (store: Store) => Promise<T>,
  { create = false, reads = false }: Use = {},
): Promise<T> {
  const url = storeUrl(options);
  const store = openStore(persistent(url));
  const { found, known } = (await store.migrate?.({ check: true })) ?? { found: 0, known: 0 };
  if (found === 0 && !create) throw missing(url, store);
  if (found === 0 || found >= known) return opened(store, work);
  const file = fileOf(url);
  if (reads && file !== undefined) return withCopy(file, (copy) => opened(openStore(copy), work));
  throw new Failure(
    EXIT.missing,
    "STORE_OLDER",
    `${store.name} has version ${found} of the schema, this perdure works with ${known}\n  → use the perdure of the services that write to it; or, when services with this version are about to start: perdure migrate`,
  );
}

/** @throws Failure for a store that ends with its process */
export function persistent(url: string): string {
  if (url !== "memory:") return url;
  throw new Failure(
    EXIT.usage,
    "STORE_IN_MEMORY",
    "a store in memory is gone with its process: name a file with --store",
  );
}

function missing(url: string, { name }: Store): Failure {
  const file = fileOf(url);
  const [text, hint] =
    file === undefined || existsSync(file)
      ? [
          `there is no store in ${name}`,
          "name another one with --store, or in $PERDURE_STORE; perdure migrate creates it",
        ]
      : [`there is no file ${file}`, "name the store with --store sqlite:path/to/file.db, or in $PERDURE_STORE"];
  return new Failure(EXIT.missing, "STORE_MISSING", `${text}\n  → ${hint}`);
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
