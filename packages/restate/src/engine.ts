import {
  PauseError,
  RestatePromise,
  serde,
  type InvocationId,
  type Serde,
  type internal,
  type TerminalError,
  type WorkflowContext,
} from "@restatedev/restate-sdk";
import { CancelledError, PerdureError, TimeoutError } from "perdure";
import {
  LiveStep,
  flowOf,
  outerStepId,
  stepName,
  toMilliseconds,
  type ChildRequest,
  type Duration,
  type Encoded,
  type Engine,
  type EngineRun,
  type NewRow,
  type PendingCall,
  type RunWrite,
  type StepRow,
  type WorkflowDefinition,
} from "perdure/engine";
import { startFor } from "./start.ts";
import { Signals } from "./signals.ts";
import { CANCEL, handlers, signalPromise, state, type Cancel, type End, type Payload, type Start } from "./wire.ts";

const json = serde.json as unknown as Serde<unknown>;

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

/** Something that Restate completes. */
interface Entry {
  /** Resolves with what is to be done when it is complete. */
  readonly promise: RestatePromise<() => void>;
}

/** Where a run and its calls are on the server. */
export interface Services {
  /** The service of a workflow that this program serves. */
  of(definition: WorkflowDefinition): string | undefined;
}

/**
 * Executes the steps of a run by entries of its journal on Restate. All commands follow from completions that were delivered before, so a replay
 * gives the same commands. All completions come from one race over what is outstanding, which is asked for when the workflow can do nothing more:
 * Restate records its winner, so a replay gets the same completions in the same order (R2).
 */
export class RestateEngine implements Engine {
  hasProgressed = false;
  /** Restate is told to pause the run: the handler has to leave that to it. */
  isPausing = false;
  private readonly run: EngineRun;
  private readonly context: WorkflowContext;
  private readonly services: Services;
  private readonly ending: Ending;
  private readonly outstanding = new Set<Entry>();
  /** Those that are not for a step. */
  private readonly cancellations = new Set<Entry>();
  private readonly signals: Signals;
  private readonly running = new Map<string, Running>();
  /** Steps that wait for a time, and the entries of the times. */
  private readonly timers = new Map<PendingCall, Entry>();
  private readonly children = new Map<PendingCall, { readonly service: string; readonly id: string }>();
  private readonly inner = new Map<string, Map<string, StepRow>>();
  private seq = 0;
  private isAsking = false;
  /** Calls that came while the race was on. */
  private readonly held: PendingCall[] = [];
  private cancelled: { readonly reason: unknown; readonly at: number } | undefined;
  private stallTimer: (() => void) | undefined;
  private hasReportedProgress = false;

  constructor(run: EngineRun, context: WorkflowContext, services: Services, ending: Ending) {
    this.run = run;
    this.context = context;
    this.services = services;
    this.ending = ending;
    this.signals = new Signals((name, slot) => {
      const promise = context.promise<Payload>(signalPromise(name, slot)).get();
      this.watch(promise, (message) => this.delivered(name, message as Payload));
    });
    this.cancellations.add(
      this.watch(context.promise<Cancel>(CANCEL).get(), (cancel) => this.cancel(cancel as Cancel)),
    );
    // with Restate's own means: its UI, its command
    const native = (context as unknown as internal.ContextInternal).cancellation();
    this.cancellations.add(
      this.watch(native, () => this.cancel({ reason: this.encode("cancelled on the server of Restate"), at: run.now })),
    );
  }

  // --- completions

  private watch<T>(promise: RestatePromise<T>, done: (value: T | undefined, failure?: TerminalError) => void): Entry {
    const entry: Entry = {
      promise: promise.map((value, failure) => () => {
        this.outstanding.delete(entry);
        done(value, failure);
      }),
    };
    this.outstanding.add(entry);
    return entry;
  }

  next(): void {
    this.stallTimer?.();
    this.stallTimer = undefined;
    if (this.isAsking || !this.run.isActive) return;
    if (this.outstanding.size === this.cancellations.size) return this.waitOutside();
    this.isAsking = true;
    RestatePromise.race([...this.outstanding].map(({ promise }) => promise)).then(
      (complete) => this.won(complete),
      (error: unknown) => this.ending.stopped(error),
    );
  }

  private won(complete: () => void): void {
    this.isAsking = false;
    if (!this.run.isActive) return;
    const before = this.seq;
    for (const call of this.held.splice(0)) this.begin(call);
    try {
      complete();
    } catch (error) {
      this.run.stop(error);
    }
    if (this.seq === before) this.next(); // the workflow learns nothing of it
  }

  /** The workflow waits for nothing of the journal. */
  private waitOutside(): void {
    const { clock, settings } = this.run.host;
    this.stallTimer = clock.at(clock.now() + settings.stallTimeout, () => this.run.waitsOutside(), true);
  }

  private complete(row: NewRow): void {
    row.seq = ++this.seq;
    this.hasProgressed = true;
    this.run.completed(row);
  }

  private end(call: PendingCall, row: Pick<StepRow, "state" | "output">, at = this.run.now): void {
    const { id, kind, inputHash, location, spec } = call;
    const { target = this.children.get(call)?.id } = spec;
    this.children.delete(call);
    this.complete({
      id,
      kind,
      inputHash,
      attempt: 0,
      startedAt: at,
      finishedAt: at,
      ...row,
      ...(location !== undefined && { location }),
      ...(target !== undefined && { target }),
    });
  }

  private fail(call: PendingCall, error: unknown, at?: number): void {
    this.end(call, { state: "failed", output: this.encode(error) }, at);
  }

  private encode(value: unknown): Encoded {
    return this.run.host.values.encode(value, "a step ended with");
  }

  // --- steps

  begin(call: PendingCall): void {
    if (this.isAsking) return this.hold(call);
    try {
      const cancelled = this.run.cancellationOf(call);
      if (cancelled) this.fail(call, cancelled);
      else if (call.kind === "task") this.attempt(call, undefined);
      else if (call.kind === "sleep") this.sleep(call, call.spec.input as Duration | Date);
      else if (call.kind === "signal") this.wait(call, call.spec.target ?? "");
      else this.send(call);
    } catch (error) {
      this.run.stop(error);
    }
  }

  private hold(call: PendingCall): void {
    const { run, host } = this.run;
    host.report(new PerdureError("RESTATE_CALL_HELD", { run: run.id, workflow: run.workflow, step: call.id }), run);
    this.held.push(call);
  }

  /** One attempt of a task is one entry. */
  private attempt(call: PendingCall, open: StepRow | undefined): void {
    const { definition, id } = call;
    if (definition && flowOf(definition)) throw this.unsupported(`a queue for the task ${call.spec.name}`, "queues");
    // the journal has the command already: an earlier execution may have begun the attempt
    if (!(this.context as unknown as internal.ContextInternal).isProcessing()) call.mayHaveBegun = true;
    const name = open ? `${id}, attempt ${open.attempt + 1}` : id;
    const promise = this.context.run(name, () => this.execute(call, open));
    this.watch(promise, (attempted) => this.attempted(call, attempted as Attempted));
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
    if (row.state !== "open") return this.complete(row);
    if (this.cancelled && call.caller.shelter === "none")
      return this.fail(call, new CancelledError(this.cancelled.reason));
    const wait = Math.max(0, (row.dueAt ?? 0) - this.run.host.clock.now());
    this.timer(call, wait, `${call.id}, wait`, () => this.attempt(call, row));
  }

  private timer(call: PendingCall, milliseconds: number, name: string, then: () => void): void {
    const entry = this.watch(this.context.sleep(milliseconds, name), () => {
      if (this.timers.delete(call)) then();
    });
    this.timers.set(call, entry);
  }

  private dropTimer(call: PendingCall): boolean {
    const entry = this.timers.get(call);
    if (entry) this.outstanding.delete(entry);
    return this.timers.delete(call);
  }

  private sleep(call: PendingCall, until: Duration | Date): void {
    const { clock } = this.run.host;
    const wait = until instanceof Date ? until.getTime() - clock.now() : toMilliseconds(until, "sleep");
    // the workflow reads this time afterwards: not one that only this process knows
    const at = until instanceof Date ? until.getTime() : this.run.now + wait;
    this.timer(call, Math.max(0, wait), call.id, () => this.end(call, { state: "completed" }, at));
  }

  private wait(call: PendingCall, name: string): void {
    const message = this.signals.wait(name, call);
    if (message) return this.accept(call, message);
    const { timeout } = call.spec;
    if (timeout === undefined) return;
    const at = this.run.now + timeout;
    this.timer(call, timeout, `${call.id}, timeout`, () => {
      if (!this.signals.end(name, call)) return;
      this.fail(call, new TimeoutError(`no signal "${name}" came within ${timeout} ms`), at);
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
      return this.fail(call, refusal, at); // the workflow may wait again, for a better payload
    }
    this.end(call, { state: "completed", output: payload }, at);
  }

  /** A child, which is a run that the step waits for, or a start. */
  private send(call: PendingCall): void {
    const { run, host } = this.run;
    const { id, workflow } = run;
    // ids are of one workflow each: those of two parents may be equal
    const request = call.spec.request?.({ execution: { run: { ...run, id: `${workflow}:${id}` } }, call });
    if (!request) throw new TypeError(`a step of the kind ${call.kind} has no run`);
    const { name } = request.definition.info;
    const service = this.services.of(request.definition);
    if (service === undefined)
      throw new PerdureError("RESTATE_NOT_SERVED", { workflow: name, run: id, caller: workflow });
    this.refuseOptions(request);
    if (call.kind === "child" && name === workflow && request.id === id)
      return this.fail(call, new PerdureError("RUN_OF_ITSELF", { run: id, workflow }));
    let start: Start;
    try {
      start = startFor(request, host.values);
    } catch (error) {
      return this.fail(call, error);
    }
    const sent = this.context.genericSend({
      service,
      method: handlers.run,
      key: request.id,
      parameter: start,
      inputSerde: json,
      name: call.id,
    });
    if (call.kind === "child") this.children.set(call, { service, id: request.id });
    this.watch(sent.invocationId as RestatePromise<InvocationId>, (invocation) => {
      if (call.kind === "start") return this.end(call, { state: "completed", output: this.encode(request.id) });
      const result = this.context.attach<End>(invocation as InvocationId);
      this.watch(result, (end, failure) => this.childEnded(call, start, end, failure));
    });
  }

  private childEnded(call: PendingCall, start: Start, end: End | undefined, failure: TerminalError | undefined): void {
    const { name: workflow } = call.spec;
    const { id: run = "" } = this.children.get(call) ?? {};
    if (!end)
      return this.fail(call, new PerdureError("RESTATE_RUN_LOST", { run, workflow, detail: failure?.message ?? "" }));
    const { status, output, inputHash, at } = end;
    if (inputHash !== start.inputHash)
      return this.fail(call, new PerdureError("RUN_INPUT_DIFFERS", { run, workflow }), at);
    this.end(call, { state: status === "completed" ? "completed" : "failed", output }, at);
  }

  private refuseOptions({ conditions, ifFailed = "attach", tags = [], definition }: ChildRequest): void {
    const { name } = definition.info;
    if (flowOf(definition)) throw this.unsupported(`a queue for the workflow ${name}`, "queues");
    const [option] = Object.keys(conditions ?? {});
    if (option !== undefined) throw this.unsupported(`the option ${option} of start(${name})`, "conditions");
    if (ifFailed !== "attach") throw this.unsupported(`the option ifFailed of start(${name})`, "retry");
    if (tags.length > 0) throw this.unsupported(`the option tags of start(${name})`, "tags");
  }

  private unsupported(what: string, feature: "queues" | "conditions" | "retry" | "tags" | "progress"): PerdureError {
    return new PerdureError("RESTATE_UNSUPPORTED", { what, workflow: this.run.run.workflow, feature });
  }

  // --- cancellation

  private cancel({ reason, at }: Cancel): void {
    if (this.cancelled) return;
    this.cancelled = { reason: this.decoded(reason), at };
    this.run.cancel(reason);
    // waits end with the delivery of the cancellation
    const error = new CancelledError(this.cancelled.reason);
    for (const call of [...this.timers.keys()]) {
      const { shelter } = call.caller;
      if (call.isWait ? shelter === "shield" : shelter !== "none") continue;
      this.dropTimer(call);
      if (!call.isWait) this.fail(call, error); // it is between two attempts
    }
    this.signals.endAll(({ caller }) => caller.shelter !== "shield");
    for (const [call, { service, id }] of this.children)
      if (call.caller.shelter === "none")
        this.context.genericSend({
          service,
          method: handlers.cancel,
          key: id,
          parameter: { reason },
          inputSerde: json,
          name: `${call.id}, cancel`,
        });
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
      return this.complete(step);
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
    this.run.host.report(this.unsupported("progress()", "progress"), this.run.run);
  }
}
