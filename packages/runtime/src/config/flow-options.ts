import { isQueueName, PerdureError, type OptionNames } from "@perdure/protocol";
import { textOf } from "../values/describe.ts";
import { toMilliseconds, type Duration } from "./duration.ts";

/** At most `limit` starts in any period of `per`: the window slides. */
export interface Rate {
  readonly limit: number;
  readonly per: Duration;
}

/** Limits that hold over all processes of a store. */
export interface Limits {
  /** At most so many at the same time. Default: no limit. */
  readonly concurrency?: number;
  /** At most so many starts in any period of that length. Each attempt of a task is a start; a run is one when it begins. Default: no limit. */
  readonly rate?: Rate;
}

/** Which queue a task or a workflow stands in line of. */
export interface FlowOptions<A extends unknown[] = unknown[]> extends Limits {
  /** The name of a queue. Without it, `concurrency`, `perKey` and `rate` are limits of the function alone. */
  readonly queue?: string;
  /** What the arguments have in common with those of other calls: keys take turns, and `perKey` limits each. */
  readonly key?: (...args: A) => string | number;
  /** At most so many of one key at the same time. */
  readonly perKey?: number;
  /** A whole number: each level counts like `ageing` of waiting time. Default 0, and 1 minute. */
  readonly priority?: number;
}

export const FLOW_OPTIONS: OptionNames<FlowOptions> = {
  queue: true,
  key: true,
  concurrency: true,
  perKey: true,
  rate: true,
  priority: true,
};

/** @throws PerdureError `OPTION_INVALID`, `OPTIONS_EXCLUDE`, `DURATION_INVALID` */
export function checkFlowOptions(options: FlowOptions<never>, owner: string): void {
  const { queue, key, perKey, priority } = options;
  checkLimits(options);
  if (perKey !== undefined) atLeastOne(perKey, "perKey");
  if (queue !== undefined) checkQueueName(queue);
  if (key !== undefined && typeof key !== "function") throw invalid("key", key, "a function of the arguments");
  if (priority !== undefined) wholePriority(priority);
  const own = (["concurrency", "perKey", "rate"] as const).find((name) => options[name] !== undefined);
  if (queue !== undefined && own) throw new PerdureError("OPTIONS_EXCLUDE", { owner, first: "queue", second: own });
}

function checkLimits({ concurrency, rate }: Limits): void {
  if (concurrency !== undefined) atLeastOne(concurrency, "concurrency");
  if (rate === undefined) return;
  if (typeof rate !== "object" || rate === null) throw invalid("rate", rate, 'such as { limit: 10, per: "1m" }');
  atLeastOne(rate.limit, "rate.limit");
  if (toMilliseconds(rate.per, "rate.per") <= 0) throw invalid("rate.per", rate.per, "a duration above 0");
}

/** @throws PerdureError `OPTION_INVALID` */
export function checkQueueName(name: unknown): string {
  if (typeof name === "string" && isQueueName(name)) return name;
  throw invalid("queue", name, "a name of letters, digits, and - _ . :");
}

export function wholePriority(value: number): number {
  if (Number.isSafeInteger(value)) return value;
  throw invalid("priority", value, "a whole number");
}

function atLeastOne(value: number, option: string): void {
  if (!(Number.isSafeInteger(value) && value >= 1)) throw invalid(option, value, "a whole number from 1");
}

const invalid = (option: string, value: unknown, expected: string): PerdureError =>
  new PerdureError("OPTION_INVALID", { option, value: textOf(value), expected });
