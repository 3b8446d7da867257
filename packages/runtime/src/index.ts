export { complete, getRun, listRuns, recover, start, worker, type ListOptions } from "./api.ts";
export type { Clock } from "./clock.ts";
export type { ClassCodec, Codec } from "./codec.ts";
export { taskContext } from "./current.ts";
export { close, configure } from "./default-runtime.ts";
export type { Duration } from "./duration.ts";
export { CancelledError, FatalError, RetryableError, TimeoutError } from "./errors.ts";
export type { Logger, LogLevel } from "./logger.ts";
export {
  constant,
  exponential,
  linear,
  taskOptions,
  workflowOptions,
  type Backoff,
  type TaskOptions,
  type WorkflowOptions,
} from "./options.ts";
export type { Run, RunInfo, RunStatus } from "./run.ts";
export type { RuntimeOptions } from "./runtime-options.ts";
export type { StandardSchema } from "./schema.ts";
export type { TaskContext } from "./task.ts";
export { keyed, signal, sleep, type SignalOptions } from "./waits.ts";
export type { Worker, WorkerOptions } from "./worker.ts";
export { PerdureError } from "@perdure/protocol";
export { memoryStore, openStore, sqliteStore } from "@perdure/store";
export type * from "@perdure/store/contract";
