/** The files of packages/restate/src, and those that each may import from. There are no cycles. */
export const restateRooms = {
  "wire.ts": [],
  "http.ts": [],
  "no-store.ts": [],
  "start.ts": ["wire.ts"],
  "signals.ts": ["wire.ts"],
  "race.ts": [],
  "completions.ts": ["race.ts"],
  "children.ts": ["completions.ts", "start.ts", "wire.ts"],
  "engine.ts": ["children.ts", "completions.ts", "signals.ts", "wire.ts"],
  "service.ts": ["engine.ts", "children.ts", "start.ts", "wire.ts"],
  "serve.ts": ["service.ts", "children.ts", "no-store.ts", "http.ts", "wire.ts"],
  "client.ts": ["service.ts", "start.ts", "http.ts", "wire.ts"],
  "index.ts": ["client.ts", "serve.ts", "service.ts"],
} as const satisfies Record<string, readonly string[]>;
