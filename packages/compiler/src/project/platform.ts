import type { ChanceSource } from "@perdure/protocol";
import type { Impurity } from "../phases/2-analyze/model/analysis.ts";
import type { ReadSummary } from "../phases/2-analyze/model/summary.ts";

type Form = ReadSummary["form"];

const chanceFunctions: ReadonlyMap<string, ChanceSource> = new Map([
  ["Date.now", "now"],
  ["performance.now", "elapsed"],
  ["Math.random", "random"],
  ["crypto.randomUUID", "uuid"],
  ["crypto.getRandomValues", "bytes"],
]);

/** What a use of something of the platform gives, when that is clock or chance that every replay repeats. */
export function chanceOf(path: string, form: Form): ChanceSource | undefined {
  if (path === "Date") return form === "new()" ? "date" : form === "call" ? "text" : undefined;
  return form === "call" || form === "value" ? chanceFunctions.get(path) : undefined;
}

const ioModules =
  "fs|http|https|http2|net|tls|dgram|dns|child_process|worker_threads|cluster|readline|repl|sqlite|inspector";

const kinds: readonly (readonly [Impurity["kind"], RegExp])[] = [
  [
    "io",
    new RegExp(`^(?:fetch|XMLHttpRequest|WebSocket|EventSource|navigator\\.sendBeacon)$|^node:(?:${ioModules})[./]`),
  ],
  [
    "timer",
    /^(?:setTimeout|setInterval|setImmediate|AbortSignal\.timeout|Atomics\.wait(?:Async)?|scheduler\.\w+)$|^node:timers\/promises\./,
  ],
  // how a bundle was built is no environment
  [
    "environment",
    /^process\.(?:(?!env\.NODE_ENV\b)env|argv|cwd|pid|ppid|memoryUsage|cpuUsage|platform|stdin)\b|^node:os\.|^navigator\b/,
  ],
  [
    "clock",
    /^process\.(?:hrtime|uptime)\b|^performance\.timeOrigin$|^Temporal\.Now\b|^node:crypto\.(?:random|generate)|^(?:Date|Math|crypto|performance)$/,
  ],
];

/** What is wrong with a use in a workflow of something of the platform. */
export function impurityOf(path: string, form: Form): Impurity["kind"] | undefined {
  if (chanceOf(path, form) !== undefined) return undefined;
  // a class or namespace that is handed on may be used for anything; called, only what is called counts
  if (/^(?:Date|Math|crypto|performance)$/.test(path)) return form === "value" ? "clock" : undefined;
  return kinds.find(([, pattern]) => pattern.test(path))?.[0];
}
