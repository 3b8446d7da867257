/**
 * What the runtime asks of a store. Five ideas:
 *
 * - A method is one atomic, durable transition: when it returns, a crash cannot undo it.
 * - A store may answer at once or with a promise; a local one should answer at once.
 * - A run has at most one owner. `claim` gives a run to an owner under a new epoch, and every later write names that
 *   epoch; the store refuses a write with another one.
 * - Values are opaque text. Encoding, encryption and versions of both are a layer above.
 * - The store has no clock: every time (milliseconds since 1970) comes from the caller.
 *
 * The numbered invariants stand at the methods; the conformance suite quotes the numbers.
 */
export type Awaitable<T> = T | Promise<T>;

/** A value, encoded by the runtime: well-formed Unicode text, like every id and name here. */
export type Encoded = string;

export type RunStatus = "pending" | "running" | "waiting" | "completed" | "failed" | "cancelled";
export type FinalStatus = Extract<RunStatus, "completed" | "failed" | "cancelled">;

/** Why a run was stopped without reaching an end; a worker leaves it alone until the code, or what is configured about changes of code, differs from `code`. */
export interface Blocked {
  readonly error: string;
  readonly message: string;
  readonly code: string;
}

export interface RunRow {
  readonly id: string;
  readonly workflow: string;
  /** File of the module that defines the workflow, from the project's root. */
  readonly file: string;
  readonly status: RunStatus;
  readonly input: Encoded;
  /** Fingerprint of the input: the same id with another one is a mistake. */
  readonly inputHash: string;
  /** Value of a completed run, error of a failed or cancelled one. */
  readonly output?: Encoded;
  /** Fingerprint of the code that recorded the run's latest steps; `getCode` has the rest of it. */
  readonly code: string;
  /** Checkpoints up to this place are older than `code`, or than the latest retry. */
  readonly codeSeq: number;
  /** Which codes recorded the run's older steps; written and read by the runtime. */
  readonly codeHistory?: Encoded;
  /** Secret from which the run's randomness is drawn. */
  readonly seed: string;
  /** The parent's run that waits for this one. */
  readonly parent?: string;
  readonly owner?: string;
  readonly epoch: number;
  readonly leaseUntil?: number;
  /** When a waiting run is due; undefined: only a signal or a cancellation wakes it. */
  readonly wakeAt?: number;
  /** Asked for, not necessarily delivered yet. */
  readonly cancel?: Encoded;
  readonly blocked?: Blocked;
  readonly createdAt: number;
  /** When the run was last claimed, released, ended, retried or asked to be cancelled. */
  readonly updatedAt: number;
}

export type NewRun = Pick<
  RunRow,
  "id" | "workflow" | "file" | "input" | "inputHash" | "code" | "codeHistory" | "seed" | "parent" | "createdAt"
> & {
  /** What stands behind `code`. */
  readonly modules: Encoded;
  /** Given: the run is born running, owned and at epoch 1. Else it is pending. */
  readonly lease?: Lease;
};

export interface Lease {
  readonly owner: string;
  readonly until: number;
}

export type StepKind = "task" | "sleep" | "signal" | "child" | "start" | "cancel";
/** `open`: begun and not finished (a sleep, a wait, a task between two attempts); the others are checkpoints. */
export type StepState = "open" | "completed" | "failed";

export interface StepRow {
  readonly id: string;
  readonly kind: StepKind;
  readonly state: StepState;
  /** Place among the run's checkpoints, from 1; undefined while open. */
  readonly seq?: number;
  /** `src/orders.ts:12:18`, for people. */
  readonly location?: string;
  /** Fingerprint of the input. */
  readonly inputHash: string;
  /** Name of the signal, or id of the child run. */
  readonly target?: string;
  /** Attempts made. */
  readonly attempt: number;
  /** When an open step goes on by itself: end of the sleep, timeout of the wait, next attempt. */
  readonly dueAt?: number;
  /** Value of a completed step, error of a failed one, or of the last attempt of an open one. */
  readonly output?: Encoded;
  readonly startedAt: number;
  readonly finishedAt?: number;
}

/** What the owner of a run writes. Every write names the run and the epoch of its claim. */
export type Write = { readonly run: string; readonly epoch: number } & (
  | {
      readonly type: "step";
      /** Inserted, or put in place of the open step of that id. */
      readonly step: StepRow;
      /** The step is a wait that consumes this delivery. */
      readonly consume?: SignalRow;
    }
  | {
      readonly type: "finish";
      readonly status: FinalStatus;
      readonly output: Encoded;
      /** Failed steps that a retry executes again. */
      readonly unhandled: readonly string[];
      readonly at: number;
    }
  | {
      /** The owner lets go of the run. */
      readonly type: "release";
      readonly status: "pending" | "waiting";
      readonly wakeAt?: number;
      readonly blocked?: Blocked;
      readonly at: number;
    }
  | ({ readonly type: "code"; readonly modules: Encoded } & Pick<RunRow, "code" | "codeSeq" | "codeHistory">)
);

/** One delivery of a signal. `slot` counts the deliveries of that name in the run from 0. */
export interface SignalRow {
  readonly name: string;
  readonly slot: number;
  readonly payload: Encoded;
}

export interface RunFilter {
  readonly status?: RunStatus | readonly RunStatus[];
  readonly workflow?: string | readonly string[];
  /** Runs created before this run (for the next page). */
  readonly before?: string;
  /** Default 100. */
  readonly limit?: number;
}

/** What the owner of a run in memory has to know of it. */
export interface Wakeup {
  readonly run: string;
  /** False: another owner has the run, or it is finished. */
  readonly owned: boolean;
  readonly cancel?: Encoded;
  /** Deliveries that no step has consumed, oldest first. */
  readonly signals: readonly SignalRow[];
}

export interface Store {
  /** For people: `sqlite:perdure.db`. */
  readonly name: string;

  /** Makes the store ready: creates or migrates it. Called once, before all else. */
  open(): Awaitable<void>;
  close(): Awaitable<void>;

  /**
   * S1 One run an id: of any number of concurrent calls, one creates the run and all get it.
   * S10 No run refers to a code that is not recorded: `modules` is recorded under `code` together with the run, or with the write of type `code`,
   *     unless something is recorded under that fingerprint already; that stays. A run that is met and a write that is refused record nothing.
   */
  createRun(run: NewRun): Awaitable<{ readonly created: boolean; readonly run: RunRow }>;
  getRun(id: string): Awaitable<RunRow | undefined>;
  /** The `modules` of a code. Undefined: a run from before codes were recorded has it, or none. */
  getCode(code: string): Awaitable<Encoded | undefined>;
  /** Newest first: by `createdAt`, among equals the one that was recorded last. Nothing comes `before` a run that does not exist. */
  listRuns(filter: RunFilter): Awaitable<RunRow[]>;
  /**
   * Runs of these workflows that may need an owner, oldest first: pending; waiting and due (`wakeAt` at or before
   * `now`); running, whoever owns them (the caller knows which owners are dead, and reads `leaseUntil`), but for the
   * owners in `alive`: without it, `limit` healthy runs would hide every run behind them.
   */
  unfinished(filter: {
    readonly workflows: readonly string[];
    readonly now: number;
    readonly limit: number;
    readonly alive?: readonly string[];
  }): Awaitable<RunRow[]>;

  /**
   * S2 One owner: makes `owner` the owner under `epoch + 1`, status running, no longer blocked and without `wakeAt`, when
   * the run is not finished and (it has no owner, or its lease ended before `now`, or `from`, a dead owner and its epoch, still has it).
   * Else undefined. Of any number of concurrent calls one succeeds.
   */
  claim(claim: {
    readonly run: string;
    readonly lease: Lease;
    readonly now: number;
    readonly from?: { readonly owner: string; readonly epoch: number };
  }): Awaitable<RunRow | undefined>;

  /** Extends the leases that are still held under their epochs; never shortens one. */
  renew(renewal: {
    readonly runs: readonly { readonly run: string; readonly epoch: number }[];
    readonly until: number;
  }): Awaitable<void>;

  /** Every step of the run: checkpoints in the order of `seq`, then the open ones in any order. One query. */
  steps(run: string): Awaitable<StepRow[]>;

  /**
   * S3 All writes of the batch become durable together, in order.
   * S4 A write whose epoch is not the run's, or whose run is finished or has no owner, changes nothing and answers false; the rest of
   *    the batch is not touched by that.
   * S5 A checkpoint is final: a step that is completed or failed is never replaced (such a write answers false).
   * S6 `seq` is unique in a run: a checkpoint under one that is taken, and a consumption of a delivery that is not there or
   *    was consumed before, change nothing and answer false.
   * `code` replaces all three of the run's fields that begin with it.
   * `finish` ends the run, drops its lease and makes due at `at` the waiting runs that wait for it: its parent, and every run with
   * an open child step for it. `release` drops the lease; a release to waiting makes the run due at once when what it waits for
   * has come in the meantime: a cancellation that no step of kind `cancel` has delivered yet, an unconsumed delivery for one of its
   * open waits, or the end of the child of one of its open child steps.
   */
  commit(writes: readonly Write[]): Awaitable<boolean[]>;

  /**
   * S7 The first delivery wins. A delivery is accepted when the run is not finished and the name has no delivery yet, or
   * has only consumed ones and an open wait. Accepted: a waiting run is due at `now`, if not before. Undefined: there is no such run.
   */
  deliver(delivery: {
    readonly run: string;
    readonly name: string;
    readonly payload: Encoded;
    readonly now: number;
  }): Awaitable<boolean | undefined>;

  /** State of runs in memory, asked for while they wait; one answer for each, in the same order. */
  wakeups(runs: readonly { readonly run: string; readonly epoch: number }[]): Awaitable<Wakeup[]>;

  /**
   * S8 Records the wish to cancel; the first one stays. A run that no owner has ever had (pending, epoch 0) is cancelled at once with
   * `reason` as its output, and its waiting parent is due; a waiting one is due at `now`. False: the run is finished. Undefined: there is no such run.
   */
  cancel(cancellation: {
    readonly run: string;
    readonly reason: Encoded;
    readonly now: number;
  }): Awaitable<boolean | undefined>;

  /**
   * S9 A failed run becomes pending again, without the failed steps that its end named as unhandled, without its output, and without a
   * cancellation that was asked for and never delivered (or it would be cancelled for good). False: the run is not failed. Undefined: there is no such run.
   */
  retry(retry: { readonly run: string; readonly now: number }): Awaitable<boolean | undefined>;
}
