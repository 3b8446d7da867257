import { resolve } from "node:path";
import { close, configure, openStore, type Store } from "perdure";
import { schemaOf } from "perdure/tools";
import { EXIT, Failure } from "./failure.ts";
import { readableCodec } from "./values.ts";

export interface StoreOption {
  readonly store?: string;
}

/** `--store`, `$PERDURE_STORE`, or the default. */
export const storeUrl = ({ store }: StoreOption): string =>
  store ?? process.env["PERDURE_STORE"] ?? "sqlite:perdure.db";

/** The path of the SQLite file behind the URL. */
export const fileOf = (url: string): string | undefined =>
  url.startsWith("sqlite:") ? resolve(url.slice("sqlite:".length)) : undefined;

/**
 * Opens the store without the program, calls `work`, and closes it. Runs are not resumed, since no workflow is loaded. A file that does not exist
 * is not created unless `create` is set, and an old one is not migrated: services that use it would not understand it any more.
 */
export async function withStore<T>(
  options: StoreOption,
  work: (store: Store) => Promise<T>,
  { create = false }: { readonly create?: boolean } = {},
): Promise<T> {
  const url = storeUrl(options);
  if (url === "memory:")
    throw new Failure(
      EXIT.usage,
      "STORE_IN_MEMORY",
      "a store in memory is gone with its process: name a file with --store",
    );
  assertCurrent(url, create);
  const store = openStore(url);
  configure({ store, codec: readableCodec(), pollInterval: "250ms", logLevel: "error" });
  try {
    await store.open();
    return await work(store);
  } finally {
    await close();
    await store.close();
  }
}

function assertCurrent(url: string, create: boolean): void {
  const path = fileOf(url);
  if (path === undefined) return;
  const schema = schemaOf(path);
  if (!schema && create) return;
  if (!schema)
    throw new Failure(
      EXIT.missing,
      "STORE_MISSING",
      `there is no file ${path}\n  → name the store with --store sqlite:path/to/file.db, or in $PERDURE_STORE`,
    );
  if (schema.isStore && schema.version < schema.known)
    throw new Failure(
      EXIT.missing,
      "STORE_OLDER",
      `${path} has version ${schema.version} of the schema, this perdure works with ${schema.known}\n  → use the perdure of the services that write to it, or start one of them with this version: it migrates the file`,
    );
}
