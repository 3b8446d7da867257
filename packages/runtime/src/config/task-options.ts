import { BACKOFF_DEFAULTS, checkOptions, PerdureError, type BackoffSpec, type OptionNames } from "@perdure/protocol";
import { guarded, textOf } from "../values/describe.ts";
import type { StandardSchema } from "../values/schema.ts";
import { LONGEST_DURATION, toMilliseconds, type Duration } from "./duration.ts";
import { checkFlowOptions, FLOW_OPTIONS, type FlowOptions } from "./flow-options.ts";

/** The wait before retry n = 1, 2, …: one of `exponential`, `linear`, `constant`, or a function that returns a duration, at once. */
export type Backoff = BackoffSpec | ((retry: number, error: unknown) => Duration);

export interface TaskOptions<A extends unknown[] = never> extends FlowOptions<A> {
  /** Attempts after the first one. Default 3. */
  readonly retries?: number;
  /** Wait before each retry. Default `exponential()`: 2 s, 4 s, 8 s, … up to 60 s. */
  readonly backoff?: Backoff;
  /** How long one attempt may take; then its `AbortSignal` is aborted and the attempt fails with a `TimeoutError`. Default: no limit. */
  readonly timeout?: Duration;
  /** Whether this error is worth another attempt; not a promise of it. Default: all but `FatalError`. */
  readonly retryIf?: (error: unknown, attempt: number) => boolean;
  /**
   * Parses the stored result, on the first run and in each replay, so that the workflow sees the output of the schema
   * (class instances, dates). A result that the schema refuses fails the attempt.
   */
  readonly result?: StandardSchema;
}

const TASK_OPTIONS: OptionNames<TaskOptions> = {
  retries: true,
  backoff: true,
  timeout: true,
  retryIf: true,
  result: true,
  ...FLOW_OPTIONS,
};

export interface WorkflowOptions<A extends unknown[] = unknown[]> extends FlowOptions<A> {
  /** The run's id from the arguments; in place of `id=` in the directive. */
  readonly id?: (...args: A) => string;
  /** Parses the array of arguments before the run is recorded (input that it refuses starts no run) and in each replay. */
  readonly input?: StandardSchema;
  /** How long a run may take from its start to its end; then it is cancelled. Default: no limit. */
  readonly timeout?: Duration;
}

const WORKFLOW_OPTIONS: OptionNames<WorkflowOptions> = { id: true, input: true, timeout: true, ...FLOW_OPTIONS };

/** @throws PerdureError `OPTION_UNKNOWN`, `OPTION_INVALID`, `OPTIONS_EXCLUDE`, `DURATION_INVALID` */
export function checkWorkflowOptions<A extends unknown[]>(options: WorkflowOptions<A>): WorkflowOptions {
  checkOptions(options, WORKFLOW_OPTIONS as OptionNames<WorkflowOptions<A>>, "workflowOptions()");
  checkFlowOptions(options, "workflowOptions()");
  if (options.timeout !== undefined) toMilliseconds(options.timeout, "timeout");
  return options as unknown as WorkflowOptions;
}

/**
 * base^n seconds before retry n.
 * @param options.base - default 2
 * @param options.max - longest wait; default `"60s"` without a base, else no limit
 * @param options.jitter - wait a random part of it, between half and all, so that many callers do not retry at the same time; default false
 */
export function exponential(options: { base?: number; max?: Duration; jitter?: boolean } = {}): BackoffSpec {
  const { base, max, jitter } = checkOptions(options, { base: true, max: true, jitter: true }, "exponential()");
  return {
    kind: "exponential",
    ...(base === undefined ? BACKOFF_DEFAULTS.exponential : { base: positive(base, "exponential base") }),
    ...(max !== undefined && { max: toMilliseconds(max, "exponential max") }),
    ...(jitter !== undefined && { jitter }),
  };
}

/**
 * start + (n - 1) · step before retry n.
 * @param options.start - default `"1s"`
 * @param options.step - default `"1s"`
 */
export function linear(options: { start?: Duration; step?: Duration } = {}): BackoffSpec {
  const { start, step } = {
    ...BACKOFF_DEFAULTS.linear,
    ...checkOptions(options, { start: true, step: true }, "linear()"),
  };
  return { kind: "linear", start: toMilliseconds(start, "linear start"), step: toMilliseconds(step, "linear step") };
}

/** The same wait before every retry. */
export const constant = (delay: Duration): BackoffSpec => ({
  kind: "constant",
  delay: toMilliseconds(delay, "constant delay"),
});

const positive = (value: number, what: string): number => {
  if (Number.isFinite(value) && value > 0) return value;
  throw new PerdureError("OPTION_INVALID", { option: what, value: String(value), expected: "a number above 0" });
};

/**
 * Milliseconds before retry `retry`; at most 100,000 years.
 * @throws PerdureError `DURATION_INVALID`; what the user's function throws
 */
export function backoffDelay(
  backoff: Backoff,
  retry: number,
  error: unknown,
  random: () => number = Math.random,
): number {
  return toMilliseconds(
    typeof backoff === "function" ? backoff(retry, error) : within(specifiedDelay(backoff, retry, random)),
    "backoff",
  );
}

function specifiedDelay(backoff: BackoffSpec, retry: number, random: () => number): number {
  if (backoff.kind === "constant") return backoff.delay;
  if (backoff.kind === "linear") return backoff.start + (retry - 1) * backoff.step;
  const wait = Math.min(backoff.base ** retry * 1000, backoff.max ?? Infinity);
  return within(wait) * (backoff.jitter === true ? 0.5 + random() / 2 : 1);
}

/** The powers of a large base are more than a number can hold. */
const within = (wait: number): number => Math.min(wait, LONGEST_DURATION);

/**
 * @param owner - what takes the options
 * @throws PerdureError `OPTION_UNKNOWN`, `OPTION_INVALID`, `DURATION_INVALID`
 */
export function checkTaskOptions(options: TaskOptions, owner: string): TaskOptions {
  const { retries, timeout, backoff, retryIf } = checkOptions(options, TASK_OPTIONS, owner);
  if (retries !== undefined && !(Number.isInteger(retries) && retries >= 0))
    throw new PerdureError("OPTION_INVALID", {
      option: "retries",
      value: String(retries),
      expected: "a whole number from 0",
    });
  checkFlowOptions(options, owner);
  if (timeout !== undefined) toMilliseconds(timeout, "timeout");
  if (retryIf !== undefined && typeof retryIf !== "function")
    throw new PerdureError("OPTION_INVALID", { option: "retryIf", value: textOf(retryIf), expected: "a function" });
  if (backoff !== undefined && !isBackoff(backoff))
    throw new PerdureError("OPTION_INVALID", {
      option: "backoff",
      value: describeBackoff(backoff),
      expected: "exponential(…), linear(…), constant(…), or a function",
    });
  return options;
}

function isBackoff(backoff: Backoff): boolean {
  if (typeof backoff === "function") return true;
  const { kind } = (backoff ?? {}) as BackoffSpec;
  return (
    (kind === "exponential" || kind === "linear" || kind === "constant") &&
    [1, 2].every((retry) => specifiedDelay(backoff, retry, () => 1) >= 0)
  );
}

const describeBackoff = (backoff: unknown): string =>
  guarded(() => JSON.stringify(backoff) as string | undefined, undefined) ?? textOf(backoff);
