import { toMilliseconds, type Duration } from "../config/duration.ts";
import { backoffDelay, exponential, type Backoff, type TaskOptions } from "../config/task-options.ts";
import type { TaskDefinition } from "../definitions/definition.ts";
import { context, type TaskContext } from "../execution/current.ts";
import type { LiveStep } from "../execution/step.ts";
import { CancelledError, FatalError, ProcessDiedError, RetryableError, TimeoutError } from "../values/errors.ts";
import { parseWith } from "../values/schema.ts";
import { LazyAbort } from "./lazy-abort.ts";

/** Options of a task. The first of these that gives an option wins: `taskOptions`, the directive, `configure({ defaults })`, the built-in defaults. */
export interface ResolvedTaskOptions extends TaskOptions {
  readonly retries: number;
  readonly backoff: Backoff;
}

const builtIn: ResolvedTaskOptions = { retries: 3, backoff: exponential({ base: 2, max: "60s" }) };

export const resolveTaskOptions = ({ info, options }: TaskDefinition, defaults: TaskOptions): ResolvedTaskOptions => ({
  ...builtIn,
  ...defaults,
  ...info.options,
  ...options,
});

/** Attempts `call` until it succeeds, must not be tried again, or the run continues without it. */
export function attemptTask(step: LiveStep, call: () => Promise<unknown>, options: ResolvedTaskOptions): void {
  step.onCancel = (reason) => step.fail(new CancelledError(reason)); // between two attempts
  const { host } = step.execution;
  // the attempt was recorded when it began, and nothing after it: it ended with its process
  const died = step.attempt > 0 && step.dueAt === undefined;
  if (died && step.attempt > options.retries) step.fail(new ProcessDiedError(step.call.spec.name, step.attempt));
  else if (step.dueAt !== undefined && step.dueAt > host.clock.now()) step.wait(() => begin(step, call, options));
  else begin(step, call, options);
}

/**
 * Ends a task that was called before the run was cancelled. If it was in flight when its process died, nobody knows what it did: it is attempted
 * once more, with its signal aborted, so that compensation knows. A task that has not begun, or waits for its next attempt, fails.
 */
export function finishTask(
  step: LiveStep,
  cancelled: CancelledError,
  call: () => Promise<unknown>,
  options: ResolvedTaskOptions,
): void {
  if (step.call.mayHaveBegun && !step.kept) begin(step, call, options, cancelled);
  else step.fail(cancelled);
}

/** Begins an attempt on a lease that holds. Where an earlier execution ended with its process, the attempt is recorded before it begins. */
function begin(
  step: LiveStep,
  call: () => Promise<unknown>,
  options: ResolvedTaskOptions,
  cancelled?: CancelledError,
): void {
  const { execution } = step;
  execution.onLease(() => {
    if (!step.active) return;
    step.attempt++;
    if (execution.run.stalls > 0) step.keepAttempt(() => void attempt(step, call, options, cancelled));
    else void attempt(step, call, options, cancelled);
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
  let cancelled = cancelledBefore;
  if (cancelled) abort.abort(cancelled);
  step.onCancel = (reason) => abort.abort((cancelled ??= new CancelledError(reason)));
  step.onAbandon = (reason) => abort.abort(new Error(reason));
  try {
    const value = await limited(
      step,
      () => context.run({ kind: "task", execution, task: contextOf(step, abort) }, call),
      abort,
      options.timeout,
    );
    if (options.result) parseWith(options.result, value, `what ${step.call.spec.name} returned`);
    step.complete(value);
  } catch (error) {
    if (cancelled) step.fail(isAbort(error, cancelled) ? cancelled : error);
    else failedAttempt(step, error, call, options);
  } finally {
    step.onAbandon = undefined;
    execution.attemptEnded();
  }
}

/** Whether an attempt ended because its signal was aborted. Functions of Node.js reject with an `AbortError` whose cause is the reason. */
const isAbort = (error: unknown, reason: unknown): boolean =>
  error === reason || (error instanceof Error && error.name === "AbortError" && error.cause === reason);

const contextOf = (step: LiveStep, abort: LazyAbort): TaskContext => {
  const {
    execution: { run },
    call: { id },
    attempt,
  } = step;
  return {
    runId: run.id,
    stepId: id,
    attempt,
    idempotencyKey: `${run.id}/${id}`,
    get signal() {
      return abort.signal;
    },
  };
};

/** `call` with a time limit. An attempt that ignores its `AbortSignal` continues, but its outcome is ignored. */
async function limited(
  step: LiveStep,
  call: () => Promise<unknown>,
  abort: LazyAbort,
  timeout: Duration | undefined,
): Promise<unknown> {
  if (timeout === undefined) return call();
  const { clock } = step.execution.host;
  const limit = toMilliseconds(timeout, "timeout");
  step.execution.attempts.limited++;
  let stop: () => void = () => {};
  const late = new Promise<never>((_, reject) => {
    stop = clock.at(clock.now() + limit, () => {
      const error = new TimeoutError(`attempt ${step.attempt} of ${step.call.spec.name} took longer than ${limit} ms`);
      abort.abort(error);
      reject(error);
    });
  });
  try {
    return await Promise.race([call(), late]);
  } finally {
    stop();
    step.execution.attempts.limited--;
  }
}

function failedAttempt(
  step: LiveStep,
  error: unknown,
  call: () => Promise<unknown>,
  options: ResolvedTaskOptions,
): void {
  if (!step.active) return;
  try {
    if (!mayRetry(error, step.attempt, options)) return step.fail(error);
    const dueAt = nextAttemptAt(error, step.attempt, options.backoff, step.execution.host.clock.now());
    step.onCancel = (reason) => step.fail(new CancelledError(reason));
    step.keep(dueAt, () => step.wait(() => begin(step, call, options)), error);
  } catch (mistake) {
    step.fail(mistake); // retryIf or a backoff function threw
  }
}

const mayRetry = (error: unknown, attempt: number, { retries, retryIf }: ResolvedTaskOptions): boolean =>
  attempt <= retries && !(error instanceof FatalError) && (retryIf?.(error, attempt) ?? true);

function nextAttemptAt(error: unknown, attempt: number, backoff: Backoff, now: number): number {
  const after = error instanceof RetryableError ? error.retryAfter : undefined;
  if (after instanceof Date) return after.getTime();
  return (
    now +
    (after === undefined ? backoffDelay(backoff, attempt, error) : toMilliseconds(after as Duration, "retryAfter"))
  );
}
