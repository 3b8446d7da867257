import { AsyncLocalStorage } from "node:async_hooks";
import { PerdureError } from "@perdure/protocol";
import type { Body } from "../definitions/definition.ts";
import { processWide } from "../process-wide.ts";
import type { StreamSource } from "../streams/log.ts";
import type { Scope } from "./scope.ts";
import type { RunInMemory, StepSpec } from "./step.ts";

/** What a task can know of the attempt that runs it. */
export interface TaskContext {
  readonly runId: string;
  readonly stepId: string;
  /** 1 for the first attempt; attempts before a crash count. */
  readonly attempt: number;
  /** The same in every attempt, also after a crash. No other step of any run has it. */
  readonly idempotencyKey: string;
  /** Aborted when the attempt takes too long, the run is cancelled, or this process loses the run. */
  readonly signal: AbortSignal;
}

/** An attempt of a task, for the tasks that it calls. */
export interface Attempt {
  call(spec: StepSpec): Promise<unknown>;
  /** The attempt, as a writer to streams. */
  readonly streamSource: StreamSource;
}

/** What the current code runs in: a scope of a run, an attempt of a task, or `bodyOf`, which fetches a workflow's body. */
export type Context =
  | Scope
  | {
      readonly kind: "task";
      readonly execution: RunInMemory;
      readonly task: TaskContext;
      readonly attempt: Attempt;
    }
  | { readonly kind: "launch"; body: Body | undefined };

/** The context of the current code; undefined outside of Perdure. */
export const context = processWide("context", () => new AsyncLocalStorage<Context>());

/** The scope of a run that the calling code is in; undefined outside of runs and inside tasks. */
export function currentScope(): Scope | undefined {
  const current = context.getStore();
  return current?.kind === "scope" ? current : undefined;
}

/**
 * The attempt that the calling code belongs to.
 * @throws PerdureError `NOT_IN_A_TASK`
 */
export function taskContext(): TaskContext {
  const current = context.getStore();
  if (current?.kind === "task") return current.task;
  throw new PerdureError("NOT_IN_A_TASK", {});
}
