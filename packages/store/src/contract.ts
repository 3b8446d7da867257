/**
 * The contract between the runtime and a store. Five principles:
 *
 * - A method is one atomic, durable transition: once it returns, a crash cannot undo it.
 * - A method returns its result synchronously or as a promise. A local store should return synchronously.
 * - A run has at most one owner. `claim` assigns a run to an owner under a new epoch. Every later write names that
 *   epoch, and the store refuses a write with another epoch.
 * - Values are opaque text. Encoding, encryption and their versions belong to the layer above.
 * - The store's clock decides what a lease, a due time and a limit depend on, in the transition itself. Callers give durations, and times that they
 *   have computed from `time()`. Times are milliseconds since 1970.
 *
 * A call that fails with an error whose `code` is `STORE_UNREACHABLE` or `STORE_TIMEOUT` may have been done, or not. One that fails with any other error has
 * changed nothing.
 *
 * The methods document the numbered invariants. The conformance suite quotes the numbers.
 */
import type { Claim, ClaimNext, Claimed, ExecutionRow, NextRuns, UnfinishedFilter } from "./claims.ts";
import type { FlowStore } from "./flow.ts";
import type { Blocked, CreatedRun, FinalStatus, NewRun, RunRow, RunStatus, StepRow } from "./runs.ts";
import type { ScheduleStore } from "./schedules.ts";
import type { StreamStore, StreamWrite } from "./streams.ts";
import type { Awaitable, Encoded } from "./terms.ts";

export type * from "./claims.ts";
export type {
  FlowStore,
  Gather,
  Gathers,
  Offer,
  QueueAnswer,
  QueueDefinition,
  QueueItem,
  QueueKeyRow,
  QueueLimits,
  QueuePlace,
  QueueRate,
  QueueRow,
  QueuedStep,
  RunPlace,
  StartConditions,
  Throttle,
} from "./flow.ts";
export type * from "./runs.ts";
export type * from "./schedules.ts";
export type * from "./streams.ts";
export type * from "./terms.ts";

/** A write by the owner of a run. It names the run and the epoch of the claim. */
export type Write = { readonly run: string; readonly epoch: number } & (
  | {
      readonly type: "step";
      /** Inserted, or replaces the open step with this id. */
      readonly step: StepRow;
      /** The delivery that the step, a wait, consumes. */
      readonly consume?: SignalRow;
      /** The step gives back its slot, or its place in line (Q4). */
      readonly leaves?: true;
    }
  | {
      readonly type: "finish";
      readonly status: FinalStatus;
      readonly output: Encoded;
      /** Failed steps that a retry executes again. Given for a failed run. */
      readonly unhandled: readonly string[];
      /** The failed run is `compensated`. */
      readonly compensated?: boolean;
      /** When it ended in the store that it comes from. Default: now. */
      readonly at?: number;
    }
  | {
      /** The owner gives up the run. */
      readonly type: "release";
      readonly status: "pending" | "waiting";
      readonly wakeAt?: number;
      readonly blocked?: Blocked;
      /** When it was released in the store that it comes from. Default: now. */
      readonly at?: number;
    }
  | { readonly type: "progress"; readonly value: Encoded }
  | StreamWrite
  | ({ readonly type: "code"; readonly modules: Encoded } & Pick<RunRow, "code" | "codeSeq" | "codeHistory">)
);

/** One delivery of a signal. `slot` numbers the deliveries of a name in the run, from 0. */
export interface SignalRow {
  readonly name: string;
  readonly slot: number;
  readonly payload: Encoded;
}

/** A run without its values, for lists. `output` is there if the run failed or was cancelled: it is the error. */
export type RunHead = Omit<RunRow, "input" | "codeHistory" | "seed" | "unhandled">;

/** A run in a list. */
export interface ListedRun extends RunHead {
  /** Its place in the list. Only the store reads this text. */
  readonly cursor: string;
}

export interface RunFilter {
  /** `blocked`: pending runs that are blocked. They are among the `pending` ones as well. */
  readonly status?: RunStatus | "blocked" | readonly (RunStatus | "blocked")[];
  readonly workflow?: string | readonly string[];
  /** Only these runs. */
  readonly runs?: readonly string[];
  /** Only runs that have each of these tags. */
  readonly tags?: readonly string[];
  /** Only children of this run. */
  readonly parent?: string;
  /** Only runs that this schedule started. */
  readonly schedule?: string;
  /** Only runs created at this time or later. */
  readonly createdAfter?: number;
  /** Only runs created before this time. */
  readonly createdBefore?: number;
  /** Only runs whose id contains this text. Upper and lower case differ, and no sign has a meaning of its own. */
  readonly search?: string;
  /**
   * `created`, the default: newest first by `createdAt`; of equal times, the last recorded run first. `due`: the runs that have a `wakeAt`, the next
   * due first; of equal times, the first recorded run first; then the others in the order `created`.
   */
  readonly order?: "created" | "due";
  /** Only runs that come after the one with this `cursor` in that order, for the next page. That run may have changed, or be gone. */
  readonly after?: string;
  /** Default 100. */
  readonly limit?: number;
}

/** How many runs of a workflow have a status. */
export interface RunCount {
  readonly workflow: string;
  readonly file: string;
  /** `blocked`: pending runs that are blocked. Here they are not among the `pending` ones. */
  readonly status: RunStatus | "blocked";
  readonly count: number;
}

/** Which steps of a run to read. Without any of these, all. */
export interface StepFilter {
  /** Only checkpoints with a higher `seq`. */
  readonly after?: number;
  /** Only open steps. */
  readonly open?: true;
  /** Only the step with this id. */
  readonly id?: string;
  /** False: without `input`, and without the `output` of completed steps, which need not be read. Errors and `failedAttempts` stay. */
  readonly values?: false;
  /** At most so many. */
  readonly limit?: number;
}

/** Which runs `prune` deletes. */
export interface PruneFilter {
  /** Only runs that ended before this time. */
  readonly endedBefore: number;
  /** Default: all. */
  readonly status?: readonly FinalStatus[];
  readonly workflow?: readonly string[];
  /** Keeps the latest so many runs of each workflow that the other conditions select. */
  readonly keep?: number;
  /** At most so many in this call, oldest first. */
  readonly limit: number;
}

/** Changes in the store that the owner of a run in memory must know. */
export interface Wakeup {
  readonly run: string;
  /** False: another owner has the run, or the run has ended. */
  readonly owned: boolean;
  readonly cancel?: Encoded;
  /** Unconsumed deliveries, oldest first. */
  readonly signals: readonly SignalRow[];
}

export interface OpenOptions {
  readonly now?: (() => number) | undefined;
}

/** Which version of its schema a store has. */
export interface SchemaVersions {
  /** The version that was found. 0: there was no store. */
  readonly found: number;
  /** The version that this package works with. */
  readonly known: number;
}

export interface Store extends Partial<FlowStore & ScheduleStore & StreamStore> {
  /** Appears in messages, for example `sqlite:perdure.db`. */
  readonly name: string;

  /**
   * Calls `changed` soon after another process, or another instance of the store, has written: a hint, never the truth, and never needed. Returns what ends it.
   */
  watch?(changed: () => void): () => void;

  /**
   * A number that is another one after each write that may concern others, whichever store made it, as far as `watch` learns of it. Undefined: nobody watches, or it is not
   * proven at this moment that the store would learn of a write. Writes that are missed are possible, but rare.
   */
  changes?(): number | undefined;

  /**
   * Creates or migrates the store. Called once, before every other method.
   * @param options.now - stands for the store's clock, in tests
   */
  open(options?: OpenOptions): Awaitable<void>;
  close(): Awaitable<void>;
  /**
   * Creates or migrates the store as `open` does, but leaves it closed, and answers with the versions of before. With `check`, it changes nothing. A store without a
   * schema has no such method.
   * @throws PerdureError `STORE_NEWER` if this package must not use the store
   */
  migrate?(request?: { readonly check?: boolean }): Awaitable<SchemaVersions>;
  /** The store's clock: that of its server, if it has one, else that of this machine. */
  time(): Awaitable<number>;

  /**
   * S1 One run per id: of any number of concurrent calls, one creates the run, and all return it.
   * S10 Every code version that a run refers to is recorded. `modules` is recorded under `code` together with the run, or with the write of
   *     type `code`. An existing record under that fingerprint stays. If the run already exists, or the write is refused, nothing is recorded.
   */
  createRun(run: NewRun): Awaitable<CreatedRun>;
  /** The same for runs that are started together, in order and in one transaction: if it fails, none is created. */
  createRuns(runs: readonly NewRun[]): Awaitable<CreatedRun[]>;
  getRun(id: string): Awaitable<RunRow | undefined>;
  /** The `modules` of a code version. Undefined: no run has it, or only runs from a schema that did not record code versions. */
  getCode(code: string): Awaitable<Encoded | undefined>;
  /** @throws PerdureError `OPTION_INVALID`: `after` is no cursor of a list in this order */
  listRuns(filter: RunFilter): Awaitable<ListedRun[]>;
  /** How many runs there are: one entry for each workflow, file and status that a run has, in any order. */
  countRuns(): Awaitable<RunCount[]>;
  /**
   * Runs that need an owner, oldest first: pending runs, waiting runs that are due (`wakeAt` has come), and running runs whose lease has ended or whose
   * owner is known to have ended. Not those whose time to begin is over (`beginBy`).
   */
  unfinished(filter: UnfinishedFilter): Awaitable<RunRow[]>;
  /** The owners of running runs, in any order. */
  owners(): Awaitable<string[]>;

  /**
   * S2 One owner: makes `owner` the owner under `epoch + 1`. The run is then running, not blocked, and has no `wakeAt`. This requires a run that
   * has not ended, and one of three conditions: it has no owner, its lease has ended, or `from` (a dead owner and its epoch) still owns it.
   * Otherwise the result is undefined. Of any number of concurrent calls, one succeeds.
   * S12 `stalls` counts the claims in a row of a running run in which its last owner recorded no checkpoint. A claim after a new checkpoint
   *     sets it to 0.
   */
  claim(claim: Claim): Awaitable<RunRow | undefined>;
  /** The same for several runs, in order and with one call; each answer with the steps of its run. */
  claimRuns(claims: readonly Claim[]): Awaitable<(Claimed | undefined)[]>;
  /**
   * S20 Claims the next runs that need an owner (as for `unfinished`), the oldest first. Of any number of concurrent calls each run goes to one, and they neither wait for each
   *     other nor get in each other's way: as long as there are so many runs, each gets as many as it asks for. A run, or a queue, that another transition is
   *     changing at that moment is passed over and left to the next call.
   */
  claimNext(request: ClaimNext): Awaitable<NextRuns>;

  /**
   * S19 Each successful claim is recorded, in the same transition. A restart forgets the claims, and a fork has none of the original's. A run that was
   *     created with a lease has had an execution before its first claim. Oldest first.
   */
  executions(run: string): Awaitable<ExecutionRow[]>;

  /** Extends each lease whose epoch is still current. Never shortens a lease. The answers, in the same order, say whether each lease is still held. */
  renew(renewal: {
    readonly runs: readonly { readonly run: string; readonly epoch: number }[];
    readonly ms: number;
  }): Awaitable<boolean[]>;

  /** The steps of the run: checkpoints in the order of `seq`, then open steps in any order. One query. */
  steps(run: string, filter?: StepFilter): Awaitable<StepRow[]>;

  /**
   * S3 All writes of the batch become durable together, in order.
   * S4 A write with another epoch than the run's, or for a run that has ended or has no owner, changes nothing and returns false. The
   *    other writes of the batch still apply.
   * S5 A checkpoint is final: a completed or failed step is never replaced. Such a write returns false.
   * S6 `seq` is unique in a run. A checkpoint with a `seq` that is already used changes nothing and returns false. So does the
   *    consumption of a delivery that does not exist or was already consumed.
   * `code` replaces the three fields `code`, `codeSeq` and `codeHistory` of the run.
   * `finish` ends the run, drops its lease, and makes the runs that wait for it due: its parent, and every run with an open
   * child step for it. `release` drops the lease. A release to waiting makes the run due immediately if the awaited event has
   * already happened: a cancellation that no step of kind `cancel` has delivered yet, an unconsumed delivery for one of its
   * open waits, or the end of the child of one of its open child steps.
   * S11 A waiting run can be woken: a release to waiting leaves the run pending unless it has a `wakeAt`, an open wait for a signal, or an
   *     open child step whose child exists; and also if one of its open child steps has a child that does not exist.
   * S21 A batch with an id is done once. Whoever sends it again to the same store, since no answer came, gets the answers that the first one had or would
   *     have had. An id may be forgotten after ten minutes, or a thousand other batches.
   * @param batch - an id that no other batch has. Without it, the batch is not sent again
   */
  commit(writes: readonly Write[], batch?: string): Awaitable<boolean[]>;

  /**
   * S7 Deliveries of one name form a queue: each is kept, in order, until a wait consumes it. A delivery to a run that has ended is refused
   *    (false). After an accepted delivery, a waiting run that has begun is due.
   * S13 A delivery to a run that does not exist is kept until the run is created, for at least `EARLY_SIGNAL_LIFETIME`.
   */
  deliver(delivery: { readonly run: string; readonly name: string; readonly payload: Encoded }): Awaitable<boolean>;

  /** The state of runs in memory while they wait: one entry per given run, in the same order. */
  wakeups(runs: readonly { readonly run: string; readonly epoch: number }[]): Awaitable<Wakeup[]>;

  /**
   * S8 Records a request to cancel; the first request stays. A run that never had an owner (pending, epoch 0) is cancelled immediately with
   * `reason` as its output, and its waiting parent is due. A waiting run is due. A blocked run is no longer blocked. False: the run has ended. Undefined: the run does not exist.
   */
  cancel(cancellation: { readonly run: string; readonly reason: Encoded }): Awaitable<boolean | undefined>;

  /**
   * S9 A failed run becomes pending again. Its output is removed, with the failed steps that its `finish` named as unhandled, and with a
   * requested but undelivered cancellation, which would otherwise cancel every further retry. False: the run has not failed, or is compensated and
   * `force` is not set. Undefined: the run does not exist.
   */
  retry(retry: { readonly run: string; readonly force?: boolean }): Awaitable<boolean | undefined>;

  /**
   * S14 A run that has ended becomes pending again, without its steps, its output, its cancellation, and everything else that is known of its past
   *     executions except its epoch and the deliveries that no wait has consumed. `createdAt` is the present, `restarts` is one more, and `seed` replaces the old one.
   *     False: the run has not ended. Undefined: the run does not exist.
   */
  restart(restart: { readonly run: string; readonly seed: string }): Awaitable<boolean | undefined>;

  /**
   * S15 A fork is a new pending run with the input, the code versions, the tags, the seed and `startedAt` of `run`, and with its checkpoints whose `seq` is
   *     lower than that of the checkpoint `from`. `createdAt` is the present, `forkOf` is `run`; it has no parent. Its cancellation is one that was delivered by
   *     these checkpoints, or none. The original does not change. Undefined: the run has no such checkpoint, or does not exist. If a run with the id `id` exists, that one is
   *     returned and nothing is changed.
   */
  fork(fork: { readonly run: string; readonly from: string; readonly id: string }): Awaitable<CreatedRun | undefined>;

  /**
   * S16 A blocked run is no longer blocked. False: it is not blocked. Undefined: the run does not exist.
   */
  unblock(run: string): Awaitable<boolean | undefined>;

  /**
   * S17 Deletes a run that has ended, with its steps, deliveries and claims. With `force`, also one that has no owner. Runs that wait for it are
   *     due. Code versions stay. False: the run has not ended, or has an owner. Undefined: the run does not exist.
   */
  delete(deletion: { readonly run: string; readonly force?: boolean }): Awaitable<boolean | undefined>;

  /**
   * S18 Deletes ended runs like `delete`, in one transition. A run that another one waits for (an open child step) stays. Returns how many were deleted.
   */
  prune(filter: PruneFilter): Awaitable<number>;
}
