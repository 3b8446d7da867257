import type { Gathers, RunPlace, StartConditions } from "./flow.ts";
import type { Encoded, Lease } from "./terms.ts";

export type RunStatus = "pending" | "running" | "waiting" | "completed" | "failed" | "cancelled";
export type FinalStatus = Extract<RunStatus, "completed" | "failed" | "cancelled">;

/** Why a run stopped before it ended. `code` covers the code and the options about changed code; a worker resumes the run only under a different `code`. */
export interface Blocked {
  readonly error: string;
  readonly message: string;
  readonly code: string;
}

export interface RunRow {
  readonly id: string;
  readonly workflow: string;
  /** File of the module that defines the workflow, relative to the project's root. */
  readonly file: string;
  readonly status: RunStatus;
  readonly input: Encoded;
  /** Fingerprint of the input. A call with the same id and another fingerprint is an error. */
  readonly inputHash: string;
  /** The value of a completed run, or the error of a failed or cancelled run. */
  readonly output?: Encoded;
  /** Fingerprint of the code version that recorded the run's latest steps; `getCode` returns its modules. */
  readonly code: string;
  /** Checkpoints up to this `seq` are older than `code`, or older than the latest retry. */
  readonly codeSeq: number;
  /** The code versions that recorded the run's older steps. Only the runtime reads and writes this text. */
  readonly codeHistory?: Encoded;
  /** The secret that seeds the random values of the run. */
  readonly seed: string;
  /** Id of the parent run that waits for this run. */
  readonly parent?: string;
  /** Words that users find the run by. */
  readonly tags?: readonly string[];
  /** Id of the run that this run is a fork of. */
  readonly forkOf?: string;
  /** Name of the schedule that started the run. */
  readonly schedule?: string;
  /** What tracing wants to know of the code that started the run. */
  readonly trace?: string;
  /** Its queue, and its place there. */
  readonly queue?: RunPlace;
  /** It is pending and stands in line for a slot of its queue. */
  readonly inLine?: true;
  /** `input` has the collected inputs of several starts, as `batchInput` writes them. */
  readonly batch?: true;
  readonly gathers?: Gathers;
  /** When the run is cancelled if it has not begun, and if it has not ended. */
  readonly beginBy?: number;
  readonly endBy?: number;
  /** What the run last said of its progress. */
  readonly progress?: Encoded;
  readonly owner?: string;
  readonly epoch: number;
  readonly leaseUntil?: number;
  /** When the last owner gave up the run: released or ended it. Undefined while it has an owner, and before it has had one. */
  readonly releasedAt?: number;
  /** When a waiting run is due. Undefined: only a signal or a cancellation wakes it. */
  readonly wakeAt?: number;
  /** The reason of a requested cancellation, delivered or not. */
  readonly cancel?: Encoded;
  readonly blocked?: Blocked;
  /** The run has failed, and its clean-up has done durable work since: to go on from the failure would build on what was undone. */
  readonly compensated?: true;
  /** The failed steps that ended the run: a retry executes them again. Only a failed run has them. */
  readonly unhandled?: readonly string[];
  /** How often the run was begun again from the top. */
  readonly restarts: number;
  /** How often in a row the run was claimed from an owner that had not released it, without a new checkpoint in between. */
  readonly stalls: number;
  /** When the run was created, or last restarted. */
  readonly createdAt: number;
  /** The time that the workflow reads before its first step: `createdAt`, or that of the original for a fork. */
  readonly startedAt: number;
  /** When the run was last claimed, released, ended, retried, restarted, or requested to cancel. */
  readonly updatedAt: number;
}

export type NewRun = Pick<
  RunRow,
  | "id"
  | "workflow"
  | "file"
  | "input"
  | "inputHash"
  | "code"
  | "codeHistory"
  | "seed"
  | "parent"
  | "tags"
  | "schedule"
  | "trace"
> & {
  /** Those of a run that comes from another store. */
  readonly forkOf?: string;
  readonly restarts?: number;
  readonly createdAt?: number;
  readonly startedAt?: number;
  /** The modules of `code`. */
  readonly modules: Encoded;
  /** With a lease, the run starts as running, owned and at epoch 1. Without a lease, it starts as pending. */
  readonly lease?: Lease;
  /**
   * The run comes from another store. `batch`: its input has been collected already. `gathers`: it goes on to do so, unless another run does under the key. With a lease and a
   * queue it takes no slot, as its next claim does.
   */
  readonly imported?: Pick<RunRow, "batch" | "gathers">;
} & StartConditions;

export interface CreatedRun {
  /** False: a run with this id existed. */
  readonly created: boolean;
  readonly run: RunRow;
}

export type StepKind = "task" | "sleep" | "signal" | "child" | "start" | "cancel";
/** `open`: started but not finished (a sleep, a wait, a task between two attempts). The other states are checkpoints. */
export type StepState = "open" | "completed" | "failed";

export interface StepRow {
  readonly id: string;
  readonly kind: StepKind;
  readonly state: StepState;
  /** Sequence number among the run's checkpoints, from 1. Undefined while the step is open. */
  readonly seq?: number;
  /** The location in the source, such as `src/orders.ts:12:18`. People read it; ids do not depend on it. */
  readonly location?: string;
  /** Fingerprint of the input. */
  readonly inputHash: string;
  /** The input, where the runtime records it for people. */
  readonly input?: Encoded;
  /** The name of the signal, the id of the child run, or the function of a task that was called inside a task. */
  readonly target?: string;
  /** The number of attempts so far. */
  readonly attempt: number;
  /** When an open step continues without an event: the end of the sleep, the timeout of the wait, the next attempt. */
  readonly dueAt?: number;
  /** The value of a completed step, the error of a failed step, or the error of the last attempt of an open step. */
  readonly output?: Encoded;
  /** The attempts of a task that failed. Only the runtime reads and writes this text. */
  readonly failedAttempts?: Encoded;
  /** When the first attempt began. */
  readonly startedAt: number;
  readonly finishedAt?: number;
}
