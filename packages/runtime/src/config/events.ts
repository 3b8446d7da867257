import type { StepKind } from "@perdure/store";

/** What happened to a step: an attempt began, it completed, its record was replayed, it failed after its last attempt, it will be retried, it waits. */
export type StepEvent = "started" | "executed" | "replayed" | "failed" | "retrying" | "waiting";

interface Happened {
  readonly at: Date;
  readonly run: string;
  readonly workflow: string;
  /** Id of the run that called the workflow and waits for it. */
  readonly parent?: string;
  /** Where it was called, such as `src/orders.ts:12:18`: the step, or the step that a failed run ended with. */
  readonly location?: string;
  /** As `configure({ redact })` lets it be shown. */
  readonly error?: unknown;
}

/**
 * What happened to a run in this process. `released`: it waits, or another process may continue it. `blocked`: it was stopped over its code or its
 * values. `stopped`: over something that may pass, such as a store that fails; it is tried again. `lost`: another process has it.
 */
export interface RunHappened extends Happened {
  readonly subject: "run";
  readonly type:
    "started" | "resumed" | "released" | "completed" | "failed" | "cancelled" | "blocked" | "stopped" | "lost";
  readonly createdAt: Date;
  /** When a released run continues without an event from outside. */
  readonly wakeAt?: Date;
  /** Id of the step that a failed run ended with. */
  readonly step?: string;
}

export interface StepHappened extends Happened {
  readonly subject: "step";
  readonly type: StepEvent;
  readonly step: string;
  readonly kind: StepKind;
  readonly name: string;
  /** Number of the attempt that this is about, from 1; 0 for a wait. */
  readonly attempt: number;
  readonly startedAt: Date;
  readonly finishedAt?: Date;
  /** When the wait ends, or the next attempt begins. */
  readonly dueAt?: Date;
}

/** Something that happened in this process. The outcome of a step is durable soon after its event, or not at all if the process ends in between. */
export type RuntimeEvent = RunHappened | StepHappened;
