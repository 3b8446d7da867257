import { PerdureError } from "@perdure/protocol";
import type { Store } from "./contract.ts";
import { memoryStore } from "./memory/store.ts";
import { sqliteStore, type SqliteOptions } from "./sqlite/store.ts";

const elsewhere = new Set(["postgres", "postgresql", "redis", "rediss"]);

/** The store with this URL: `sqlite:path/to/file.db` or `memory:`. */
export function openStore(url: string, options: SqliteOptions = {}): Store {
  const [, scheme = "", rest = ""] = /^([a-z]+):(.*)$/su.exec(url) ?? [];
  if (scheme === "memory" && rest === "") return memoryStore();
  // `sqlite://x` is relative for some programs and absolute for others, so it is refused
  if (scheme === "sqlite" && !rest.startsWith("//")) return sqliteStore(rest, options);
  if (elsewhere.has(scheme)) throw new PerdureError("STORE_UNAVAILABLE", { scheme });
  throw new PerdureError("STORE_URL_INVALID", { url });
}
