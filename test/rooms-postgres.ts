/** The rooms of packages/postgres/src, and the rooms that each may import from. There are no cycles. */
export const postgresRooms = {
  "options.ts": [],
  connection: ["options.ts"],
  functions: [],
  schema: ["functions", "connection"],
  rows: ["connection", "functions"],
  requests: ["rows", "functions", "connection"],
  "store.ts": ["requests", "schema", "connection", "options.ts"],
  "index.ts": ["store.ts", "options.ts"],
} as const satisfies Record<string, readonly string[]>;
