import { join } from "node:path";
import { memoryStore, sqliteStore, type Store } from "perdure";
import { documentStore } from "./contract/document-store.ts";
import { temporaryDirectory } from "./directories.ts";

/** A store of each kind, by name. */
export const stores: Record<string, () => Store> = {
  "in-memory": memoryStore,
  SQLite: () => sqliteStore(join(temporaryDirectory(), "test.db")),
  "user-defined asynchronous": () => documentStore(),
};
