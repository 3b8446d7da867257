import type { Database } from "../connection/database.ts";
import type { Batch } from "./batch.ts";
import type { Held } from "./held.ts";
import type { Recent } from "@perdure/store/recent";

/** What each request needs of an open store. */
export interface Session {
  readonly database: Database;
  /** The time of a test's clock, or null: the server's clock decides. */
  readonly now: () => number | null;
  readonly held: Held;
  readonly batches: Recent<Batch>;
}

/** Makes a request once the store is open. */
export type Use = <T>(request: (session: Session) => Promise<T>) => Promise<T>;
