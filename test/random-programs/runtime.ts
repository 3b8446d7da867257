/** Internals of the runtime that the tests of random programs use. */
export type { StepEvent } from "../../packages/runtime/src/config/events.ts";
export type { AnyFunction } from "../../packages/runtime/src/definitions/definition.ts";
export { context } from "../../packages/runtime/src/execution/current.ts";
export { Cancellation } from "../../packages/runtime/src/execution/cancellation.ts";
export { Execution } from "../../packages/runtime/src/execution/execution.ts";
export { bodyOf } from "../../packages/runtime/src/execution/launch.ts";
export { Scope } from "../../packages/runtime/src/execution/scope.ts";
export type { RunInMemory, StepSpec } from "../../packages/runtime/src/execution/step.ts";
export { Worker } from "../../packages/runtime/src/api/worker.ts";
export { workflowOf } from "../../packages/runtime/src/definitions/workflows.ts";
export { Runtime } from "../../packages/runtime/src/process/runtime.ts";
export { createCodec, versioned } from "../../packages/runtime/src/values/codec.ts";
export { keepRejections } from "../../packages/runtime/src/process/rejections.ts";
export { fingerprint, fingerprintOfArguments } from "../../packages/runtime/src/values/fingerprint.ts";
export { installed, modules, workflows } from "../process-state.ts";
