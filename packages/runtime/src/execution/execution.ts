import { PerdureError } from "@perdure/protocol";
import type { Blocked, Encoded, FinalStatus, RunRow, SignalRow, StepRow } from "@perdure/store";
import { blockKey, codeOf, type Code } from "../definitions/code.ts";
import type { Body, WorkflowDefinition } from "../definitions/definition.ts";
import type { NewRow } from "../history/call.ts";
import { ChangedCode } from "../history/changed-code.ts";
import { CANCEL_ID, History } from "../history/history.ts";
import { LostSteps } from "../history/lost-steps.ts";
import { CancelledError } from "../values/errors.ts";
import { fingerprint, fingerprintOfArguments } from "../values/fingerprint.ts";
import type { RecordedStreams } from "../streams/log.ts";
import type { StreamsOfRun } from "../streams/run-streams.ts";
import type { StepSlot } from "../queues/step-slot.ts";
import { Calls } from "./calls.ts";
import { Cancellation, cancelledEnd, cancelStep, reasonOf } from "./cancellation.ts";
import { context } from "./current.ts";
import { Delivery, type Recipient } from "./delivery.ts";
import { Failures } from "./failures.ts";
import type { Host } from "./host.ts";
import { Idle } from "./idle.ts";
import { Journal, type Engine, type EngineRun } from "./journal.ts";
import { Late, type ExecutionEnd } from "./late.ts";
import { instrumented, outputOf, type Outcome } from "./launch.ts";
import { Scope } from "./scope.ts";
import type { CallingScope } from "./frame.ts";
import { PendingCall, type LiveStep, type StepSpec } from "./step.ts";

/**
 * One execution of a run in this process: calls the workflow from the top, replays what is recorded, continues from there, and
 * ends when the run ends, waits for long, is stopped, or is lost to another process.
 */
export class Execution implements Recipient, EngineRun {
  readonly run: RunRow;
  readonly host: Host;
  readonly definition: WorkflowDefinition;
  readonly attempts = { running: 0, limited: 0 };
  /** When the lease ends at the earliest, by the monotonic clock of this process. */
  leaseEndsAt: number;
  readonly ended: Promise<ExecutionEnd>;

  private end!: (end: ExecutionEnd) => void;
  private state: "active" | "draining" | "finishing" | "ended" = "active";
  private readonly code: Code;
  private readonly history: History;
  private readonly lost: LostSteps;
  private readonly calls: Calls;
  private readonly engine: Engine;
  private readonly delivery: Delivery;
  private readonly idle: Idle;
  private readonly failures = new Failures();
  private readonly cancellation: Cancellation;
  /** How the workflow's body ended. */
  private outcome: Outcome | undefined;
  private readonly late: Late;

  /**
   * @param leaseEndsAt - by the monotonic clock of this process
   * @param codeVersions - the recorded manifests of the code versions that ran the older steps, by fingerprint
   * @param engine - makes what executes and records the steps. Default: this process and its store do
   */
  constructor(
    host: Host,
    run: RunRow,
    definition: WorkflowDefinition,
    leaseEndsAt: number,
    steps: readonly StepRow[],
    codeVersions: ReadonlyMap<string, string> = new Map(),
    engine?: (run: EngineRun) => Engine,
    streams?: RecordedStreams,
  ) {
    this.host = host;
    this.run = run;
    this.definition = definition;
    this.leaseEndsAt = leaseEndsAt;
    this.ended = new Promise((resolve) => (this.end = resolve));
    this.code = codeOf(definition);
    const history = new History(steps, run, this.code.fingerprint, host.settings.renames);
    const changed = new ChangedCode(this.code, codeVersions, (row) => history.codeOf(row));
    const pending = new Map<string, PendingCall>();
    this.history = history;
    this.lost = new LostSteps(run, history, changed, pending);
    this.calls = new Calls(this, history, this.lost, pending);
    this.cancellation = new Cancellation(history.checkpointOf(CANCEL_ID), history.lastSeq);
    this.delivery = new Delivery(this, this.calls, this.lost, history, this.failures, this.cancellation);
    this.idle = new Idle(this, this.calls);
    this.engine = engine ? engine(this) : new Journal(this, this.code, history, this.idle, streams);
    this.late = new Late(run, host);
  }

  get isActive(): boolean {
    return this.state === "active";
  }

  get hasEnded(): boolean {
    return this.state === "ended";
  }

  /** Whether this execution has recorded a checkpoint. */
  get hasProgressed(): boolean {
    return this.engine.hasProgressed;
  }

  get isQuiet(): boolean {
    return this.isActive && !this.delivery.isPumping && this.attempts.running === 0;
  }

  /** The steps that have begun and are not delivered. */
  get liveSteps(): LiveStep[] {
    return [...this.calls].flatMap(({ live }) => live ?? []);
  }

  get delivered(): number {
    return this.delivery.delivered;
  }

  get now(): number {
    return this.delivery.now;
  }

  get isReplaying(): boolean {
    return this.calls.isReplaying && this.history.next !== undefined;
  }

  get cancelSignal(): AbortSignal {
    return this.cancellation.signal;
  }

  get streams(): StreamsOfRun {
    return this.engine.streams;
  }

  progress(value: unknown): void {
    if (!this.isOver) this.engine.progress(this.host.values.encode(value, "progress() was called with"));
  }

  /** Runs the body from the top. `ended` resolves whatever the body ends with. */
  start(body: Body, args: readonly unknown[]): void {
    if (this.run.cancel !== undefined) this.cancel(this.run.cancel);
    const settled = (outcome: Outcome): void => {
      this.outcome = outcome;
      this.late.settled();
      this.calls.bodyEnded();
      this.delivery.pump();
    };
    const call = async (): Promise<unknown> => body(...args);
    instrumented(this, () => context.run(Scope.root(this, this.definition), call)).then(
      (value) => settled({ ok: true, value }),
      (error: unknown) => settled({ ok: false, error }),
    );
    this.delivery.pump();
  }

  // --- the workflow's side

  call(scope: CallingScope, spec: StepSpec): Promise<unknown> {
    if (this.isOver) return this.late.refuse(spec.name, scope.nextId(spec.name, spec.what));
    this.failures.called(scope.isCleanUp, this.delivered);
    const inputHash =
      spec.kind === "task" ? fingerprintOfArguments(spec.input as readonly unknown[]) : fingerprint(spec.input);
    const id = this.calls.idOf(scope, spec, inputHash);
    const cancelled = this.cancellation.errorOfNewCall(scope.shelter);
    if (cancelled) return Promise.reject(cancelled);
    const call = new PendingCall(id, spec, scope, inputHash, this.delivered);
    this.calls.add(call);
    call.isBeingMade = false;
    this.delivery.pump();
    return call.outcome;
  }

  tooLate(name: string, step: string): PerdureError | undefined {
    return this.isOver ? this.late.error(name, step) : undefined;
  }

  private get isOver(): boolean {
    return this.hasEnded || this.state === "finishing";
  }

  readonly nextVariant = (first: string): number => this.calls.nextVariant(first);

  cancellationOf(call: PendingCall): CancelledError | undefined {
    return this.cancellation.errorOfHeldCall(call);
  }

  /** @param left - milliseconds for which the lease has to last: renewals that come in time leave more than half, so less is what an outage has left */
  onLease(begin: () => void, left = this.host.settings.lease / 2): void {
    if (this.host.monotonic() + left < this.leaseEndsAt) return begin();
    this.host.renew(this).then(
      () => this.isActive && this.onLease(begin, 0), // the answer may have come too late
      (error: unknown) => this.fail(error),
    );
  }

  checkpoint(step: NewRow, consume?: SignalRow, then = this.completed, slot?: StepSlot): void {
    this.engine.checkpoint(step, consume, then, slot);
  }

  readonly completed = (row: StepRow): void => {
    this.history.push(row);
    this.delivery.pumpAnswer();
  };

  readonly innerOf: Engine["innerOf"] = (step) => this.engine.innerOf(step);

  begin(call: PendingCall, open: StepRow | undefined): void {
    this.engine.begin(call, open);
  }

  keep(step: StepRow, then: () => void, slot?: StepSlot): void {
    this.engine.write({ type: "step", step }, then, slot);
  }

  standsInLine(): void {
    this.idle.standsInLine();
  }

  attemptEnded(): void {
    this.attempts.running--;
    if (this.state === "draining" && this.attempts.running === 0) this.leave();
    else this.engine.next();
  }

  // --- the delivery's side

  continueLive(): void {
    if (this.cancellation.isPending) return; // the cancellation is delivered first
    this.calls.beginHeld();
    this.engine.next();
  }

  interruptIdleness(): void {
    this.idle.interrupt();
  }

  finishIfSettled(): boolean {
    if (!this.outcome) return false;
    const isWaiting = !this.history.next && !this.cancellation.isPending && this.calls.beginLast();
    if (isWaiting && this.isActive) return false;
    if (this.isActive) this.finish(this.outcome);
    return true;
  }

  // --- the end

  private finish(outcome: Outcome): void {
    const lost = this.lost.now(true);
    if (lost && this.host.settings.lostSteps === "stop") return this.stop(lost);
    if (lost) this.host.report(lost, this.run);
    this.state = "finishing";
    this.stopTimers();
    for (const { live } of this.calls) live?.stopWaiting();
    const status = this.statusOf(outcome);
    let output: Encoded;
    try {
      output = outputOf(this, outcome);
    } catch (error) {
      return this.stop(error);
    }
    const unhandled = status === "failed" && !outcome.ok ? this.failures.unhandled(outcome.error) : [];
    const compensated = status === "failed" && this.failures.hasCompensated(unhandled);
    this.engine.write({ type: "finish", status, output, unhandled, compensated }, () =>
      this.close({ type: "finished", status, output, failedAt: this.failures.lastOf(unhandled) }),
    );
  }

  private statusOf(outcome: Outcome): FinalStatus {
    if (outcome.ok) return "completed";
    return this.cancellation.isDelivered && outcome.error instanceof CancelledError ? "cancelled" : "failed";
  }

  stop(error: unknown): void {
    // a child or a start was refused since the runtime closes, which gives the run back when its running attempts have ended
    const isClosing = error instanceof PerdureError && error.code === "RUNTIME_CLOSED";
    if (this.state === "ended" || isClosing) return;
    // an error of the code or its values persists; a store or a process may work next time
    const isLasting = error instanceof PerdureError && !/^(?:STORE|SQLITE|RUNTIME)_/.test(error.code);
    if (isLasting && this.cancellation.requested && this.cancellation.isUnnoticed) return this.endUnnoticed(error);
    const blocked: Blocked | undefined = isLasting
      ? { error: error.code, message: error.message, code: blockKey(this.code, this.host.settings) }
      : undefined;
    this.release("pending", undefined, { type: "stopped", error }, blocked);
  }

  /** Ends a cancelled run that cannot continue to the place where its workflow would be notified. */
  private endUnnoticed(cause: PerdureError): void {
    this.silence("the run is cancelled");
    const end = cancelledEnd(this.host, this.run, this.cancellation.reason, cause);
    this.engine.write(end, () => this.close({ type: "finished", status: end.status, output: end.output }));
  }

  private release(
    status: "pending" | "waiting",
    wakeAt: number | undefined,
    end: ExecutionEnd,
    blocked?: Blocked,
  ): void {
    this.silence("the run stopped here");
    const due = wakeAt !== undefined && { wakeAt };
    this.engine.write({ type: "release", status, ...due, ...(blocked && { blocked }) }, () => this.close(end));
  }

  /** Another owner has the run, or this process can no longer own it: nothing more is written. */
  lose(): void {
    this.silence("the run was lost to another process");
    this.close({ type: "lost" });
  }

  /** The store failed. Nothing can be written, so the execution ends and the record stays as it is. */
  fail(error: unknown): void {
    this.silence("the store failed");
    this.close({ type: "stopped", error });
  }

  private silence(reason: string): void {
    this.state = this.state === "ended" ? "ended" : "finishing";
    this.stopTimers();
    this.calls.abandon(reason);
  }

  private stopTimers(): void {
    this.delivery.stopTimer();
    this.idle.stop();
  }

  private close(end: ExecutionEnd): void {
    this.state = "ended";
    this.late.ended(end);
    this.end(end);
  }

  // --- rejections

  rejected(promise: object, reason: unknown): void {
    this.late.rejected(promise, reason);
  }

  handled(promise: object): void {
    this.late.handled(promise);
  }

  // --- leaving memory

  waitsOutside(): void {
    const { id: run, workflow } = this.run;
    const { id: step, location } = this.delivery.lastStep ?? {};
    const error = new PerdureError("WAITS_OUTSIDE", { run, workflow, step, location });
    if (this.cancellation.isDelivered && this.cancellation.isUnnoticed) this.endUnnoticed(error);
    else this.host.report(error, this.run);
  }

  /** Lets the run leave memory now if it only waits. False: it does something, or has left already. `soon`: it has only begun to wait for a slot. */
  suspendIfWaiting(): boolean | "soon" {
    const waiting = this.isQuiet ? this.calls.waiting() : undefined;
    if (waiting && this.idle.isBrief) return "soon";
    if (waiting) this.suspend(waiting.wakeAt);
    return waiting !== undefined;
  }

  suspend(wakeAt: number | undefined): void {
    this.release("waiting", wakeAt, { type: "released", wakeAt });
  }

  /** Begins nothing more, waits for running attempts to end, and gives the run back. */
  async drain(): Promise<void> {
    if (this.state === "active") {
      this.state = "draining";
      if (this.attempts.running === 0) this.leave();
    }
    await this.ended;
  }

  /** Gives the run back without waiting for running attempts. Their signals are aborted; they run again elsewhere. */
  giveBack(): void {
    if (this.state === "active" || this.state === "draining") this.leave();
  }

  private leave(): void {
    // a completion that is committed and not delivered may lead to new work
    const waiting = this.delivery.isPumping ? undefined : this.calls.waiting();
    this.release(waiting ? "waiting" : "pending", waiting?.wakeAt, { type: "released", wakeAt: waiting?.wakeAt });
  }

  // --- signals and cancellation

  /** Whether the wait that would consume a delivery of this name refuses the payload. Reports why. */
  readonly refuses = (name: string, payload: unknown): boolean => this.calls.refuses(name, payload);

  /** Whether an open wait has taken one. */
  readonly offer = (signals: readonly SignalRow[]): boolean => this.calls.offer(signals);

  /** Records the cancellation as a completion of its own. It takes effect when it is delivered. False: there is one, or the run is about to leave memory. */
  cancel(reason: Encoded): boolean {
    if (this.cancellation.requested || this.state !== "active") return false;
    this.cancellation.request(reason);
    this.calls.hold();
    this.checkpoint(cancelStep(reason, this.host.clock.now()));
    this.calls.interrupt(reasonOf(this.host, this.run, reason));
    return true;
  }
}
