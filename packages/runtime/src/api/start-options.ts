import { checkOptions, oneOf, PerdureError, type OptionNames } from "@perdure/protocol";
import { toMilliseconds, type Duration } from "../config/duration.ts";
import { checkQueueName, wholePriority } from "../config/flow-options.ts";
import type { IfFailed } from "../execution/host.ts";
import type { StartRequest } from "../queues/conditions.ts";
import { textOf } from "../values/describe.ts";

/** Joins starts that follow one another closely: one run, with the arguments of the last. */
export interface Debounce {
  /** Starts of one workflow with the same key are joined. Default: all of the workflow. */
  readonly key?: string;
  /** The run begins so long after the last start. */
  readonly wait: Duration;
  /** It begins so long after the first start at the latest. Default: no limit. */
  readonly max?: Duration;
}

/** Lets the first starts through, and gives the latest run to the others. */
export interface ThrottleOptions {
  /** Starts of one workflow with the same key are counted together. Default: all of the workflow. */
  readonly key?: string;
  /** At most so many runs in any period of `per`. Default 1. */
  readonly limit?: number;
  readonly per: Duration;
}

/** Collects the arguments of several starts for one run. */
export interface BatchOptions {
  /** Starts of one workflow with the same key are collected. Default: all of the workflow. */
  readonly key?: string;
  /** The run begins when it has so many. */
  readonly size: number;
  /** It begins so long after the first start at the latest. */
  readonly wait: Duration;
}

export interface StartOptions {
  readonly id?: string;
  readonly ifFailed?: IfFailed;
  readonly tags?: readonly string[];
  /** The queue that the run stands in line of. Default: that of the workflow. */
  readonly queue?: string;
  /** A whole number: each level counts like `ageing` of the queue. Default: that of the workflow, or 0. */
  readonly priority?: number;
  /** The run begins so long after the start. */
  readonly delay?: Duration;
  /** The run begins then. */
  readonly at?: Date;
  /** A run that has not begun so long after the start is cancelled. */
  readonly expires?: Duration;
  /** A run that has not ended so long after the start is cancelled, with a `TimeoutError` as the reason. Default: that of the workflow. */
  readonly timeout?: Duration;
  readonly debounce?: Debounce;
  readonly throttle?: ThrottleOptions;
  readonly batch?: BatchOptions;
}

const START_OPTIONS: OptionNames<StartOptions> = {
  id: true,
  ifFailed: true,
  tags: true,
  queue: true,
  priority: true,
  delay: true,
  at: true,
  expires: true,
  timeout: true,
  debounce: true,
  throttle: true,
  batch: true,
};

/** The options of `start` that make sense for many runs. */
export type StartManyOptions = Omit<StartOptions, "id" | "ifFailed" | "debounce" | "throttle" | "batch">;

const { id: _, ifFailed: __, debounce: ___, throttle: ____, batch: _____, ...MANY_OPTIONS } = START_OPTIONS;

interface CheckedOptions {
  readonly id: string | undefined;
  readonly ifFailed: IfFailed;
  readonly tags: readonly string[];
  readonly conditions?: StartRequest;
}

/**
 * The options, checked.
 * @throws PerdureError `OPTION_UNKNOWN`, `OPTION_INVALID`, `OPTIONS_EXCLUDE`, `DURATION_INVALID`
 */
export function checkStartOptions(options: StartOptions, args: readonly unknown[]): CheckedOptions {
  checkOptions(options, START_OPTIONS, "start()");
  if (options.batch && args.length !== 1)
    throw new PerdureError("OPTION_INVALID", {
      option: "batch",
      value: `a start with ${args.length} arguments`,
      expected: "a start with one argument, which becomes one item of the list",
    });
  return checked(options, "start()");
}

/** @throws as `checkStartOptions` */
export const checkStartManyOptions = (options: StartManyOptions): CheckedOptions =>
  checked(checkOptions(options, MANY_OPTIONS, "startMany()"), "startMany()");

function checked(options: StartOptions, owner: string): CheckedOptions {
  const { id, ifFailed = "attach", tags = [], ...others } = options;
  oneOf(ifFailed, ["attach", "retry", "restart"], "ifFailed");
  const conditions = conditionsIn(options, owner);
  return { id, ifFailed, tags, ...(Object.keys(others).length > 0 && { conditions }) };
}

function conditionsIn(options: StartOptions, owner: string): StartRequest {
  const { queue, priority, delay, at, expires, timeout, debounce, throttle, batch } = options;
  excludeEachOther(options, owner, ["debounce", "throttle", "batch"]);
  excludeEachOther(options, owner, ["delay", "at"]);
  for (const how of ["debounce", "batch"] as const)
    for (const other of ["id", "delay", "at"] as const) excludeEachOther(options, owner, [how, other]);
  if (at !== undefined && !(at instanceof Date && !Number.isNaN(at.getTime()))) throw invalid("at", at, "a date");
  return {
    ...(queue !== undefined && { queue: checkQueueName(queue) }),
    ...(priority !== undefined && { priority: wholePriority(priority) }),
    ...(delay !== undefined && { delay: toMilliseconds(delay, "delay") }),
    ...(at !== undefined && { at: at.getTime() }),
    ...(expires !== undefined && { expires: toMilliseconds(expires, "expires") }),
    ...(timeout !== undefined && { timeout: toMilliseconds(timeout, "timeout") }),
    ...(debounce && { gather: debounceOf(debounce) }),
    ...(batch && { gather: batchOf(batch) }),
    ...(throttle && { throttle: throttleOf(throttle) }),
  };
}

function excludeEachOther(options: StartOptions, owner: string, names: readonly (keyof StartOptions)[]): void {
  const [first, second] = names.filter((name) => options[name] !== undefined);
  if (first !== undefined && second !== undefined) throw new PerdureError("OPTIONS_EXCLUDE", { owner, first, second });
}

function debounceOf(options: Debounce): NonNullable<StartRequest["gather"]> {
  const { key = "", wait, max } = checkOptions(options, { key: true, wait: true, max: true }, "start({ debounce })");
  const times = { wait: toMilliseconds(wait, "debounce.wait") };
  return {
    type: "debounce",
    key: `debounce:${textKey(key, "debounce.key")}`,
    ...times,
    ...(max !== undefined && { max: toMilliseconds(max, "debounce.max") }),
  };
}

function batchOf(options: BatchOptions): NonNullable<StartRequest["gather"]> {
  const { key = "", size, wait } = checkOptions(options, { key: true, size: true, wait: true }, "start({ batch })");
  const name = `batch:${textKey(key, "batch.key")}`;
  return { type: "batch", key: name, size: atLeastOne(size, "batch.size"), wait: toMilliseconds(wait, "batch.wait") };
}

function throttleOf(options: ThrottleOptions): NonNullable<StartRequest["throttle"]> {
  const {
    key = "",
    limit = 1,
    per,
  } = checkOptions(options, { key: true, limit: true, per: true }, "start({ throttle })");
  const period = toMilliseconds(per, "throttle.per");
  return { key: textKey(key, "throttle.key"), limit: atLeastOne(limit, "throttle.limit"), per: period };
}

function textKey(key: unknown, option: string): string {
  if (typeof key === "string" && key.isWellFormed()) return key;
  throw invalid(option, key, "a text");
}

function atLeastOne(value: unknown, option: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1) return value;
  throw invalid(option, value, "a whole number from 1");
}

const invalid = (option: string, value: unknown, expected: string): PerdureError =>
  new PerdureError("OPTION_INVALID", { option, value: textOf(value), expected });
