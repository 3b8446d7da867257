import { PerdureError } from "@perdure/protocol";
import type { Blocked, Encoded, FinalStatus, RunRow, SignalRow, StepKind, StepRow, Write } from "@perdure/store";
import { Cancellation } from "./cancellation.ts";
import { ChangedCode } from "../history/changed-code.ts";
import { blockKey, codeOf, type Code } from "../definitions/code.ts";
import { Scope, type Frame } from "./scope.ts";
import { CancelledError } from "../values/errors.ts";
import { Failures } from "./failures.ts";
import { fingerprint } from "../values/fingerprint.ts";
import { CANCEL_ID, History } from "../history/history.ts";
import type { Body, Host } from "./host.ts";
import { LiveStep } from "./step.ts";
import { LostSteps } from "../history/lost-steps.ts";
import { registry, type WorkflowDefinition } from "../definitions/registry.ts";

/** How an execution ended; only the first is an end of the run. */
export type ExecutionEnd =
  | { readonly type: "finished"; readonly status: FinalStatus; readonly output: Encoded }
  | { readonly type: "released"; readonly wakeAt: number | undefined }
  | { readonly type: "stopped"; readonly error: unknown }
  | { readonly type: "lost" };

/** A durable operation as the workflow asks for it. */
export interface StepSpec {
  readonly kind: StepKind;
  /** What is counted under `name` in the scope. */
  readonly what: string;
  readonly name: string;
  readonly input: unknown;
  readonly target?: string;
  readonly location: string | undefined;
  /** Makes of the stored value what the workflow sees. */
  readonly parse?: (value: unknown) => unknown;
  /** Does the work; called once, when the step is neither recorded nor to be waited for. */
  readonly begin: (step: LiveStep) => void;
  /** In place of `begin` when the run was cancelled since the step was asked for. Default: it fails with the error. */
  readonly cancelled?: (step: LiveStep, error: CancelledError) => void;
}

/** A step that the workflow waits for. */
export interface Ask {
  readonly id: string;
  readonly spec: StepSpec;
  readonly frame: Frame;
  readonly inputHash: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Completions that had been delivered when it was asked for. */
  readonly askedAt: number;
  live: LiveStep | undefined;
}

type Outcome = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown };

/** A promise of a run that is not in memory any more: it is dropped, never settled. */
const never = (): Promise<never> => new Promise(() => {});

/**
 * One execution of a run in this process: calls the workflow from the top and gives it the recorded completions, then
 * the new ones, one at a time, strictly in the order of their sequence numbers, with a drained microtask queue between
 * two (R2). There is one queue for both, so a first run and a replay take the same path.
 */
export class Execution {
  readonly run: RunRow;
  readonly host: Host;
  readonly definition: WorkflowDefinition;
  /** Completions delivered so far. */
  delivered = 0;
  /** When the latest of them was recorded, in milliseconds since 1970; clocks of several processes do not run backwards here. */
  now: number;
  /** Attempts of tasks that run now. */
  executing = 0;
  /** Those of them with a limit on their time. */
  timed = 0;
  readonly ended: Promise<ExecutionEnd>;

  private readonly end: (end: ExecutionEnd) => void;
  private state: "active" | "draining" | "finishing" | "ended" = "active";
  private readonly history: History;
  private seq: number;
  private readonly code: Code;
  private readonly lost: LostSteps;
  /** The code is recorded with the first thing that is recorded under it, so that a run that is stopped before stays what it was. */
  private isCodeRecorded: boolean;
  private readonly asked = new Map<string, Ask>();
  /** Steps to begin once the recorded ones are delivered: nothing new happens before the past is repeated. */
  private held: Ask[] | undefined = [];
  private readonly variants = new Map<string, number>();
  private pumping = false;
  private outcome: Outcome | undefined;
  private readonly failures = new Failures();
  private readonly cancellation: Cancellation;
  /** Deliveries that a wait has taken, committed or not yet. */
  private readonly takenSignals = new Set<string>();
  private stallTimer: (() => void) | undefined;
  private idleTimer: (() => void) | undefined;
  private drained: (() => void) | undefined;

  /** @param codes - what is recorded of the codes that recorded the older steps, by fingerprint */
  constructor(
    host: Host,
    run: RunRow,
    definition: WorkflowDefinition,
    steps: readonly StepRow[],
    codes: ReadonlyMap<string, string> = new Map(),
  ) {
    this.host = host;
    this.run = run;
    this.now = run.createdAt;
    this.definition = definition;
    let end: (end: ExecutionEnd) => void = () => {};
    this.ended = new Promise((resolve) => (end = resolve));
    this.end = end;
    this.code = codeOf(definition);
    this.history = new History(steps, run, this.code.fingerprint, host.settings.renames);
    this.lost = new LostSteps(
      run,
      this.history,
      new ChangedCode(this.code, codes, (row) => this.history.codeOf(row)),
      this.asked,
    );
    this.isCodeRecorded = this.history.change === undefined;
    this.seq = this.history.lastSeq;
    this.cancellation = new Cancellation(this.history.checkpointOf(CANCEL_ID) !== undefined);
  }

  /** Begins steps, and delivers what they come to. */
  get isActive(): boolean {
    return this.state === "active";
  }

  /** Runs the body from the top. Whatever it ends with, `ended` tells. */
  start(body: Body, args: readonly unknown[]): void {
    if (this.run.cancel !== undefined) this.cancel(this.run.cancel);
    const call = async (): Promise<unknown> => body(...args);
    registry.context.run(Scope.root(this), call).then(
      (value) => this.settled({ ok: true, value }),
      (error: unknown) => this.settled({ ok: false, error }),
    );
    this.pump();
  }

  // --- the workflow's side

  step(scope: Scope, spec: StepSpec): Promise<unknown> {
    if (this.state === "finishing" || this.state === "ended") return never();
    const inputHash = fingerprint(spec.input);
    const id = this.idOf(scope, spec, inputHash);
    const cancelled = this.cancellation.takeFor(scope.frame);
    if (cancelled) return Promise.reject(cancelled);
    return new Promise((resolve, reject) => {
      const ask: Ask = {
        id,
        spec,
        frame: scope.frame,
        inputHash,
        resolve,
        reject,
        askedAt: this.delivered,
        live: undefined,
      };
      this.asked.set(id, ask);
      const record = this.history.checkpointOf(id);
      if (record) this.compareInput(ask, record);
      else if (this.held) this.held.push(ask);
      else this.begin(ask);
      this.pump();
    });
  }

  /**
   * The next id of the name, or the one that it is recorded under by an old name. What belongs to another call by a rename, and a record that a retry has left
   * behind when its input is another one, count as called.
   */
  private idOf(scope: Scope, spec: StepSpec, inputHash: string): string {
    for (;;) {
      const id = this.history.recordedAs(scope.nextId(spec.name, spec.what));
      if (id === undefined) continue;
      const record = this.history.checkpointOf(id);
      if (!record || !this.history.isLeftover(record) || (record.inputHash === inputHash && record.kind === spec.kind))
        return id;
    }
  }

  /** What tells the steps of one more caller from those that share their path and name. */
  nextVariant(path: string, name: string): number {
    const key = `${path}/${name}`;
    const variant = this.variants.get(key) ?? 0;
    this.variants.set(key, variant + 1);
    return variant;
  }

  private begin(ask: Ask): void {
    if (this.state !== "active") return;
    const open = this.history.openStepOf(ask.id);
    const lost = open || this.host.settings.lostSteps === "report" ? undefined : this.lost.before(ask);
    if (open) this.goOnWith(open, ask);
    else if (lost) this.stop(lost);
    if (!this.isActive) return;
    ask.live = new LiveStep(this, ask, open);
    ask.live.begin();
  }

  private goOnWith(open: StepRow, ask: Ask): void {
    this.compareInput(ask, open);
    const { target } = ask.spec;
    if (this.isActive && target !== undefined && target !== open.target) this.keep({ ...open, target }, () => {}); // a signal was renamed: deliveries find the wait by its name
  }

  private compareInput(ask: Ask, record: StepRow): void {
    if (record.kind === ask.spec.kind && (record.inputHash === ask.inputHash || record.kind === "signal")) return; // a signal's id has its name, its only input
    const params = {
      run: this.run.id,
      workflow: this.run.workflow,
      step: ask.id,
      recordedAt: record.location ?? "?",
      calledAt: ask.spec.location ?? "?",
    };
    if (record.kind !== ask.spec.kind)
      this.stop(new PerdureError("STEP_KIND_DIFFERS", { ...params, recorded: record.kind, called: ask.spec.kind }));
    else if (this.history.isOld(record)) this.host.report(new PerdureError("INPUT_CHANGED", params), this.run);
    else if (this.host.settings.nondeterminism === "report")
      this.host.report(new PerdureError("NOT_DETERMINISTIC", params), this.run);
    else this.stop(new PerdureError("NOT_DETERMINISTIC", params));
  }

  // --- delivery (R2)

  /** Delivers what can be delivered, beginning when the microtask queue has drained. */
  pump(): void {
    if (this.pumping || this.state !== "active") return;
    this.pumping = true;
    afterDrain(this.turn);
  }

  private readonly turn = (): void => {
    if (this.state !== "active") return;
    if (this.outcome) return this.finish(this.outcome);
    const next = this.history.take(this.isAsked);
    if (next) {
      this.clearTimers();
      this.deliver(next);
      afterDrain(this.turn);
      return;
    }
    this.pumping = false;
    if (this.history.next) this.stalled();
    else this.live();
  };

  private readonly isAsked = (id: string): boolean => this.asked.has(id);

  private deliver(row: StepRow): void {
    this.delivered++;
    this.now = Math.max(this.now, row.finishedAt ?? 0);
    if (row.kind === "cancel") return this.deliverCancellation(row);
    const ask = this.asked.get(row.id);
    if (!ask) return;
    this.asked.delete(row.id);
    if (!ask.live) this.host.step("replayed", this.run, row);
    try {
      const value = row.output === undefined ? undefined : this.host.values.decode(row.output);
      if (row.state === "completed") ask.resolve(ask.spec.parse ? ask.spec.parse(value) : value);
      else this.deliverFailure(ask, value);
    } catch (error) {
      this.stop(error);
    }
  }

  private deliverFailure(ask: Ask, error: unknown): void {
    this.failures.add({ id: ask.id, error, at: this.delivered, frame: ask.frame });
    if (this.cancellation.isDelivered && error instanceof CancelledError) this.cancellation.tell(ask.frame);
    ask.reject(error);
  }

  /** The recorded completions are all delivered: what is not recorded begins. */
  private live(): void {
    if (this.cancellation.isPending) return; // its turn comes first
    const held = this.held;
    this.held = undefined;
    for (const ask of held ?? []) this.begin(ask);
    this.watchIdle();
  }

  /** The next recorded completion is not asked for. */
  private stalled(): void {
    const row = this.history.next;
    if (row && this.history.isOld(row)) {
      this.live(); // new steps may stand before it
      if (this.asked.size > 0) return;
    }
    this.stallTimer ??= this.host.clock.at(this.host.clock.now() + this.host.settings.stallTimeout, () => {
      this.stallTimer = undefined;
      const lost = this.lost.now(false);
      if (lost && this.state === "active" && !this.pumping) this.stop(lost);
    });
  }

  private clearTimers(): void {
    this.stallTimer?.();
    this.idleTimer?.();
    this.stallTimer = this.idleTimer = undefined;
  }

  // --- the end

  private settled(outcome: Outcome): void {
    this.outcome = outcome;
    this.pump();
  }

  private finish(outcome: Outcome): void {
    const lost = this.lost.now(true);
    if (lost && this.host.settings.lostSteps === "stop") return this.stop(lost);
    if (lost) this.host.report(lost, this.run);
    this.state = "finishing";
    this.clearTimers();
    for (const { live } of this.asked.values()) live?.stopWaiting();
    const status = outcome.ok
      ? "completed"
      : this.cancellation.isDelivered && outcome.error instanceof CancelledError
        ? "cancelled"
        : "failed";
    let output: Encoded;
    try {
      output = this.host.values.encode(
        outcome.ok ? outcome.value : outcome.error,
        `workflow ${this.run.workflow} ${outcome.ok ? "returned" : "threw"}`,
      );
    } catch (error) {
      return this.stop(error);
    }
    const unhandled = status === "failed" && !outcome.ok ? this.failures.unhandled(outcome.error) : [];
    this.write({ type: "finish", status, output, unhandled, at: this.host.clock.now() }, () =>
      this.close({ type: "finished", status, output }),
    );
  }

  /** Ends the execution, not the run: it stays as it is, and can be taken up again. */
  stop(error: unknown): void {
    if (this.state === "ended") return;
    // what is wrong with the code or its values stays wrong; a store or a process may do better next time
    const isLasting = error instanceof PerdureError && !/^(?:STORE|SQLITE|RUNTIME)_/.test(error.code);
    const blocked: Blocked | undefined = isLasting
      ? { error: error.code, message: error.message, code: blockKey(this.code, this.host.settings) }
      : undefined;
    this.release("pending", undefined, { type: "stopped", error }, blocked);
  }

  private release(
    status: "pending" | "waiting",
    wakeAt: number | undefined,
    end: ExecutionEnd,
    blocked?: Blocked,
  ): void {
    this.quiet("the run stopped here");
    const write = {
      type: "release",
      status,
      at: this.host.clock.now(),
      ...(wakeAt !== undefined && { wakeAt }),
      ...(blocked && { blocked }),
    } as const;
    this.write(write, () => this.close(end));
  }

  /** Another owner has the run, or this process is no longer fit to own it: nothing more is written. */
  lose(): void {
    this.quiet("the run was lost to another process");
    this.close({ type: "lost" });
  }

  private quiet(reason: string): void {
    this.state = this.state === "ended" ? "ended" : "finishing";
    this.clearTimers();
    for (const { live } of this.asked.values()) live?.abandon(reason);
  }

  private close(end: ExecutionEnd): void {
    this.state = "ended";
    this.end(end);
    this.drained?.();
  }

  // --- waiting

  private watchIdle(): void {
    if (this.idleTimer || this.executing > 0 || this.asked.size === 0) return;
    const { clock, settings } = this.host;
    this.idleTimer = clock.at(
      clock.now() + settings.suspendAfter,
      () => {
        this.idleTimer = undefined;
        this.suspend();
      },
      true,
    );
  }

  /** Leaves memory when nothing is to be done here for a while. */
  private suspend(): void {
    if (this.state !== "active" || this.pumping || this.executing > 0) return;
    const lives = [...this.asked.values()].map(({ live }) => live);
    const wakeAt = earliest(lives.map((live) => live?.dueAt));
    const soon = wakeAt !== undefined && wakeAt - this.host.clock.now() < this.host.settings.suspendAfter;
    if (soon || !lives.every((live) => live?.waiting === true)) return this.watchIdle(); // a child may still be in memory
    this.release("waiting", wakeAt, { type: "released", wakeAt });
  }

  /** Begins nothing more, waits for the attempts that run, and lets go of the run. */
  async drain(): Promise<void> {
    if (this.state === "active") {
      this.state = "draining";
      if (this.executing === 0) this.leave();
      await new Promise<void>((resolve) => {
        this.drained = resolve;
        if (this.state === "ended") resolve();
      });
    } else await this.ended;
  }

  /** Does not wait for attempts that still run: they are told by their signal, and made again elsewhere. */
  giveBack(): void {
    if (this.state === "active" || this.state === "draining") this.leave();
  }

  private leave(): void {
    const lives = [...this.asked.values()].map(({ live }) => live);
    const waits = this.asked.size > 0 && lives.every((live) => live?.waiting === true);
    const wakeAt = waits ? earliest(lives.map((live) => live?.dueAt)) : undefined;
    this.release(waits ? "waiting" : "pending", wakeAt, { type: "released", wakeAt });
  }

  attemptEnded(): void {
    this.executing--;
    if (this.state === "draining" && this.executing === 0) this.leave();
    else if (!this.pumping && this.state === "active") this.watchIdle();
  }

  // --- signals and cancellation

  /** Gives unconsumed deliveries to the waits that are open, in the order in which these were opened. */
  offer(signals: readonly SignalRow[]): void {
    for (const signal of signals) {
      const delivery = `${signal.slot} ${signal.name}`;
      if (this.takenSignals.has(delivery)) continue;
      const names = [signal.name, ...this.host.settings.renames.signalsOf(signal.name)];
      for (const { live, spec } of this.asked.values()) {
        if (spec.kind === "signal" && names.includes(spec.target ?? "") && live?.take(signal) === true) {
          this.takenSignals.add(delivery);
          break;
        }
      }
    }
  }

  /** Records the cancellation as a completion of its own; it takes effect when its turn comes. */
  cancel(reason: Encoded): void {
    if (this.cancellation.requested || this.state !== "active") return;
    this.cancellation.requested = true;
    this.held ??= [];
    const now = this.host.clock.now();
    this.checkpoint({
      id: CANCEL_ID,
      kind: "cancel",
      state: "completed",
      inputHash: "",
      attempt: 0,
      output: reason,
      startedAt: now,
      finishedAt: now,
    });
    for (const { live } of this.asked.values()) live?.cancel(this.host.values.decode(reason));
  }

  /** Waits end with a CancelledError now, in the order in which they began; a task that ends later says so itself. */
  private deliverCancellation(row: StepRow): void {
    const error = new CancelledError(row.output === undefined ? undefined : this.host.values.decode(row.output));
    this.cancellation.deliver(this.delivered, error);
    for (const ask of this.asked.values()) {
      if (
        (ask.spec.kind !== "sleep" && ask.spec.kind !== "signal") ||
        ask.live?.sealed === true ||
        this.history.checkpointOf(ask.id)
      )
        continue;
      ask.live?.abandon("cancelled");
      this.asked.delete(ask.id);
      this.held = this.held?.filter((held) => held !== ask);
      this.cancellation.tell(ask.frame);
      ask.reject(error);
    }
  }

  /** The error for a step that was asked for before the run was cancelled and has not begun since. */
  cancelledBefore(ask: Ask): CancelledError | undefined {
    return this.cancellation.before(ask.askedAt);
  }

  // --- writing (R3)

  /** Commits a finished step; then its turn comes in the queue. */
  checkpoint(step: Omit<StepRow, "seq">, consume?: SignalRow): void {
    const row: StepRow = { ...step, seq: ++this.seq };
    this.write({ type: "step", step: row, ...(consume && { consume }) }, () => {
      this.history.push(row);
      this.pump();
    });
  }

  /** Keeps an unfinished step: when a sleep ends, when the next attempt is due. */
  keep(step: StepRow, then: () => void): void {
    this.write({ type: "step", step }, then);
  }

  private write(write: WriteBody, then: () => void = () => {}): void {
    if (this.state === "ended") return;
    if (write.type !== "release") this.recordCode();
    this.commit(write, then);
  }

  private recordCode(): void {
    const { change } = this.history;
    if (this.isCodeRecorded || !change) return;
    this.isCodeRecorded = true;
    this.commit({ type: "code", code: this.code.fingerprint, modules: this.code.text, ...change }, () => {});
  }

  private commit(write: WriteBody, then: () => void): void {
    this.host.commit({ ...write, run: this.run.id, epoch: this.run.epoch } as Write, (result) => {
      if (this.state === "ended") return;
      if (result === true) then();
      else if (result === false) this.lose();
      else this.broken(result);
    });
  }

  /** The store failed: nothing can be written, so the run ends here without a word in the store. */
  private broken(error: unknown): void {
    this.quiet("the store failed");
    this.close({ type: "stopped", error });
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
type WriteBody = DistributiveOmit<Write, "run" | "epoch">;

/** A `process.nextTick` queued from a microtask runs when the microtask queue has drained. */
const afterDrain = (fn: () => void): void => {
  queueMicrotask(() => process.nextTick(fn));
};

const earliest = (times: readonly (number | undefined)[]): number | undefined => {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
};
