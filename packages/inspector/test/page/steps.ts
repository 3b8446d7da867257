import type { StepItem } from "../../src/api.ts";

/** A step of a run, as the API tells of it. Its id is its path. */
export function stepAt(path: string, given: Partial<StepItem> = {}): StepItem {
  const segments = path.split(/(?<!\/)\//u);
  return {
    id: path,
    kind: "task",
    name: segments.at(-1)?.replace(/^\/|\[\d+\]$/gu, "") ?? "",
    state: "completed",
    path: segments,
    attempts: 1,
    failedAttempts: [],
    startedAt: 0,
    ...(given.state !== "open" && { finishedAt: 10 }),
    ...given,
  };
}
