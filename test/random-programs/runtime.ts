/** Internals of the runtime that the tests of random programs use. */
export { createCodec, versioned } from "../../packages/runtime/src/codec.ts";
export type { Clock } from "../../packages/runtime/src/clock.ts";
export { fingerprint } from "../../packages/runtime/src/fingerprint.ts";
export type { StepEvent } from "../../packages/runtime/src/host.ts";
export { registry, workflowOf, type AnyFunction } from "../../packages/runtime/src/registry.ts";
export { Runtime } from "../../packages/runtime/src/runtime.ts";
