import type { ChanceSource } from "@perdure/protocol";
import type { Impurity } from "../../phases/2-analyze/model/analysis.ts";
import type { ReadSummary } from "../../phases/2-analyze/model/summary.ts";

type Form = ReadSummary["form"];

const chanceFunctions: ReadonlyMap<string, ChanceSource> = new Map([
  ["Date.now", "now"],
  ["performance.now", "elapsed"],
  ["Math.random", "random"],
  ["crypto.randomUUID", "uuid"],
  ["crypto.getRandomValues", "bytes"],
]);

/** The clock or random source that a use of a platform API reads, if the runtime records it. Every replay then reads the same value. */
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
  // NODE_ENV is part of how a bundle was built, not of the environment
  [
    "environment",
    /^process\.(?:(?!env\.NODE_ENV\b)env|argv|cwd|pid|ppid|memoryUsage|cpuUsage|platform|stdin)\b|^node:os\.|^navigator\b/,
  ],
  [
    "clock",
    /^process\.(?:hrtime|uptime)\b|^performance\.timeOrigin$|^Temporal\.Now\b|^node:crypto\.(?:random|generate)|^(?:Date|Math|crypto|performance)$/,
  ],
];

/** Why a use of a platform API in a workflow does not replay. `undefined` if it does. */
export function impurityOf(path: string, form: Form): Impurity["kind"] | undefined {
  if (chanceOf(path, form) !== undefined) return undefined;
  // a class or namespace that is passed on may be used for anything; in a call, only the member that is called counts
  if (/^(?:Date|Math|crypto|performance)$/.test(path)) return form === "value" ? "clock" : undefined;
  return kinds.find(([, pattern]) => pattern.test(path))?.[0];
}
