import type { PerdureError } from "@perdure/protocol";
import type { Renames } from "../renames/renames.ts";
import type { Encoded, FinalStatus, RunRow, StepRow, Write } from "@perdure/store";
import type { Clock } from "../config/clock.ts";
import type { ValueStore } from "../values/codec.ts";
import type { TaskOptions } from "../config/task-options.ts";
import type { WorkflowDefinition } from "../definitions/registry.ts";

/** What happened to a step: an attempt begun, done here, given from the record, failed for good, to be tried again, waited for. */
export type StepEvent = "started" | "executed" | "replayed" | "failed" | "retrying" | "waiting";

export interface Settings {
  /** Milliseconds a lease holds without renewal. */
  readonly lease: number;
  /** Milliseconds between two looks at the store for signals, cancellations and runs of other processes. */
  readonly pollInterval: number;
  /** Milliseconds a run may wait before it leaves memory. */
  readonly suspendAfter: number;
  /** Milliseconds a replay waits for a recorded step that the workflow does not ask for. */
  readonly stallTimeout: number;
  readonly nondeterminism: "stop" | "report";
  readonly lostSteps: "stop" | "report";
  readonly checkArguments: boolean;
  readonly renames: Renames;
  readonly defaults: TaskOptions;
}

/** How a run ended. */
export interface RunEnd {
  readonly status: FinalStatus;
  readonly output: Encoded;
}

/** A workflow's body, whatever its parameters: the arguments come from the store. */
export type Body = (...args: unknown[]) => Promise<unknown>;

/** A run to be started, or met when it is there already. */
export interface RunRequest {
  readonly definition: WorkflowDefinition;
  readonly args: readonly unknown[];
  readonly id: string | undefined;
  /** The body at hand; without it the workflow is found by its name. */
  readonly body?: Body;
  readonly parent?: string;
  /** The failure of a run that has failed already is its end, and no reason to try again. */
  readonly keepFailure?: boolean;
}

/** What an execution needs from the runtime around it. */
export interface Host {
  readonly clock: Clock;
  readonly values: ValueStore;
  readonly settings: Settings;
  /** Commits with the other writes of this turn. Answers true, false (the epoch is stale), or the store's error. */
  commit(write: Write, done: (result: unknown) => void): void;
  /** Tells of something that does not stop the run. */
  report(error: PerdureError, run: RunRow): void;
  step(event: StepEvent, run: RunRow, row: StepRow): void;
  /** Records the run and begins it here; resolves with its id. */
  begin(request: RunRequest): Promise<string>;
  /** Resolves when the run has ended, wherever it is executed; takes it up where nobody does. */
  follow(run: string, request?: RunRequest): Promise<RunEnd>;
  cancel(run: string, reason: unknown): Promise<boolean>;
  /** The run is in this process's memory. */
  isActive(run: string): boolean;
  /** Looks at once for deliveries that came before the wait. Never rejects. */
  lookForSignals(run: string): Promise<void>;
}
