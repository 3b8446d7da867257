import type { Encoded, SignalRow, StepRow } from "@perdure/store";
import type { Ask, Execution } from "./execution.ts";

/** The one time in this process that a step is really done: what it waits for, and how it ends. */
export class LiveStep {
  readonly execution: Execution;
  readonly ask: Ask;
  /** Attempts made so far. */
  attempt: number;
  /** When it goes on by itself. */
  dueAt: number | undefined;
  /** Id of the child run, once it is known. */
  target: string | undefined;
  /** For a step that waits for something with a life of its own: whether that is not in memory either. */
  waitsElsewhere: (() => boolean) | undefined;
  /** Its checkpoint is on the way: the outcome cannot change any more. */
  sealed = false;
  /** It stands in the store as open. */
  kept: boolean;
  /** Set by steps that take part in these events. */
  onSignal: ((signal: SignalRow) => void) | undefined;
  onCancel: ((reason: unknown) => void) | undefined;
  onAbandon: ((reason: string) => void) | undefined;

  private waitingHere = false;
  private readonly startedAt: number;
  private timer: (() => void) | undefined;
  private over = false;

  constructor(execution: Execution, ask: Ask, open: StepRow | undefined) {
    this.execution = execution;
    this.ask = ask;
    this.attempt = open?.attempt ?? 0;
    this.dueAt = open?.dueAt;
    this.kept = open !== undefined;
    this.target = ask.spec.target;
    this.startedAt = open?.startedAt ?? execution.host.clock.now();
  }

  /** Counts one more attempt. */
  startAttempt(): void {
    this.attempt++;
    this.execution.executing++;
    this.execution.host.step("started", this.execution.run, this.row("open"));
  }

  begin(): void {
    const cancelled = this.execution.cancelledBefore(this.ask);
    const { spec } = this.ask;
    try {
      if (!cancelled) spec.begin(this);
      else if (spec.cancelled) spec.cancelled(this, cancelled);
      else this.fail(cancelled);
    } catch (error) {
      this.execution.stop(error);
    }
  }

  /** It waits for a time, a signal or another run, and nothing is lost when this process forgets it. */
  get waiting(): boolean {
    return this.waitsElsewhere?.() ?? this.waitingHere;
  }

  get active(): boolean {
    return !this.over && !this.sealed;
  }

  complete(value: unknown, consume?: SignalRow): void {
    if (!this.active) return;
    try {
      this.settle("completed", this.encode(value, "returned"), consume);
    } catch (error) {
      this.over = true;
      this.execution.stop(error);
    }
  }

  fail(error: unknown): void {
    if (!this.active) return;
    try {
      this.settle("failed", this.encode(error, "threw"));
    } catch (unstorable) {
      this.over = true;
      this.execution.stop(unstorable);
    }
  }

  /** Ends the step with what is stored elsewhere already. */
  settle(state: "completed" | "failed", output: Encoded, consume?: SignalRow): void {
    if (!this.active) return;
    this.sealed = true;
    this.stopWaiting();
    const { host, run } = this.execution;
    const row = { ...this.row(state), output, finishedAt: host.clock.now() };
    host.step(state === "completed" ? "executed" : "failed", run, row);
    this.execution.checkpoint(row, consume);
  }

  /** Records what has to survive a crash of an unfinished step, then goes on. */
  keep(dueAt: number | undefined, then: () => void, lastError?: unknown): void {
    const { host, run } = this.execution;
    this.dueAt = dueAt;
    this.kept = true;
    const output = lastError === undefined ? undefined : this.encode(lastError, "threw");
    const row = { ...this.row("open"), ...(dueAt !== undefined && { dueAt }), ...(output !== undefined && { output }) };
    host.step(lastError === undefined ? "waiting" : "retrying", run, row);
    this.execution.keep(row, () => this.active && then());
  }

  /** Waits until `dueAt`, or for ever; the run may leave memory meanwhile. */
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
  }

  take(signal: SignalRow): boolean {
    if (!this.active || !this.onSignal) return false;
    this.onSignal(signal);
    return true;
  }

  cancel(reason: unknown): void {
    if (this.active) this.onCancel?.(reason);
  }

  /** The run goes on without it, or not here. */
  abandon(reason: string): void {
    this.over = true;
    this.stopWaiting();
    this.onAbandon?.(reason);
  }

  private encode(value: unknown, how: "returned" | "threw"): Encoded {
    const { spec, id } = this.ask;
    const where = (): string =>
      `step ${id} of run ${this.execution.run.id}${spec.location === undefined ? "" : `, called at ${spec.location}`}`;
    return this.execution.host.values.encode(value, `${spec.name} ${how}`, where);
  }

  private row(state: StepRow["state"]): StepRow {
    const { id, spec, inputHash } = this.ask;
    return {
      id,
      kind: spec.kind,
      state,
      inputHash,
      attempt: this.attempt,
      startedAt: this.startedAt,
      ...(spec.location !== undefined && { location: spec.location }),
      ...(this.target !== undefined && { target: this.target }),
    };
  }
}
