export {
  constant,
  exponential,
  linear,
  type Backoff,
  type TaskOptions,
  type WorkflowOptions,
} from "./config/task-options.ts";
export { taskOptions, workflowOptions } from "./api/options.ts";
export { progress, workflowContext, type WorkflowContext } from "./api/context.ts";
export type { RunEvent } from "./api/events.ts";
export type { RunExecution } from "./api/executions.ts";
export type { FailedAttempt, RunDetails, RunInfo, StepInfo, Wait } from "./api/info.ts";
export { prune, type PruneOptions } from "./api/prune.ts";
export type { Run, RunStatus } from "./api/run.ts";
export {
  complete,
  countRuns,
  getRun,
  listRuns,
  recover,
  start,
  subscribe,
  worker,
  type ListOptions,
} from "./api/runs.ts";
export { getSchedule, schedule, schedules, unschedule, type Schedule, type ScheduleInfo } from "./api/schedules.ts";
export { cancelMany, retryMany, startMany, type ManyOptions, type ManyResult } from "./api/bulk.ts";
export type { Worker, WorkerOptions, WorkerState } from "./api/worker.ts";
export type { Clock } from "./config/clock.ts";
export type { FlowOptions, Limits, Rate } from "./config/flow-options.ts";
export type { Duration } from "./config/duration.ts";
export type { RunHappened, RuntimeEvent, StepEvent, StepHappened } from "./config/events.ts";
export type { AttemptInfo, CommitInfo, ExecutionInfo, Gauges, Instrumentation } from "./config/instrumentation.ts";
export type { Logger, LogLevel } from "./config/logger.ts";
export type { StreamOptions } from "./config/stream-options.ts";
export type { Redacted, Retention, RuntimeOptions } from "./config/settings.ts";
export { taskContext, type TaskContext } from "./execution/current.ts";
export { Queue, queue, queues, type QueueInfo, type QueueKeyInfo, type QueueOptions } from "./api/queues.ts";
export type { BatchOptions, Debounce, StartManyOptions, StartOptions, ThrottleOptions } from "./api/start-options.ts";
export { close, configure } from "./process/default-runtime.ts";
export type { ScheduleOptions } from "./schedules/define.ts";
export type { CatchUp } from "./schedules/due.ts";
export { keyed } from "./steps/keyed.ts";
export { shield } from "./steps/shield.ts";
export { signal, type SignalOptions } from "./steps/signal.ts";
export { sleep } from "./steps/sleep.ts";
export { writable } from "./steps/writable.ts";
export type { Readable, ReadableOptions, StreamChunk, StreamEntry, StreamReset } from "./streams/readable.ts";
export { toResponse, type ResponseOptions } from "./streams/response.ts";
export type { WritableOptions } from "./streams/run-streams.ts";
export type { ClassCodec, Codec } from "./values/codec.ts";
export { CancelledError, FatalError, ProcessDiedError, RetryableError, TimeoutError } from "./values/errors.ts";
export type { StandardSchema } from "./values/schema.ts";
export { PerdureError } from "@perdure/protocol";
export { memoryStore, openStore, sqliteStore } from "@perdure/store";
export type * from "@perdure/store/contract";
