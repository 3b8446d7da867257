export type { PostgresOptions } from "./options.ts";
export { postgresStore, type PostgresStore } from "./store.ts";
