import { AsyncResource } from "node:async_hooks";
import type { PerdureError } from "@perdure/protocol";
import type { Encoded, SignalRow, StepKind, StepRow, RunRow } from "@perdure/store";
import type { StepEvent } from "../config/events.ts";
import type { Definition } from "../definitions/definition.ts";
import type { Call, NewRow } from "../history/call.ts";
import { failedAttemptsOf, recordOf, withAttempt, type FailedAttempt } from "../history/failed-attempts.ts";
import type { ValueStore } from "../values/codec.ts";
import { guarded } from "../values/describe.ts";
import { CancelledError } from "../values/errors.ts";
import type { Lender, StepSlot } from "../queues/step-slot.ts";
import type { StreamsOfRun } from "../streams/run-streams.ts";
import type { Work } from "./cancellation.ts";
import type { Caller, CallingScope } from "./frame.ts";
import type { Host, StepDetails } from "./host.ts";

/** A durable operation as the workflow asks for it. */
export interface StepSpec extends StepDetails {
  readonly kind: StepKind;
  /** What is counted under `name` in the scope. */
  readonly what: string;
  readonly name: string;
  readonly input: unknown;
  readonly target?: string | undefined;
  readonly location: string | undefined;
  /** The task or workflow that is called. */
  readonly definition?: Definition;
  /** Turns the stored value into what the workflow sees. */
  readonly parse?: ((value: unknown) => unknown) | undefined;
  /** Throws for a payload that the step refuses. Set by waits for signals with a schema. */
  readonly check?: (payload: unknown) => void;
  /** What a payload looks like, as a JSON schema, for the people who deliver it. */
  readonly payloadSchema?: () => object | undefined;
  /** Does the work. Called at most once in an execution, when the step is not recorded. */
  begin(step: LiveStep): void;
  /** Called in place of `begin` when the run was cancelled after the step was called. Default: the step fails with the error. */
  cancelled?(step: LiveStep, error: CancelledError): void;
}

/** A run in memory, as its scopes and steps see it. */
export interface RunInMemory {
  readonly run: RunRow;
  readonly host: Host;
  /** Whether steps begin here and their outcomes are delivered. */
  readonly isActive: boolean;
  /** Completions delivered so far. */
  readonly delivered: number;
  /** When the latest of them was recorded, in milliseconds since 1970. Never goes back, though the clocks of several processes differ. */
  readonly now: number;
  /** Attempts of tasks that run now, and those of them that have a time limit, or whose caller has one. */
  readonly attempts: { running: number; limited: number };
  call(scope: CallingScope, spec: StepSpec): Promise<unknown>;
  /** Tells the calls of one more caller from those of callers with the same path and name. `first` is the id that the first of these gives to its first call. */
  nextVariant(first: string): number;
  /** The error for a step that was called before the run was cancelled and has not begun since. */
  cancellationOf(call: PendingCall): CancelledError | undefined;
  /** Calls `begin` on a lease that certainly holds by this process's own clock; renews it first where it may have expired (R5). */
  onLease(begin: () => void): void;
  /** Commits a finished step. `then` gets the checkpoint. Default: its delivery takes its turn in the queue. `slot` is given back with it. */
  checkpoint(step: NewRow, consume?: SignalRow, then?: (row: StepRow) => void, slot?: StepSlot): void;
  /** Records an unfinished step: when a sleep ends, when the next attempt is due. */
  keep(step: StepRow, then: () => void, slot?: StepSlot): void;
  /** A step stands in line of a queue. */
  standsInLine(): void;
  /** What earlier executions recorded of the tasks that the task of this step called, each with the name that the present code has for it. */
  innerOf(step: string): { readonly row: StepRow; readonly name: string }[];
  /** The error for a call that comes after the end of the execution. */
  tooLate(name: string, step: string): PerdureError | undefined;
  attemptEnded(): void;
  /** Whether recorded steps are still being replayed. */
  readonly isReplaying: boolean;
  /** Aborted when a cancellation is delivered. */
  readonly cancelSignal: AbortSignal;
  /** Records what the run says of its progress: soon, or with the next commit. The latest one wins. */
  progress(value: unknown): void;
  readonly streams: StreamsOfRun;
  /** Another owner has the run. */
  lose(): void;
  /** The store failed. */
  fail(error: unknown): void;
  /** Ends the execution, not the run: the run stays as it is and can be resumed. */
  stop(error: unknown): void;
  /** A promise that was made in the run was rejected and has no handler yet, or has got one since. */
  rejected(promise: object, reason: unknown): void;
  handled(promise: object): void;
}

/** The steps that a task in flight has called. */
export interface InnerSteps {
  /** The number of attempts in flight that wait for nothing but the time of a next attempt of one of these, directly or not. */
  readonly resting: number;
  /** Those without an outcome that execute here. */
  readonly liveSteps: readonly LiveStep[];
  abandon(reason: string): void;
  stopWaiting(): void;
}

/** A durable call whose outcome has not been delivered to the workflow. */
export class PendingCall implements Call {
  readonly id: string;
  readonly spec: StepSpec;
  readonly caller: Caller;
  readonly inputHash: string;
  /** Number of completions that had been delivered when the workflow made the call. */
  readonly calledAt: number;
  readonly outcome: Promise<unknown>;
  /** As `AsyncLocalStorage.snapshot()`, which costs several times as much. */
  private readonly resource = new AsyncResource("PerdureCall", { requireManualDestroy: true });
  /** The caller has not got its promise yet: whatever is called now is called in its context. */
  isBeingMade = true;
  /** The run had another owner before, who may have begun the step without a record. */
  mayHaveBegun = false;
  /** Gets the checkpoint in place of the queue of deliveries. Set for a task that another task called. */
  onCheckpoint: ((row: StepRow) => void) | undefined;
  /** Set when the step executes here, as opposed to being replayed. */
  live: LiveStep | undefined;
  private resolve!: (value: unknown) => void;
  private refuse!: (error: unknown) => void;

  constructor(id: string, spec: StepSpec, caller: Caller, inputHash: string, calledAt: number) {
    this.id = id;
    this.spec = spec;
    this.caller = caller;
    this.inputHash = inputHash;
    this.calledAt = calledAt;
    this.outcome = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.refuse = reject;
    });
  }

  /** Calls a function of the user in the asynchronous context of the call: its own `AsyncLocalStorage` stores (R14). */
  inContext<R>(fn: () => R): R {
    return this.isBeingMade ? fn() : this.resource.runInAsyncScope(fn);
  }

  get kind(): StepKind {
    return this.spec.kind;
  }

  get location(): string | undefined {
    return this.spec.location;
  }

  get definition(): Definition | undefined {
    return this.spec.definition;
  }

  /** Whether it waits for the outside, and does no work. */
  get isWait(): boolean {
    return this.kind === "sleep" || this.kind === "signal";
  }

  get hasBegun(): boolean {
    return this.live !== undefined;
  }

  /** The recorded outcome, decoded in the context of the call: a function around it may have declared the class of an error. */
  decode({ output }: StepRow, values: ValueStore): unknown {
    if (output === undefined) return undefined;
    return values.isData(output) ? values.decode(output) : this.inContext(() => values.decode(output));
  }

  /** Gives the caller the recorded value. */
  complete(value: unknown): void {
    const { parse } = this.spec;
    this.resolve(parse ? this.inContext(() => parse(value)) : value);
  }

  reject(error: unknown): void {
    // Node.js 24 announces an unhandled rejection in the context of the rejecting code: it has to be that of the run
    this.resource.runInAsyncScope(this.refuse, undefined, error);
  }
}

/** A step that executes in this process, as opposed to being replayed: what it waits for, and how it ends. */
export class LiveStep {
  readonly execution: RunInMemory;
  readonly call: PendingCall;
  /** Attempts made so far. */
  attempt: number;
  /** When it continues without an event from outside, in milliseconds since 1970. */
  dueAt: number | undefined;
  /** Id of the child run, once it is known. */
  target: string | undefined;
  /** Set by a step that waits for another run: whether that run is not in memory here either. */
  waitsElsewhere: (() => boolean) | undefined;
  /** Its checkpoint is being committed: the outcome cannot change any more. */
  sealed = false;
  /** Its attempts have a time limit. */
  isLimited = false;
  /** The store has it as an open step. */
  kept: boolean;
  /** The encoded arguments; empty where they cannot be stored. */
  private input: Encoded | undefined;
  /** Set by steps that handle these events. */
  onSignal: ((signal: SignalRow) => void) | undefined;
  onCancel: ((reason: unknown) => void) | undefined;
  /** The attempt that runs. */
  work: Work | undefined;
  /** The tasks that its task called. */
  inner: InnerSteps | undefined;
  /** What its attempts need of a queue, and what the attempt that called it has. */
  slot: StepSlot | undefined;
  lender: Lender | undefined;
  private waitingHere = false;
  readonly startedAt: number;
  /** When the present attempt of a task began. Undefined between two attempts. */
  private attemptStartedAt: number | undefined;
  private failedAttempts: readonly FailedAttempt[];
  private timer: (() => void) | undefined;
  private over = false;

  /** @param open - what an earlier execution recorded of the step */
  constructor(execution: RunInMemory, call: PendingCall, open: StepRow | undefined) {
    this.execution = execution;
    this.call = call;
    this.attempt = open?.attempt ?? 0;
    this.dueAt = open?.dueAt;
    this.kept = open !== undefined;
    this.target = call.spec.target;
    this.startedAt = open?.startedAt ?? execution.host.clock.now();
    this.failedAttempts = open ? failedAttemptsOf(open) : [];
  }

  startAttempt(): void {
    this.execution.attempts.running++;
    this.attemptStartedAt = this.execution.host.clock.now();
    if (this.execution.host.hears("started")) this.emit("started", this.row("open"));
  }

  begin(): void {
    const cancelled = this.execution.cancellationOf(this.call);
    const { spec } = this.call;
    try {
      if (!cancelled) spec.begin(this);
      else if (spec.cancelled) spec.cancelled(this, cancelled);
      else this.fail(cancelled);
    } catch (error) {
      this.execution.stop(error);
    }
  }

  /** Whether it waits for a time, a signal or another run, so that nothing is lost when this process forgets it. */
  get waiting(): boolean {
    return !this.sealed && (this.waitsElsewhere?.() ?? (this.waitingHere || this.isInLine));
  }

  get isInLine(): boolean {
    return this.slot?.isInLine === true;
  }

  get active(): boolean {
    return !this.over && !this.sealed;
  }

  complete(value: unknown): void {
    this.end("completed", value);
  }

  /** @param consume - the delivery that the failed wait consumes */
  fail(error: unknown, consume?: SignalRow): void {
    this.end("failed", error, consume);
  }

  private end(state: "completed" | "failed", value: unknown, consume?: SignalRow): void {
    if (!this.active) return;
    try {
      this.settle(state, this.encode(value, state === "completed" ? "returned" : "threw"), consume);
    } catch (error) {
      this.over = true;
      this.execution.stop(error);
    }
  }

  /** Ends the step with a value that is encoded already. */
  settle(state: "completed" | "failed", output: Encoded, consume?: SignalRow): void {
    if (!this.active) return;
    this.sealed = true;
    this.stopWaiting();
    if (state === "failed") this.endAttempt(output);
    const row = this.record(state, output);
    row.finishedAt = this.execution.host.clock.now();
    this.emit(state === "completed" ? "executed" : "failed", row);
    this.execution.checkpoint(row, consume, this.call.onCheckpoint, this.slot);
    this.inner?.abandon("the task that called it has ended");
  }

  /** Records what has to survive a crash of an unfinished step, then calls `then`. */
  keep(dueAt: number | undefined, then: () => void, lastError?: unknown): void {
    this.dueAt = dueAt;
    this.kept = true;
    const output = lastError === undefined ? undefined : this.encode(lastError, "threw");
    if (output !== undefined) this.endAttempt(output);
    const row = this.record("open", output);
    if (dueAt !== undefined) row.dueAt = dueAt;
    this.emit(lastError === undefined ? "waiting" : "retrying", row);
    this.execution.keep(row, () => this.active && then(), output === undefined ? undefined : this.slot);
  }

  /** Records that the attempt begins, before it does: it counts even if it kills the process (R4). */
  keepAttempt(then: () => void): void {
    this.kept = true;
    this.dueAt = undefined;
    this.execution.keep(this.record("open"), () => this.active && then());
  }

  /** The present attempt, if there is one, has failed. */
  private endAttempt(error: Encoded): void {
    const { attempt, attemptStartedAt: startedAt } = this;
    if (startedAt === undefined) return;
    const endedAt = this.execution.host.clock.now();
    this.failedAttempts = withAttempt(this.failedAttempts, { attempt, startedAt, endedAt, error });
    this.attemptStartedAt = undefined;
  }

  /** Waits until `dueAt`, or without a limit. The run may leave memory meanwhile. */
  wait(then: () => void): void {
    this.waitingHere = true;
    if (this.dueAt === undefined) return;
    this.timer = this.execution.host.clock.at(this.dueAt, () => {
      this.timer = undefined;
      this.waitingHere = false;
      if (this.active && this.execution.isActive) then();
    });
  }

  stopWaiting(): void {
    this.timer?.();
    this.timer = undefined;
    this.waitingHere = false;
    this.slot?.withdraw();
    this.inner?.stopWaiting();
  }

  /** Whether the step is a wait that this delivery ends. */
  accept(signal: SignalRow): boolean {
    if (!this.active || !this.onSignal) return false;
    this.onSignal(signal);
    return true;
  }

  cancel(reason: unknown): void {
    if (!this.active) return;
    if (this.work) this.work.cancel(reason);
    else if (this.onCancel) this.onCancel(reason);
    else if (this.call.kind === "task") this.fail(new CancelledError(reason)); // it is between two attempts
  }

  /** The run continues without the step, or not here. */
  abandon(reason: string): void {
    this.over = true;
    this.stopWaiting();
    this.work?.abandon(reason);
    this.inner?.abandon(reason);
  }

  private encode(value: unknown, how: "returned" | "threw"): Encoded {
    const { spec, id } = this.call;
    const where = (): string =>
      `step ${id} of run ${this.execution.run.id}${spec.location === undefined ? "" : `, called at ${spec.location}`}`;
    return this.execution.host.values.encode(value, `${spec.name} ${how}`, where);
  }

  /** The row to record, with what people may want to see: its input, and its failed attempts. */
  private record(state: StepRow["state"], output?: Encoded): NewRow {
    const { failedAttempts } = this;
    const row = this.row(state);
    const input = this.shownInput(state);
    if (input) row.input = input;
    if (output !== undefined) row.output = output;
    if (failedAttempts.length > 0)
      row.failedAttempts = recordOf(failedAttempts, { state, output }, this.execution.host.values);
    return row;
  }

  /** The arguments of a task, where they are wanted, or what an open wait accepts. Empty: they cannot be stored. */
  private shownInput(state: StepRow["state"]): Encoded | undefined {
    const { values, settings } = this.execution.host;
    const { kind, input: args, payloadSchema } = this.call.spec;
    if (kind === "task" ? !settings.recordInputs : state !== "open") return undefined;
    const value = kind === "task" ? args : payloadSchema?.();
    return (this.input ??= value === undefined ? "" : guarded(() => values.encode(value, ""), ""));
  }

  private emit(event: StepEvent, row: StepRow): void {
    const { host, run } = this.execution;
    if (host.hears(event)) host.emit(event, run, row);
  }

  private row(state: StepRow["state"]): NewRow {
    const { id, spec, inputHash } = this.call;
    const { attempt, startedAt, target } = this;
    const row: NewRow = { id, kind: spec.kind, state, inputHash, attempt, startedAt };
    if (spec.location !== undefined) row.location = spec.location;
    if (target !== undefined) row.target = target;
    return row;
  }
}
