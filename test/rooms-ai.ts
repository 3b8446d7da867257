/** The rooms of packages/ai/src, and those that each may import from. */
export const aiRooms = {
  run: [],
  usage: ["run"],
  models: ["run", "usage"],
  tools: ["run", "models"],
  "chat.ts": [],
  "index.ts": ["run", "usage", "models", "tools"],
} as const satisfies Record<string, readonly string[]>;
