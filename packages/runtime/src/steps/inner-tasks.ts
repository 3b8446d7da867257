import { joinStepId, nextTurn, parseStepId, PerdureError } from "@perdure/protocol";
import type { StepRow } from "@perdure/store";
import { isDefined } from "../definitions/registry.ts";
import type { Attempt } from "../execution/current.ts";
import { Failures } from "../execution/failures.ts";
import { addOrigin, type Frame } from "../execution/frame.ts";
import { LiveStep, PendingCall, type InnerSteps, type StepSpec } from "../execution/step.ts";
import type { StreamSource } from "../streams/log.ts";
import { lenderOf } from "./lender.ts";
import type { CancelledError } from "../values/errors.ts";
import { fingerprint } from "../values/fingerprint.ts";

/** A task that a task called: its record, and its call if it was made in this process. */
interface Inner {
  /** As in its id. */
  readonly name: string;
  /** Tells calls of one name from another. */
  readonly index: number;
  /** How often it was begun anew after it had failed. */
  variant: number;
  readonly inputHash: string;
  row: StepRow | undefined;
  call: PendingCall | undefined;
  /** What the call failed with. */
  failure: { readonly error: unknown } | undefined;
}

/**
 * The tasks that one task calls (R4). Each is a step with its own checkpoint and attempts, which hold in the next attempts of the calling task as
 * well. The code of a task need not be deterministic. Therefore a call finds its record by function, input and its place among equal calls,
 * in whichever order they are made, and the workflow receives nothing of it.
 *
 * What failed is begun anew in the next attempt of the calling task, unless that task had handled the failure.
 */
export class InnerTasks implements InnerSteps {
  private readonly outer: LiveStep;
  /** By input and name, in the order of the indexes. */
  private readonly equals = new Map<string, Inner[]>();
  private readonly indexes = new Map<string, number>();
  private readonly pending = new Set<Inner>();
  /** The attempt of the calling task that has called something and runs. */
  private attempt: AttemptCalls | undefined;

  constructor(outer: LiveStep) {
    this.outer = outer;
    for (const { row, name } of outer.execution.innerOf(outer.call.id)) this.load(row, name);
    for (const equals of this.equals.values()) equals.sort((a, b) => a.index - b.index);
  }

  private load(row: StepRow, presentName: string): void {
    const last = parseStepId(row.id).at(-1);
    if (!last || "key" in last) return;
    const { name, index, variant } = last;
    this.indexes.set(name, Math.max(this.indexes.get(name) ?? 0, index + 1));
    const equals = this.equalTo(presentName, row.inputHash);
    const known = equals.find((each) => each.name === name && each.index === index);
    if (!known)
      equals.push({ name, index, variant, inputHash: row.inputHash, row, call: undefined, failure: undefined });
    else if (variant > known.variant) Object.assign(known, { variant, row });
  }

  private equalTo(name: string, inputHash: string): Inner[] {
    const key = `${inputHash} ${name}`;
    const equals = this.equals.get(key) ?? [];
    this.equals.set(key, equals);
    return equals;
  }

  call(spec: StepSpec, attempt: AttemptCalls): Promise<unknown> {
    this.attempt = attempt;
    const inputHash = fingerprint(spec.input);
    const inner = this.find(spec, inputHash, attempt.placeOf(`${inputHash} ${spec.what}`));
    const { refusal } = attempt;
    if (refusal && !inner.call && inner.row?.seq === undefined) return Promise.reject(refusal);
    attempt.called(inner);
    if (inner.call && !this.pending.has(inner)) attempt.received(inner); // in an attempt before
    return (inner.call ?? this.begin(inner, spec, attempt.cancelled)).outcome;
  }

  /** The call at this place among calls of one function with one input: one that was made or recorded before, or a new one. */
  private find(spec: StepSpec, inputHash: string, place: number): Inner {
    const equals = this.equalTo(spec.name, inputHash);
    const known = equals.filter(({ row, call }) => isOf(spec.what, call?.spec.what ?? row?.target))[place];
    if (known) return known;
    const index = this.indexes.get(spec.name) ?? 0;
    this.indexes.set(spec.name, index + 1);
    const begun = { row: undefined, call: undefined, failure: undefined };
    const inner: Inner = { name: spec.name, index, variant: 0, inputHash, ...begun };
    equals.push(inner);
    return inner;
  }

  private begin(inner: Inner, spec: StepSpec, cancelled: CancelledError | undefined): PendingCall {
    const { execution, call: outer } = this.outer;
    const { row, inputHash } = inner;
    const call = new PendingCall(
      idOf(this.outer, inner),
      spec,
      { frame: IN_TASK, shelter: outer.caller.shelter, isCleanUp: outer.caller.isCleanUp },
      inputHash,
      execution.delivered,
    );
    inner.call = call;
    this.pending.add(inner);
    if (row?.seq !== undefined) {
      if (execution.host.hears("replayed")) execution.host.emit("replayed", execution.run, row);
      this.deliver(inner, row);
      call.isBeingMade = false;
      return call;
    }
    call.onCheckpoint = (checkpoint) => this.deliver(inner, checkpoint);
    call.live = new LiveStep(execution, call, row);
    call.live.lender = this.outer.slot?.own ?? this.outer.lender ?? lenderOf(execution);
    call.live.isLimited = this.outer.isLimited;
    call.mayHaveBegun = cancelled !== undefined;
    if (cancelled) call.spec.cancelled?.(call.live, cancelled);
    else call.live.begin();
    call.isBeingMade = false;
    return call;
  }

  private deliver(inner: Inner, row: StepRow): void {
    const { call } = inner;
    if (!call || !this.pending.delete(inner)) return;
    inner.row = row;
    const { execution } = this.outer;
    const isFailed = row.state === "failed";
    try {
      const value = call.decode(row, execution.host.values);
      if (isFailed) addOrigin(value, execution.run.id, call);
      if (isFailed) inner.failure = { error: value };
      if (this.attempt) this.attempt.received(inner);
      else if (isFailed) this.renew(inner); // no attempt handled it
      if (isFailed) call.reject(value);
      else call.complete(value);
    } catch (error) {
      execution.stop(error);
    }
  }

  /** @param unhandled - the failures that ended the attempt */
  attemptEnded(unhandled: readonly Inner[]): void {
    this.attempt = undefined;
    for (const inner of unhandled) this.renew(inner);
  }

  private renew(inner: Inner): void {
    const { row } = inner;
    if (!row) return;
    this.outer.execution.streams.renewed(row.id);
    inner.variant++;
    inner.call = inner.failure = undefined;
    const { kind, inputHash, location, target } = row;
    const { execution } = this.outer;
    inner.row = {
      id: idOf(this.outer, inner),
      kind,
      state: "open",
      inputHash,
      attempt: 0,
      startedAt: execution.host.clock.now(),
      ...(location !== undefined && { location }),
      ...(target !== undefined && { target }),
    };
    execution.keep(inner.row, () => {});
  }

  cancel(reason: unknown): void {
    for (const { call } of this.pending) call?.live?.cancel(reason);
  }

  interrupt(reason: unknown): void {
    for (const { call } of this.pending) call?.live?.work?.interrupt(reason);
  }

  get resting(): number {
    const steps = [...this.pending].map(({ call }) => call?.live);
    const inner = steps.map((step) => (step?.waiting === true ? 0 : step?.inner?.resting || NaN));
    const resting = inner.reduce((sum, each) => sum + each, 1);
    return inner.length === 0 || Number.isNaN(resting) ? 0 : resting;
  }

  get liveSteps(): LiveStep[] {
    return [...this.pending].flatMap(({ call }) => call?.live ?? []);
  }

  abandon(reason: string): void {
    for (const { call } of this.pending) call?.live?.abandon(reason);
    if (this.pending.size > 0) this.outer.slot?.drop();
    this.pending.clear();
  }

  stopWaiting(): void {
    for (const { call } of this.pending) call?.live?.stopWaiting();
  }
}

/** The frame of calls in an attempt. The failure of that tells where its own task was called. */
const IN_TASK: Frame = { parent: undefined, activeAt: 0 };

const idOf = (outer: LiveStep, { name, index, variant }: Inner): string =>
  joinStepId(outer.call.id, { name, index, variant, inTask: true });

/** Whether a call of `what` may be the recorded one: of the same function, or of one that was moved since. */
const isOf = (what: string, recorded: string | undefined): boolean =>
  recorded === undefined || recorded === what || !isDefined(recorded);

/** The calls that one attempt has made. Most attempts make none. */
class CallsMade {
  readonly places = new Map<string, number>();
  readonly failures = new Failures();
  readonly failed = new Map<string, Inner>();
  readonly frame = { parent: undefined, activeAt: 0 };
  outcomes = 0;
  /** Calls without an outcome, and how many outcomes there were before each. */
  readonly pending = new Map<Inner, number>();
}

/** The tasks that one attempt of a task calls. */
export class AttemptCalls implements Attempt {
  private readonly step: LiveStep;
  /** The run is cancelled, and the attempt is made only to learn what an earlier one did. So are those of the tasks that it calls. */
  readonly cancelled: CancelledError | undefined;
  /** The error for tasks that have not begun. */
  refusal: CancelledError | undefined;
  private tasks: InnerTasks | undefined;
  private made: CallsMade | undefined;
  private onOutcome: () => void = () => {};
  private isOver = false;

  constructor(step: LiveStep, cancelled: CancelledError | undefined) {
    this.step = step;
    this.cancelled = cancelled;
  }

  call(spec: StepSpec): Promise<unknown> {
    const { step } = this;
    const late = this.lateness(spec.name);
    // not at once: code that calls again and again must not keep the event loop busy
    if (late) return new Promise((_, reject) => nextTurn(() => reject(late)));
    this.tasks ??= innerTasks(step);
    return this.tasks.call(spec, this);
  }

  get streamSource(): StreamSource {
    const { call, attempt } = this.step;
    return { part: call.id, attempt, refusal: (what) => this.lateness(what) };
  }

  private lateness(name: string): PerdureError | undefined {
    const { execution, call, active } = this.step;
    const late = this.isOver ? undefined : execution.tooLate(name, call.id);
    if (late || (active && !this.isOver)) return late;
    const reason = `the attempt of ${call.spec.name} that called it has ended`;
    return new PerdureError("CALL_AFTER_END", { name, run: execution.run.id, step: call.id, reason, continues: false });
  }

  /** Whether calls have no outcome yet. */
  get isWaiting(): boolean {
    return this.made !== undefined && this.made.pending.size > 0;
  }

  /** How many equal calls there were before. */
  placeOf(key: string): number {
    const { places } = (this.made ??= new CallsMade());
    const place = places.get(key) ?? 0;
    places.set(key, place + 1);
    return place;
  }

  called(inner: Inner): void {
    const made = (this.made ??= new CallsMade());
    made.frame.activeAt = made.outcomes;
    made.pending.set(inner, made.outcomes);
  }

  received(inner: Inner): void {
    const { made } = this;
    if (made?.pending.delete(inner) !== true) return;
    made.outcomes++;
    if (inner.call?.live) this.refusal ??= this.cancelled;
    const { failure } = inner;
    if (failure) {
      const id = idOf(this.step, inner);
      made.failed.set(id, inner);
      made.failures.add({ id, location: undefined, error: failure.error, at: made.outcomes, frame: made.frame });
    }
    this.onOutcome();
  }

  /** Resolves when the calls since the latest outcome have ended, which belong to the task even if it does not await them. */
  async last(): Promise<void> {
    const { made } = this;
    if (!made) return;
    const last = [...made.pending].flatMap(([inner, at]) => (at === made.outcomes ? [inner] : []));
    while (last.some((inner) => made.pending.has(inner)))
      await new Promise<void>((resolve) => (this.onOutcome = resolve));
  }

  /** @param failure - what the attempt failed with; undefined if it succeeded */
  end(failure?: { readonly error: unknown }): void {
    if (this.isOver) return;
    this.isOver = true;
    const { made } = this;
    const unhandled = (failure && made?.failures.unhandled(failure.error)) ?? [];
    this.tasks?.attemptEnded(unhandled.flatMap((id) => made?.failed.get(id) ?? []));
  }

  /** The run was cancelled: what is called is cancelled as well. */
  cancel(error: CancelledError): void {
    this.refusal ??= error;
    this.tasks?.cancel(error.reason);
  }

  /** The attempt was given up: the attempts that it waits for should end. */
  interrupt(reason: unknown): void {
    this.tasks?.interrupt(reason);
  }
}

const innerTasks = (step: LiveStep): InnerTasks => {
  const tasks = step.inner instanceof InnerTasks ? step.inner : new InnerTasks(step);
  step.inner = tasks;
  return tasks;
};
