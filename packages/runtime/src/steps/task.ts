import { PerdureError } from "@perdure/protocol";
import { toMilliseconds, toTime, type Duration, type RetryAfter } from "../config/duration.ts";
import { backoffDelay, exponential, type Backoff, type TaskOptions } from "../config/task-options.ts";
import { inside, type AttemptInfo } from "../config/instrumentation.ts";
import type { TaskDefinition } from "../definitions/definition.ts";
import { context, type TaskContext } from "../execution/current.ts";
import type { LiveStep } from "../execution/step.ts";
import { CancelledError, FatalError, ProcessDiedError, RetryableError, TimeoutError } from "../values/errors.ts";
import { guarded, textOf } from "../values/describe.ts";
import { parseWith } from "../values/schema.ts";
import { storableFailure } from "../values/thrown.ts";
import { AttemptCalls } from "./inner-tasks.ts";
import { LazyAbort } from "./lazy-abort.ts";

/** Options of a task. The first of these that gives an option wins: `taskOptions`, the directive, `configure({ defaults })`, the built-in defaults. */
export interface ResolvedTaskOptions extends TaskOptions {
  readonly retries: number;
  readonly backoff: Backoff;
}

const builtIn: ResolvedTaskOptions = { retries: 3, backoff: exponential() };

/** By definition: the options that it had, and what came of them. */
const resolved = new WeakMap<
  TaskDefinition,
  { readonly of: readonly [unknown, unknown]; readonly options: ResolvedTaskOptions }
>();

export function resolveTaskOptions(definition: TaskDefinition, defaults: TaskOptions): ResolvedTaskOptions {
  const { info, options } = definition;
  const known = resolved.get(definition);
  if (known?.of[0] === options && known?.of[1] === defaults) return known.options;
  const all = { ...builtIn, ...defaults, ...info.options, ...options };
  resolved.set(definition, { of: [options, defaults], options: all });
  return all;
}

/** Attempts `call` until it succeeds, must not be tried again, or the run continues without it. */
export function attemptTask(step: LiveStep, call: () => Promise<unknown>, options: ResolvedTaskOptions): void {
  step.onCancel = (reason) => step.fail(new CancelledError(reason)); // between two attempts
  const { host } = step.execution;
  if (failedAsItDied(step, options)) return;
  if (step.dueAt !== undefined && step.dueAt > host.clock.now()) step.wait(() => begin(step, call, options));
  else begin(step, call, options);
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
export function finishTask(
  step: LiveStep,
  cancelled: CancelledError,
  call: () => Promise<unknown>,
  options: ResolvedTaskOptions,
): void {
  const isWaiting = step.dueAt !== undefined && step.dueAt > step.execution.host.clock.now();
  if (!step.call.mayHaveBegun || isWaiting) step.fail(cancelled);
  else if (!failedAsItDied(step, options)) begin(step, call, options, cancelled);
}

/** Begins an attempt on a lease that holds. Where an earlier execution ended with its process, the attempt is recorded before it begins. */
function begin(
  step: LiveStep,
  call: () => Promise<unknown>,
  options: ResolvedTaskOptions,
  cancelled?: CancelledError,
): void {
  const { execution } = step;
  const { host } = execution;
  execution.onLease(() => {
    if (!step.active) return;
    step.attempt++;
    // an attempt that is never retried must not count for a death that another run may have caused
    const isCounted = host.settings.countDeaths && execution.run.stalls > (options.retries === 0 ? 1 : 0);
    const start = (): void => void attempt(step, call, options, cancelled);
    if (isCounted) step.keepAttempt(() => execution.onLease(() => step.active && start()));
    else start();
  });
}

async function attempt(
  step: LiveStep,
  call: () => Promise<unknown>,
  options: ResolvedTaskOptions,
  cancelledBefore: CancelledError | undefined,
): Promise<void> {
  const { execution } = step;
  step.startAttempt();
  const abort = new LazyAbort();
  step.isLimited ||= options.timeout !== undefined;
  if (step.isLimited) execution.attempts.limited++;
  const calls = new AttemptCalls(step, cancelledBefore);
  let cancelled = cancelledBefore;
  if (cancelled) abort.abort(cancelled);
  step.onCancel = (reason) => {
    cancelled ??= new CancelledError(reason);
    abort.abort(cancelled);
    calls.cancel(cancelled);
  };
  step.onAbandon = (reason) => abort.abort(new Error(reason));
  step.onInterrupt = (reason) => {
    abort.abort(reason);
    calls.interrupt(reason);
  };
  try {
    const own = new AttemptContext(step, abort, calls);
    const attempted = (): Promise<unknown> => step.call.inContext(() => around(step, () => context.run(own, call)));
    const value = await (options.timeout === undefined ? attempted() : limited(step, attempted, options.timeout));
    if (calls.isWaiting) await calls.last();
    const { result } = options;
    if (result) step.call.inContext(() => parseWith(result, value, `what ${step.call.spec.name} returned`));
    step.complete(value);
  } catch (error) {
    calls.end({ error });
    if (cancelled) step.fail(isAbort(error, cancelled) ? cancelled : error);
    else step.call.inContext(() => failedAttempt(step, error, call, options));
  } finally {
    calls.end();
    if (step.isLimited) execution.attempts.limited--;
    step.onAbandon = step.onInterrupt = undefined;
    execution.attemptEnded();
  }
}

function around(step: LiveStep, call: () => Promise<unknown>): Promise<unknown> {
  const { host, run } = step.execution;
  const { aroundAttempt } = host.settings.instrumentation;
  if (!aroundAttempt) return call();
  const { id, spec, location } = step.call;
  const { id: runId, workflow } = run;
  const info = (): AttemptInfo => ({
    run: runId,
    workflow,
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

/** What an attempt runs in. Few tasks ask for what they can know of it. */
class AttemptContext {
  readonly kind = "task";
  readonly execution: LiveStep["execution"];
  readonly attempt: AttemptCalls;
  private readonly step: LiveStep;
  private readonly abort: LazyAbort;
  private readonly number: number;
  private made: TaskContext | undefined;

  constructor(step: LiveStep, abort: LazyAbort, calls: AttemptCalls) {
    this.execution = step.execution;
    this.attempt = calls;
    this.step = step;
    this.abort = abort;
    this.number = step.attempt;
  }

  get task(): TaskContext {
    return (this.made ??= contextOf(this.step, this.number, this.abort));
  }
}

const contextOf = ({ execution: { run }, call: { id } }: LiveStep, attempt: number, abort: LazyAbort): TaskContext => ({
  runId: run.id,
  stepId: id,
  attempt,
  // encoded, so that no run id with a slash or colon gives the key of a step of another run, or of the run before a restart
  idempotencyKey: `${encodeURIComponent(run.id)}${run.restarts > 0 ? `:${run.restarts}` : ""}/${id}`,
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
      step.onInterrupt?.(error);
      reject(error);
    });
  });
  try {
    return await Promise.race([call(), late]);
  } finally {
    stop();
  }
}

function failedAttempt(
  step: LiveStep,
  error: unknown,
  call: () => Promise<unknown>,
  options: ResolvedTaskOptions,
): void {
  if (!step.active) return;
  const next = nextAttempt(step, error, options);
  if ("failure" in next) return step.fail(storable(step, next.failure));
  step.onCancel = (reason) => step.fail(new CancelledError(reason));
  const recorded = error === undefined ? new Error("undefined was thrown") : storable(step, error);
  step.keep(next.dueAt, () => step.wait(() => begin(step, call, options)), recorded);
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
