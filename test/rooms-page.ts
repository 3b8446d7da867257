/** The rooms of packages/inspector/page/src, and the rooms that each may import from. There are no cycles. */
export const pageRooms = {
  // what the API answers: packages/inspector/src/api.ts
  src: [],
  model: ["src"],
  net: ["model", "src"],
  parts: ["net", "model", "src"],
  actions: ["parts", "net", "model", "src"],
  runs: ["parts", "net", "model", "src"],
  conversation: ["actions", "parts", "net", "model", "src"],
  timeline: ["parts", "net", "model", "src"],
  run: ["conversation", "timeline", "runs", "actions", "parts", "net", "model", "src"],
  workflows: ["parts", "net", "model", "src"],
  queues: ["parts", "net", "model", "src"],
  schedules: ["parts", "net", "model", "src"],
  waiting: ["actions", "parts", "net", "model", "src"],
  shell: ["waiting", "schedules", "queues", "workflows", "run", "runs", "actions", "parts", "net", "model", "src"],
  "main.tsx": ["shell", "net"],
} as const satisfies Record<string, readonly string[]>;
