/** Internals of the runtime that the tests of random programs use. */
export type { StepEvent } from "../../packages/runtime/src/config/settings.ts";
export type { AnyFunction } from "../../packages/runtime/src/definitions/definition.ts";
export { workflowOf } from "../../packages/runtime/src/definitions/workflows.ts";
export { Runtime } from "../../packages/runtime/src/process/runtime.ts";
export { createCodec, versioned } from "../../packages/runtime/src/values/codec.ts";
export { fingerprint } from "../../packages/runtime/src/values/fingerprint.ts";
export { installed, modules, workflows } from "../process-state.ts";
