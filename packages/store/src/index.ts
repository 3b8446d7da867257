export * from "./contract.ts";
export { batchInput, OFFER_TIME } from "./flow.ts";
export { memoryStore } from "./memory/store.ts";
export { openStore } from "./open.ts";
export { EARLY_SIGNAL_LIFETIME, hasEnded, isFinal } from "./status.ts";
export { sqliteStore, type SqliteOptions, type SqliteSettings, type SqliteStore } from "./sqlite/store.ts";
export { DURABLE_WRITES, wrapStore, type AroundCall, type StoreMethod } from "./wrap-store.ts";
export { copyStore, schemaOf, type Schema } from "./sqlite/schema.ts";
