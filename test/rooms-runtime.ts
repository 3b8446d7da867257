/** The rooms of packages/runtime/src, and the rooms that each may import from. There are no cycles. */
export const runtimeRooms = {
  "process-wide.ts": [],
  values: [],
  renames: [],
  config: ["renames", "values"],
  definitions: ["config", "renames", "values", "process-wide.ts"],
  history: ["definitions", "renames", "values"],
  execution: ["history", "definitions", "config", "values", "process-wide.ts"],
  steps: ["execution", "definitions", "config", "values"],
  process: ["execution", "history", "definitions", "config", "renames", "values", "process-wide.ts"],
  compiled: ["process", "steps", "execution", "definitions", "values"],
  api: ["process", "steps", "execution", "definitions", "config", "values"],
  "test-kit": ["process", "steps", "execution", "definitions", "config", "values"],
  "index.ts": ["api", "process", "steps", "execution", "config", "values"],
  "internal.ts": ["compiled"],
  "testing.ts": ["test-kit", "process", "config"],
  "tools.ts": ["process", "history", "definitions", "values"],
} as const satisfies Record<string, readonly string[]>;
