import type { PerdureError } from "@perdure/protocol";
import type { Encoded, FinalStatus, RunRow, StepRow, Store, Write } from "@perdure/store";
import type { Clock } from "../config/clock.ts";
import type { StepEvent } from "../config/events.ts";
import type { Logger } from "../config/logger.ts";
import type { Settings } from "../config/settings.ts";
import type { Body, WorkflowDefinition } from "../definitions/definition.ts";
import type { StartRequest } from "../queues/conditions.ts";
import type { SlotDesk } from "../queues/desk.ts";
import type { Tails } from "../streams/tails.ts";
import type { ValueStore } from "../values/codec.ts";

/** How a run ended. */
export interface RunEnd {
  readonly status: FinalStatus;
  readonly output: Encoded;
}

export type IfFailed = "attach" | "retry" | "restart";

/** A run to start, or to attach to when it exists already. */
export interface RunRequest {
  readonly definition: WorkflowDefinition;
  readonly args: readonly unknown[];
  readonly id: string | undefined;
  /** The caller's own body of the workflow. Without it the workflow is found by its name. */
  readonly body?: Body;
  readonly parent?: string;
  /** Of a new run. */
  readonly tags?: readonly string[];
  /** Calls the body and the schema of the input in the asynchronous context of the call. */
  readonly inContext?: <R>(call: () => R) => R;
  /** The function object or instance that is called, for a workflow that it distinguishes the runs of. */
  readonly caller?: object | undefined;
  /** What becomes of a run that has failed already. Default `attach`: its failure is the answer. */
  readonly ifFailed?: IfFailed;
  /** When it begins and ends, and what it joins. */
  readonly conditions?: StartRequest;
}

/** What a step is, for an engine that carries it out in its own way, without `begin` of the step. */
export interface StepDetails {
  /** Milliseconds after which a wait for a signal fails. */
  readonly timeout?: number | undefined;
  /** The run that a `child` or `start` step is about. Its id is made of the caller's, unless the call or the workflow gives one. */
  request?(caller: {
    readonly execution: { readonly run: RunRow };
    readonly call: { readonly id: string };
  }): ChildRequest;
}

/** A run that another run asks for. */
export interface ChildRequest extends RunRequest {
  readonly id: string;
}

/** A run in memory, as far as its lease is concerned. */
export interface LeasedRun {
  readonly run: RunRow;
  /** When the lease ends at the earliest, by the monotonic clock of this process. */
  leaseEndsAt: number;
  /** Another owner has the run. */
  lose(): void;
}

/** What an execution needs from the process around it. */
export interface Host {
  readonly clock: Clock;
  readonly slots: SlotDesk;
  /** The streams that are written and read in this process. */
  readonly tails: Tails;
  readonly values: ValueStore;
  readonly settings: Settings;
  readonly log: Logger;
  /** Begins the idempotency keys of a run, where another run may have its id. */
  readonly keyPrefix?: string;
  /** Its `name`, and whether it has streams. */
  readonly store: Pick<Store, "name" | "readStream">;
  /** Commits together with the other writes of this turn. `done` gets true, false (the epoch is stale), or the store's error. */
  commit(write: Write, done: (isOwned: boolean | undefined, error?: unknown) => void): void;
  /** Reports a problem that does not stop the run. */
  report(error: PerdureError, run: RunRow): void;
  /** Milliseconds of a clock that only runs forward. */
  monotonic(): number;
  /** Renews the lease of a run in memory, or takes the run out of memory when another owner has it. Rejects with the store's error. */
  renew(run: LeasedRun): Promise<void>;
  /** Whether a hook or the log receives events of this type. */
  hears(event: StepEvent): boolean;
  /** Emits an event of a step, for listeners and the log. */
  emit(event: StepEvent, run: RunRow, row: StepRow): void;
  /** Records the run and begins it here. Resolves with its id. */
  begin(request: RunRequest): Promise<string>;
  /** Resolves when the run has ended, in whichever process. Executes it here when nobody else does. */
  follow(run: string, request?: RunRequest): Promise<RunEnd>;
  cancel(run: string, reason: unknown): Promise<boolean>;
  /** Whether a followed run is not in this process's memory (or may be, with `orHere`), nor about to be, and did not have an end when it was last read. */
  isElsewhere(run: string, orHere?: boolean): boolean;
  /** Reads the run's deliveries now: some may have come before the wait. Resolves when they are read, however often the store fails. */
  readSignals(run: string): Promise<void>;
}
