import { PerdureError } from "@perdure/protocol";
import { toMilliseconds, toTime, type Duration, type RetryAfter } from "../config/duration.ts";
import { backoffDelay, exponential, type Backoff, type TaskOptions } from "../config/task-options.ts";
import { inside, type AttemptInfo, type Instrumentation } from "../config/instrumentation.ts";
import type { TaskDefinition } from "../definitions/definition.ts";
import { context, type TaskContext } from "../execution/current.ts";
import type { Work } from "../execution/cancellation.ts";
import type { LiveStep } from "../execution/step.ts";
import { CancelledError, FatalError, ProcessDiedError, RetryableError, TimeoutError } from "../values/errors.ts";
import { guarded, textOf } from "../values/describe.ts";
import { parseWith } from "../values/schema.ts";
import { storableFailure } from "../values/thrown.ts";
import { flowOf, type Flow } from "../definitions/queues.ts";
import { StepSlot } from "../queues/step-slot.ts";
import { AttemptCalls } from "./inner-tasks.ts";
import { LazyAbort } from "./lazy-abort.ts";
import { lenderOf } from "./lender.ts";

/** Options of a task. The first of these that gives an option wins: `taskOptions`, the directive, `configure({ defaults })`, the built-in defaults. */
export interface ResolvedTaskOptions extends TaskOptions {
  readonly retries: number;
  readonly backoff: Backoff;
  /** The queue whose slots its attempts need. */
  readonly flow: Flow | undefined;
}

const builtIn = { retries: 3, backoff: exponential() };

/** By definition: the options that it had, and what came of them. */
const resolved = new WeakMap<
  TaskDefinition,
  { readonly of: readonly [unknown, unknown]; readonly options: ResolvedTaskOptions }
>();

export function resolveTaskOptions(definition: TaskDefinition, defaults: TaskOptions): ResolvedTaskOptions {
  const { info, options } = definition;
  const known = resolved.get(definition);
  if (known?.of[0] === options && known?.of[1] === defaults) return known.options;
  const all = { ...builtIn, ...defaults, ...info.options, ...options, flow: flowOf(definition) };
  resolved.set(definition, { of: [options, defaults], options: all });
  return all;
}

/** What is attempted. */
export interface TaskWork {
  readonly options: ResolvedTaskOptions;
  /** The arguments, as they were at the call. */
  readonly input: readonly unknown[];
  /** Calls the task's function, with the arguments as they were at the call. */
  call(step: LiveStep): Promise<unknown>;
}

/** Attempts the task until it succeeds, must not be tried again, or the run continues without it. */
export function attemptTask(step: LiveStep, task: TaskWork): void {
  if (failedAsItDied(step, task.options)) return;
  const { execution, call, dueAt } = step;
  if (dueAt === undefined || dueAt <= execution.host.clock.now()) return begin(step, task);
  // another process, by whose clock the attempt was due, may have left it in line: the slot would be offered again and again
  const { id: run, epoch } = execution.run;
  if (task.options.flow) execution.host.slots.leave({ run, epoch, step: call.id });
  step.wait(() => begin(step, task));
}

/** Fails a task whose last attempt was recorded when it began, and nothing after it: it ended with its process. */
function failedAsItDied(step: LiveStep, { retries }: ResolvedTaskOptions): boolean {
  const died = step.attempt > retries && step.dueAt === undefined;
  if (died) step.fail(new ProcessDiedError(step.call.spec.name, step.attempt));
  return died;
}

/**
 * Ends a task that was called before the run was cancelled. If it was in flight when its process died, nobody knows what it did: it is attempted
 * once more, with its signal aborted, so that compensation knows. A task that has not begun, or whose next attempt is not due, fails.
 */
export function finishTask(step: LiveStep, cancelled: CancelledError, task: TaskWork): void {
  const isWaiting = step.dueAt !== undefined && step.dueAt > step.execution.host.clock.now();
  if (!step.call.mayHaveBegun || isWaiting) step.fail(cancelled);
  else if (!failedAsItDied(step, task.options)) begin(step, task, cancelled);
}

/** Begins an attempt on a lease that holds. Where an earlier execution ended with its process, the attempt is recorded before it begins. */
function begin(step: LiveStep, task: TaskWork, cancelled?: CancelledError): void {
  if (!task.options.flow) return attempt(step, task, cancelled);
  try {
    step.slot ??= slotOf(step, task.options.flow, task.input);
  } catch (error) {
    return step.fail(error);
  }
  step.slot.take(() => attempt(step, task, cancelled));
}

/** @throws PerdureError `QUEUE_KEY_INVALID` */
function slotOf(step: LiveStep, { queue, keyOf, advantage }: Flow, input: readonly unknown[]): StepSlot {
  const { execution, call } = step;
  const queueing = {
    run: execution.run.id,
    epoch: execution.run.epoch,
    step: call.id,
    key: call.inContext(() => keyOf(input)),
    rank: step.startedAt - advantage,
    isWanted: () => step.active && execution.isActive,
    waits(): void {
      if (!step.kept) step.keep(undefined, () => {});
      execution.standsInLine();
    },
    lost: () => execution.lose(),
    failed: (error: unknown) => execution.fail(error),
  };
  return new StepSlot(execution.host.slots, queue, queueing, step.lender ?? lenderOf(execution));
}

function attempt(step: LiveStep, task: TaskWork, cancelled: CancelledError | undefined): void {
  const { execution } = step;
  const { host } = execution;
  const { options } = task;
  execution.onLease(() => {
    if (!mayBegin(step)) return;
    step.attempt++;
    // an attempt that is never retried must not count for a death that another run may have caused
    const isCounted = host.settings.countDeaths && execution.run.stalls > (options.retries === 0 ? 1 : 0);
    const run = (): void => new Attempt(step, task, cancelled).run();
    if (!isCounted) return run();
    step.keepAttempt(() =>
      execution.onLease(() => {
        if (mayBegin(step)) run();
        else step.attempt--; // it is recorded anew
      }),
    );
  });
}

/** Whether an attempt may begin. Its slot may have been given back because the run has stopped meanwhile, or be asked for again because its lease may be over. */
function mayBegin({ active, slot }: LiveStep): boolean {
  if (!slot) return active;
  if (!active || !slot.isTaken) {
    slot.leave();
    return false;
  }
  if (!slot.isHeld) slot.takeAgain();
  else if (!slot.isOnTime) slot.correctStart();
  return slot.isTaken;
}

/** An attempt of a task: what its function runs in, and what others can do to it. Few tasks ask for more than the call. */
class Attempt implements Work {
  readonly kind = "task";
  readonly execution: LiveStep["execution"];
  private readonly step: LiveStep;
  private readonly work: TaskWork;
  private readonly number: number;
  /** The run is cancelled, and the attempt is made only to learn what an earlier one did. */
  private readonly cancelledBefore: CancelledError | undefined;
  private cancelled: CancelledError | undefined;
  private aborting: LazyAbort | undefined;
  private calls: AttemptCalls | undefined;
  private context: TaskContext | undefined;
  private isOver = false;

  constructor(step: LiveStep, work: TaskWork, cancelledBefore: CancelledError | undefined) {
    this.execution = step.execution;
    this.step = step;
    this.work = work;
    this.number = step.attempt;
    this.cancelledBefore = cancelledBefore;
    this.cancelled = cancelledBefore;
  }

  run(): void {
    const { step, execution, cancelledBefore } = this;
    const { timeout } = this.work.options;
    step.startAttempt();
    step.slot?.use();
    step.work = this;
    step.isLimited ||= timeout !== undefined;
    if (step.isLimited) execution.attempts.limited++;
    if (cancelledBefore) this.abort(cancelledBefore);
    try {
      const attempted = timeout === undefined ? this.called() : limited(step, () => this.called(), timeout);
      attempted.then(this.returned, this.threw);
    } catch (error) {
      this.threw(error); // the instrumentation, or a function that the compiler did not make asynchronous
    }
  }

  private called(): Promise<unknown> {
    const { call, execution } = this.step;
    const { aroundAttempt } = execution.host.settings.instrumentation;
    const inTask = (): Promise<unknown> => context.run(this, () => this.work.call(this.step));
    return call.inContext(aroundAttempt ? () => around(this.step, aroundAttempt, inTask) : inTask);
  }

  private readonly returned = (value: unknown): void => {
    if (this.calls?.isWaiting) void this.calls.last().then(() => this.complete(value));
    else this.complete(value);
  };

  private complete(value: unknown): void {
    const { step } = this;
    const { result } = this.work.options;
    try {
      if (result) step.call.inContext(() => parseWith(result, value, `what ${step.call.spec.name} returned`));
      step.complete(value);
    } catch (error) {
      return this.threw(error);
    }
    this.end();
  }

  private readonly threw = (error: unknown): void => {
    const { step, cancelled } = this;
    this.calls?.end({ error });
    try {
      if (cancelled) step.fail(isAbort(error, cancelled) ? cancelled : error);
      else step.call.inContext(() => failedAttempt(step, error, this.work));
    } finally {
      this.end();
    }
  };

  private end(): void {
    const { step, execution } = this;
    this.isOver = true;
    this.calls?.end();
    if (step.isLimited) execution.attempts.limited--;
    if (step.work === this) step.work = undefined;
    if (step.slot?.isTaken === true) step.slot.leave(); // the run continues without the step, or not here
    execution.attemptEnded();
  }

  cancel(reason: unknown): void {
    this.cancelled ??= new CancelledError(reason);
    this.abort(this.cancelled);
    this.calls?.cancel(this.cancelled);
  }

  abandon(reason: string): void {
    this.abort(new Error(reason));
  }

  interrupt(reason: unknown): void {
    this.abort(reason);
    this.calls?.interrupt(reason);
  }

  private abort(reason: unknown): void {
    (this.aborting ??= new LazyAbort()).abort(reason);
  }

  /** The tasks that it calls. */
  get attempt(): AttemptCalls {
    if (this.calls) return this.calls;
    this.calls = new AttemptCalls(this.step, this.cancelledBefore);
    if (this.cancelled && !this.cancelledBefore) this.calls.cancel(this.cancelled);
    if (this.isOver) this.calls.end();
    return this.calls;
  }

  get task(): TaskContext {
    return (this.context ??= contextOf(this.step, this.number, (this.aborting ??= new LazyAbort())));
  }
}

type AroundAttempt = NonNullable<Instrumentation["aroundAttempt"]>;

function around<R>(step: LiveStep, aroundAttempt: AroundAttempt, call: () => R): R {
  const { id, spec, location } = step.call;
  const { host, run } = step.execution;
  const info = (): AttemptInfo => ({
    run: run.id,
    workflow: run.workflow,
    step: id,
    task: spec.name,
    attempt: step.attempt,
    location,
  });
  return inside(aroundAttempt, info, call, host.log);
}

/** Whether an attempt ended because its signal was aborted. Functions of Node.js reject with an `AbortError` whose cause is the reason. */
const isAbort = (error: unknown, reason: unknown): boolean =>
  error === reason || (error instanceof Error && error.name === "AbortError" && error.cause === reason);

const contextOf = (
  { execution: { run, host }, call: { id } }: LiveStep,
  attempt: number,
  abort: LazyAbort,
): TaskContext => ({
  runId: run.id,
  stepId: id,
  attempt,
  // encoded, so that no run id with a slash or colon gives the key of a step of another run, or of the run before a restart
  idempotencyKey: `${host.keyPrefix ?? ""}${encodeURIComponent(run.id)}${run.restarts > 0 ? `:${run.restarts}` : ""}/${id}`,
  get signal() {
    return abort.signal;
  },
});

/** `call` with a time limit. An attempt that ignores its `AbortSignal` continues, but its outcome is ignored. */
async function limited(step: LiveStep, call: () => Promise<unknown>, timeout: Duration): Promise<unknown> {
  const { clock } = step.execution.host;
  const limit = toMilliseconds(timeout, "timeout");
  let stop: () => void = () => {};
  const late = new Promise<never>((_, reject) => {
    stop = clock.at(clock.now() + limit, () => {
      const error = new TimeoutError(`attempt ${step.attempt} of ${step.call.spec.name} took longer than ${limit} ms`);
      step.work?.interrupt(error);
      reject(error);
    });
  });
  try {
    return await Promise.race([call(), late]);
  } finally {
    stop();
  }
}

function failedAttempt(step: LiveStep, error: unknown, task: TaskWork): void {
  if (!step.active) return;
  const next = nextAttempt(step, error, task.options);
  if ("failure" in next) return step.fail(storable(step, next.failure));
  const recorded = error === undefined ? new Error("undefined was thrown") : storable(step, error);
  step.keep(next.dueAt, () => step.wait(() => begin(step, task)), recorded);
}

/** When the next attempt begins, or what the task fails with. */
function nextAttempt(
  step: LiveStep,
  error: unknown,
  options: ResolvedTaskOptions,
): { readonly dueAt: number } | { readonly failure: unknown } {
  const { attempt } = step;
  let option = "retryIf";
  try {
    if (!mayRetry(error, attempt, options)) return { failure: error };
    option = retryAfterOf(error) === undefined ? "backoff" : "retryAfter";
    return { dueAt: nextAttemptAt(error, attempt, options.backoff, step.execution.host.clock.now()) };
  } catch (mistake) {
    const params = { task: step.call.spec.name, option, problem: textOf(mistake).split("\n")[0] ?? "" };
    return { failure: Object.assign(new PerdureError("RETRY_NOT_POSSIBLE", params, { cause: error }), { mistake }) };
  }
}

function mayRetry(error: unknown, attempt: number, { retries, retryIf }: ResolvedTaskOptions): boolean {
  if (attempt > retries || isA(FatalError, error)) return false;
  return retryIf === undefined || Boolean(atOnce(retryIf(error, attempt)));
}

function nextAttemptAt(error: unknown, attempt: number, backoff: Backoff, now: number): number {
  const after = retryAfterOf(error);
  if (after !== undefined) return toTime(after, now, "retryAfter");
  const own = typeof backoff === "function" ? (retry: number) => atOnce(backoff(retry, error)) : backoff;
  return now + backoffDelay(own, attempt, error);
}

const retryAfterOf = (error: unknown): RetryAfter | undefined =>
  (isA(RetryableError, error) ? error.retryAfter : undefined) ?? undefined;

/** `instanceof`, for whatever was thrown: a Proxy may throw. */
const isA = <T>(type: new (...args: never[]) => T, error: unknown): error is T =>
  guarded(() => error instanceof type, false);

/** What a function of the user's returned, which decides about a retry without waiting for anything. */
function atOnce<T>(answer: T): T {
  if (!(answer instanceof Promise)) return answer;
  answer.catch(() => {}); // it is refused here, so nobody else awaits it
  throw new TypeError("it returned a promise, and has to answer at once");
}

/** What is recorded in place of the error: the error itself, or an error that describes it. */
const storable = ({ call, execution }: LiveStep, error: unknown): unknown =>
  storableFailure(execution.host.values, error, call.spec.name);
