import { PauseError, type internal, type WorkflowContext } from "@restatedev/restate-sdk";
import { CancelledError, PerdureError, TimeoutError } from "perdure";
import {
  flowOf,
  LiveStep,
  outerStepId,
  stepName,
  toMilliseconds,
  type Duration,
  type Encoded,
  type Engine,
  type EngineRun,
  type NewRow,
  type PendingCall,
  type RunWrite,
  type StepRow,
} from "perdure/engine";
import { Children, type Services } from "./children.ts";
import { Completions, type Entry } from "./completions.ts";
import { Signals } from "./signals.ts";
import { CANCEL, signalPromise, state, type Cancel, type End, type Payload } from "./wire.ts";

/** How the handler of a run ends. */
export interface Ending {
  finished(end: End): void;
  /** Restate tries again. */
  stopped(error: unknown): void;
}

/** What an attempt of a task came to: its checkpoint, or an open step that says when the next attempt is due. */
interface Attempted {
  readonly row: StepRow;
  /** What is recorded of the tasks that it has called. */
  readonly inner: readonly StepRow[];
}

/** An attempt that runs in this process. */
interface Running {
  readonly resolve: (attempted: Attempted) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Executes the steps of a run by entries of its journal on Restate. All commands follow from completions that were delivered before, so a replay
 * gives the same commands.
 */
export class RestateEngine implements Engine {
  /** Restate is told to pause the run: the handler has to leave that to it. */
  isPausing = false;
  private readonly run: EngineRun;
  private readonly context: WorkflowContext & internal.ContextInternal;
  private readonly ending: Ending;
  private readonly completions: Completions;
  private readonly children: Children;
  private readonly signals: Signals;
  private readonly running = new Map<string, Running>();
  /** Steps that wait for a time, and the entries of the times. */
  private readonly timers = new Map<PendingCall, Entry>();
  private readonly inner = new Map<string, Map<string, StepRow>>();
  private cancelled: { readonly reason: unknown; readonly at: number } | undefined;
  private hasReportedProgress = false;

  constructor(run: EngineRun, context: WorkflowContext, services: Services, ending: Ending) {
    this.run = run;
    this.context = context as WorkflowContext & internal.ContextInternal;
    this.ending = ending;
    const completions = new Completions(run, (call) => this.begin(call), ending.stopped);
    this.completions = completions;
    this.children = new Children(run, context, services, completions);
    this.signals = new Signals((name, slot) => {
      const promise = context.promise<Payload>(signalPromise(name, slot)).get();
      completions.watch(promise, (message) => this.delivered(name, message as Payload));
    });
    completions.watch(context.promise<Cancel>(CANCEL).get(), (cancel) => this.cancel(cancel as Cancel), false);
    // with Restate's own means: its UI, its command
    const reason = run.host.values.encode("cancelled on the server of Restate", "the reason");
    completions.watch(this.context.cancellation(), () => this.cancel({ reason, at: run.now }), false);
  }

  get hasProgressed(): boolean {
    return this.completions.hasProgressed;
  }

  readonly streams: Engine["streams"] = {
    writable: (name) => {
      const what = `writable("${name}")`;
      const { workflow } = this.run.run;
      const error = new PerdureError("RESTATE_UNSUPPORTED", { what, workflow, feature: "streams" });
      this.run.stop(error); // a workflow that handles it would end otherwise
      throw error;
    },
    renewed: () => {},
  };

  next(): void {
    this.completions.next();
  }

  // --- steps

  begin(call: PendingCall): void {
    if (this.completions.holds(call)) return;
    try {
      const cancelled = this.run.cancellationOf(call);
      if (cancelled) this.completions.fail(call, cancelled);
      else if (call.kind === "task") this.attempt(call, undefined);
      else if (call.kind === "sleep") this.sleep(call, call.spec.input as Duration | Date);
      else if (call.kind === "signal") this.wait(call, call.spec.target ?? "");
      else this.children.begin(call);
    } catch (error) {
      this.run.stop(error);
    }
  }

  /** One attempt of a task is one entry. */
  private attempt(call: PendingCall, open: StepRow | undefined): void {
    const { definition, id } = call;
    if (definition && flowOf(definition)) {
      const what = `a queue for the task ${call.spec.name}`;
      throw new PerdureError("RESTATE_UNSUPPORTED", { what, workflow: this.run.run.workflow, feature: "queues" });
    }
    // the journal has the command already: an earlier execution may have begun the attempt
    if (!this.context.isProcessing()) call.mayHaveBegun = true;
    const name = open ? `${id}, attempt ${open.attempt + 1}` : id;
    const promise = this.context.run(name, () => this.execute(call, open));
    this.completions.watch(promise, (attempted) => this.attempted(call, attempted as Attempted));
  }

  private execute(call: PendingCall, open: StepRow | undefined): Promise<Attempted> {
    return new Promise((resolve, reject) => {
      if (!this.run.isActive) return;
      this.running.set(call.id, { resolve, reject });
      call.live = new LiveStep(this.run, call, open);
      call.live.begin();
    });
  }

  private attempted(call: PendingCall, { row, inner }: Attempted): void {
    for (const each of inner) this.keepInner(call.id, each);
    if (row.state !== "open") return this.completions.complete(row);
    if (this.cancelled && call.caller.shelter === "none")
      return this.completions.fail(call, new CancelledError(this.cancelled.reason));
    const wait = Math.max(0, (row.dueAt ?? 0) - this.run.host.clock.now());
    this.timer(call, wait, `${call.id}, wait`, () => this.attempt(call, row));
  }

  private timer(call: PendingCall, milliseconds: number, name: string, then: () => void): void {
    const entry = this.completions.watch(this.context.sleep(milliseconds, name), () => {
      if (this.timers.delete(call)) then();
    });
    this.timers.set(call, entry);
  }

  private dropTimer(call: PendingCall): void {
    const entry = this.timers.get(call);
    if (entry) this.completions.drop(entry);
    this.timers.delete(call);
  }

  private sleep(call: PendingCall, until: Duration | Date): void {
    const { clock } = this.run.host;
    const wait = until instanceof Date ? until.getTime() - clock.now() : toMilliseconds(until, "sleep");
    // the workflow reads this time afterwards: not one that only this process knows
    const at = until instanceof Date ? until.getTime() : this.run.now + wait;
    this.timer(call, Math.max(0, wait), call.id, () => this.completions.end(call, { state: "completed" }, at));
  }

  private wait(call: PendingCall, name: string): void {
    const message = this.signals.wait(name, call);
    if (message) return this.accept(call, message);
    const { timeout } = call.spec;
    if (timeout === undefined) return;
    const at = this.run.now + timeout;
    this.timer(call, timeout, `${call.id}, timeout`, () => {
      if (!this.signals.end(name, call)) return;
      this.completions.fail(call, new TimeoutError(`no signal "${name}" came within ${timeout} ms`), at);
    });
  }

  private delivered(name: string, message: Payload): void {
    const call = this.signals.came(name, message);
    if (!call) return;
    this.dropTimer(call);
    this.accept(call, message);
  }

  private accept(call: PendingCall, { payload, at }: Payload): void {
    try {
      const value = this.run.host.values.decode(payload);
      call.inContext(() => call.spec.check?.(value));
    } catch (refusal) {
      return this.completions.fail(call, refusal, at); // the workflow may wait again, for a better payload
    }
    this.completions.end(call, { state: "completed", output: payload }, at);
  }

  // --- cancellation

  private cancel({ reason, at }: Cancel): void {
    if (this.cancelled) return;
    this.cancelled = { reason: this.decoded(reason), at };
    this.run.cancel(reason);
    // waits end with the delivery of the cancellation
    const error = new CancelledError(this.cancelled.reason);
    for (const call of this.timers.keys()) {
      const { shelter } = call.caller;
      if (call.isWait ? shelter === "shield" : shelter !== "none") continue;
      this.dropTimer(call);
      if (!call.isWait) this.completions.fail(call, error); // it is between two attempts
    }
    this.signals.endAll(({ caller }) => caller.shelter !== "shield");
    this.children.cancel(reason);
  }

  /** The run reports a reason that cannot be decoded. */
  private decoded(reason: Encoded): unknown {
    try {
      return this.run.host.values.decode(reason);
    } catch {
      return undefined;
    }
  }

  // --- what executions and attempts write

  checkpoint(step: NewRow, _consume: unknown, then: (row: StepRow) => void): void {
    if (step.kind === "cancel") {
      step.finishedAt = this.cancelled?.at ?? this.run.now;
      return this.completions.complete(step);
    }
    const outer = outerStepId(step.id);
    if (outer === undefined) return this.ended(step);
    this.keepInner(outer, step);
    step.seq = 0; // only whether it has one counts
    queueMicrotask(() => then(step));
  }

  write(write: RunWrite, then: () => void): void {
    if (write.type === "step") return this.keep(write.step, then);
    if (write.type === "finish") {
      const { status, output } = write;
      this.context.set(state.ended, true);
      this.ending.finished({ status, output, inputHash: this.run.run.inputHash, at: this.run.now });
    } else this.stop(write);
    then();
  }

  private keep(step: StepRow, then: () => void): void {
    const outer = outerStepId(step.id);
    if (outer === undefined) return this.ended(step);
    this.keepInner(outer, step);
    queueMicrotask(then);
  }

  /** An attempt has come to something. */
  private ended(row: StepRow): void {
    const { id } = row;
    if (!this.run.isActive) return; // the invocation has ended, and takes nothing more
    const inner = [...(this.inner.get(id)?.values() ?? [])];
    this.running.get(id)?.resolve({ row, inner });
    this.running.delete(id);
  }

  private keepInner(outer: string, row: StepRow): void {
    const rows = this.inner.get(outer) ?? new Map<string, StepRow>();
    this.inner.set(outer, rows.set(row.id, row));
  }

  innerOf(step: string): { readonly row: StepRow; readonly name: string }[] {
    return [...(this.inner.get(step)?.values() ?? [])].map((row) => ({ row, name: stepName(row.id) }));
  }

  /** What would stop the run again pauses it, if an attempt can say so: else the attempt would be made again and again. */
  private stop({ blocked }: Extract<RunWrite, { type: "release" }>): void {
    const [attempt] = this.running.values();
    if (!blocked || !attempt) return;
    this.isPausing = true;
    attempt.reject(new PauseError(blocked.message));
  }

  progress(): void {
    if (this.hasReportedProgress) return;
    this.hasReportedProgress = true;
    const { run, host } = this.run;
    const what = "progress()";
    host.report(new PerdureError("RESTATE_UNSUPPORTED", { what, workflow: run.workflow, feature: "progress" }), run);
  }
}
