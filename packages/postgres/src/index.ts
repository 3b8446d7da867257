export type { PostgresOptions } from "./connection/place.ts";
export { postgresStore, type PostgresStore } from "./store.ts";
