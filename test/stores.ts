import { join } from "node:path";
import { memoryStore, sqliteStore, type Store } from "perdure";
import type { Awaitable, Claimed, NextRuns } from "../packages/store/src/contract.ts";
import { wrapStore, type StoreMethod } from "../packages/store/src/wrap-store.ts";
import { documentStore } from "./contract/document-store.ts";
import { temporaryDirectory } from "./directories.ts";

/** A store of each kind, by name. */
export const stores: Record<string, () => Store> = {
  "in-memory": memoryStore,
  SQLite: () => sqliteStore(join(temporaryDirectory(), "test.db")),
  "user-defined asynchronous": () => documentStore(),
};

/** A store whose claims do not bring the steps of the runs: these are read afterwards. */
export const withoutSteps = (store: Store): Store =>
  wrapStore(store, <R>(method: StoreMethod, perform: () => Awaitable<R>): Awaitable<R> => {
    const answer = perform();
    const without = <C extends Claimed | undefined>(claims: readonly C[]) =>
      claims.map((claimed) => claimed && (({ steps: _, ...rest }) => rest)(claimed));
    if (method === "claimRuns") return without(answer as (Claimed | undefined)[]) as R;
    if (method !== "claimNext") return answer;
    const next = answer as NextRuns;
    return { ...next, claimed: without(next.claimed) } as R;
  });
