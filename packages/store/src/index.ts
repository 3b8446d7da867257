export * from "./contract.ts";
export { memoryStore } from "./memory.ts";
export { openStore } from "./open.ts";
export { sqliteStore, type SqliteOptions, type SqliteSettings, type SqliteStore } from "./sqlite/store.ts";
