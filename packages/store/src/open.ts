import { PerdureError } from "@perdure/protocol";
import type { Store } from "./contract.ts";
import { lazyStore } from "./lazy-store.ts";
import { memoryStore } from "./memory/store.ts";
import { sqliteStore, type SqliteOptions } from "./sqlite/store.ts";

/** The packages that have stores, by the scheme of their URLs, and what the function in each is called. */
const elsewhere: Readonly<Record<string, { readonly name: string; readonly make: string }>> = {
  postgres: { name: "perdure-postgres", make: "postgresStore" },
  postgresql: { name: "perdure-postgres", make: "postgresStore" },
};
const unknown = new Set(["redis", "rediss"]);

/** The store with this URL: `sqlite:path/to/file.db`, `memory:`, or `postgres://…`, which the package perdure-postgres has. */
export function openStore(url: string, options: SqliteOptions = {}): Store {
  const [, scheme = "", rest = ""] = /^([a-z]+):(.*)$/su.exec(url) ?? [];
  if (scheme === "memory" && rest === "") return memoryStore();
  // `sqlite://x` is relative for some programs and absolute for others, so it is refused
  if (scheme === "sqlite" && !rest.startsWith("//")) return sqliteStore(rest, options);
  const found = elsewhere[scheme];
  if (found && rest.startsWith("//") && URL.canParse(url)) return lazyStore(url, { scheme, ...found, options });
  if (unknown.has(scheme)) throw new PerdureError("STORE_UNAVAILABLE", { scheme });
  throw new PerdureError("STORE_URL_INVALID", { url });
}
