import { PerdureError } from "@perdure/protocol";
import type { SignalRow, StepRow } from "@perdure/store";
import type { History } from "../history/history.ts";
import type { LostSteps } from "../history/lost-steps.ts";
import { checkLatestCall } from "./sites.ts";
import type { CallingScope } from "./frame.ts";
import type { PendingCall, RunInMemory, StepSpec } from "./step.ts";

/** The run whose calls they are. */
interface CallingRun extends RunInMemory {
  /** Begins a step that has no checkpoint. `open` is what an earlier execution recorded of it. */
  begin(call: PendingCall, open: StepRow | undefined): void;
}

/** The pending calls of a run: gives each its id, compares it with the record, and begins the steps that are not recorded. */
export class Calls {
  private readonly execution: CallingRun;
  private readonly history: History;
  private readonly lost: LostSteps;
  private readonly pending: Map<string, PendingCall>;
  /** Steps to begin once the recorded completions are delivered: nothing new happens before the past is replayed. Undefined: steps begin at once. */
  private held: Set<PendingCall> | undefined = new Set();
  /** Calls that the end of the run waits for. */
  private readonly last = new Set<PendingCall>();
  isReplaying = true;
  private readonly variants = new Map<string, number>();
  /** Deliveries that a wait has accepted, committed or not yet. */
  private readonly acceptedSignals = new Set<string>();

  /** @param pending - empty; shared with `lost` */
  constructor(execution: CallingRun, history: History, lost: LostSteps, pending: Map<string, PendingCall>) {
    this.execution = execution;
    this.history = history;
    this.lost = lost;
    this.pending = pending;
  }

  get size(): number {
    return this.pending.size;
  }

  readonly isPending = (id: string): boolean => this.pending.has(id);

  [Symbol.iterator](): Iterator<PendingCall> {
    return this.pending.values();
  }

  get(id: string): PendingCall | undefined {
    return this.pending.get(id);
  }

  add(call: PendingCall): void {
    this.pending.set(call.id, call);
    const record = this.history.checkpointOf(call.id);
    if (record) this.compareInput(call, record);
    else if (this.held) {
      call.mayHaveBegun = this.isReplaying && this.execution.run.epoch > 1;
      this.held.add(call);
    } else this.begin(call);
  }

  delete(call: PendingCall): void {
    this.pending.delete(call.id);
    this.held?.delete(call);
  }

  /** From now on no step begins until `beginHeld`. */
  hold(): void {
    this.held ??= new Set();
  }

  beginHeld(): void {
    const { held } = this;
    if (!held) return;
    this.held = undefined;
    this.isReplaying = false;
    for (const call of held) this.begin(call);
  }

  /**
   * The workflow's body has ended. The tasks and runs that it called since the latest delivery, and awaited nowhere, belong to the run: it
   * ends after them, live and in a replay alike. (The losers of a race were called before the completion that won: they are left behind.)
   */
  bodyEnded(): void {
    checkLatestCall(this.execution);
    for (const call of this.pending.values())
      if (!call.isWait && call.calledAt === this.execution.delivered) this.last.add(call);
  }

  /** Begins those of the last calls that have not begun. Returns whether one of them is pending. */
  beginLast(): boolean {
    for (const call of this.last) {
      if (this.held?.delete(call) === true) this.begin(call);
      if (!this.pending.has(call.id)) this.last.delete(call);
    }
    return this.last.size > 0;
  }

  /**
   * The next id of the name, or the id that it is recorded under by an old name. An id that a rename gives to another call
   * counts as called. So does a record from before a retry whose input differs.
   */
  idOf(scope: CallingScope, spec: StepSpec, inputHash: string): string {
    for (;;) {
      const id = this.history.recordedAs(scope.nextId(spec.name, spec.what));
      if (id === undefined) continue;
      const record = this.history.checkpointOf(id);
      const isSame = record?.inputHash === inputHash && record.kind === spec.kind;
      if (!record || !this.history.isBeforeRetry(record) || isSame) return id;
    }
  }

  /** Tells the calls of one more caller from those of callers with the same path and name. */
  nextVariant(first: string): number {
    const variant = this.variants.get(first) ?? 0;
    this.variants.set(first, variant + 1);
    return variant;
  }

  /** Whether one of them stands in line of a queue. */
  get isInLine(): boolean {
    return [...this.pending.values()].some(({ live }) => live?.isInLine === true);
  }

  /** Whether one of them is a child run. */
  get hasChild(): boolean {
    return [...this.pending.values()].some(({ kind }) => kind === "child");
  }

  /** When the run continues on its own, where every pending call waits; undefined where one does not, or none is pending. */
  waiting(): { readonly wakeAt: number | undefined } | undefined {
    const steps = [...this.pending.values()].map(({ live }) => live);
    if (steps.length === 0 || !steps.every((step) => step?.waiting === true && !step.slot?.keepsRun)) return undefined;
    const wakeAt = steps.reduce(
      (earliest, step) => Math.min(earliest, (step?.isInLine ? undefined : step?.dueAt) ?? Infinity),
      Infinity,
    );
    return { wakeAt: wakeAt === Infinity ? undefined : wakeAt };
  }

  /** Gives unconsumed deliveries to the open waits, in the order in which these were opened. Whether any was taken. */
  offer(signals: readonly SignalRow[]): boolean {
    const before = this.acceptedSignals.size;
    for (const signal of signals) {
      const delivery = `${signal.slot} ${signal.name}`;
      if (this.acceptedSignals.has(delivery)) continue;
      const names = [signal.name, ...this.execution.host.settings.renames.signalsOf(signal.name)];
      for (const { live, spec } of this.pending.values()) {
        if (spec.kind === "signal" && names.includes(spec.target ?? "") && live?.accept(signal) === true) {
          this.acceptedSignals.add(delivery);
          break;
        }
      }
    }
    return this.acceptedSignals.size > before;
  }

  /** Whether the wait that would consume a delivery of this name refuses the payload. Reports why. */
  refuses(name: string, payload: unknown): boolean {
    try {
      this.checkPayload(name, payload);
      return false;
    } catch (refusal) {
      const { host, run } = this.execution;
      if (refusal instanceof PerdureError) host.report(refusal, run);
      return true;
    }
  }

  private checkPayload(name: string, payload: unknown): void {
    for (const call of this.pending.values()) {
      const { live, spec } = call;
      if (spec.kind === "signal" && spec.target === name && live?.active === true)
        return call.inContext(() => spec.check?.(payload));
    }
  }

  /**
   * A cancellation was requested: tasks see it on their signals, except in clean-up, where they may begin after it as well. No wait ends any more
   * before the delivery, which ends it: until that end is durable, a replay would know only of the cancellation.
   */
  interrupt(reason: unknown): void {
    for (const { live, isWait, caller } of this.pending.values()) {
      const { shelter } = caller;
      if (shelter === "shield") continue;
      if (isWait) live?.abandon("cancelled");
      else if (shelter === "none") live?.cancel(reason);
    }
  }

  abandon(reason: string): void {
    for (const { live } of this.pending.values()) live?.abandon(reason);
  }

  private begin(call: PendingCall): void {
    if (!this.execution.isActive) return;
    const open = this.history.openStepOf(call.id);
    if (open) this.resumeOpenStep(open, call);
    else if (this.history.hasOld) this.assertReachable(call);
    if (this.execution.isActive) this.execution.begin(call, open);
  }

  private assertReachable(call: PendingCall): void {
    const { lostSteps } = this.execution.host.settings;
    const lost = lostSteps === "report" ? undefined : this.lost.beforeBeginning(call);
    if (lost) this.execution.stop(lost);
  }

  private resumeOpenStep(open: StepRow, call: PendingCall): void {
    this.compareInput(call, open);
    const { target } = call.spec;
    // the signal was renamed: deliveries find the wait by its name
    if (this.execution.isActive && target !== undefined && target !== open.target)
      this.execution.keep({ ...open, target }, () => {});
  }

  private compareInput(call: PendingCall, record: StepRow): void {
    // the id of a wait for a signal contains the signal's name, which is its only input
    if (record.kind === call.kind && (record.inputHash === call.inputHash || record.kind === "signal")) return;
    const { host, run } = this.execution;
    const params = {
      run: run.id,
      workflow: run.workflow,
      step: call.id,
      recordedAt: record.location ?? "?",
      calledAt: call.location ?? "?",
    };
    if (record.kind !== call.kind)
      this.execution.stop(
        new PerdureError("STEP_KIND_DIFFERS", { ...params, recorded: record.kind, called: call.kind }),
      );
    else if (this.history.isOld(record)) host.report(new PerdureError("INPUT_CHANGED", params), run);
    else if (host.settings.nondeterminism === "report") host.report(new PerdureError("NOT_DETERMINISTIC", params), run);
    else this.execution.stop(new PerdureError("NOT_DETERMINISTIC", params));
  }
}
