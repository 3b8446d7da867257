import { closest, PerdureError } from "@perdure/protocol";
import type { QueueDefinition } from "@perdure/store";
import { toMilliseconds, type Duration } from "../config/duration.ts";
import type { FlowOptions, Limits } from "../config/flow-options.ts";
import { processWide } from "../process-wide.ts";
import { guarded, textOf } from "../values/describe.ts";
import { isWorkflow, locationOf, type Definition } from "./definition.ts";
import { fillTemplate } from "./run-id.ts";

export interface QueueOptions<A extends unknown[] = unknown[]> extends Limits {
  /** Limits of each key, and what the key of a call is, where its directive or options do not say. */
  readonly perKey?: { readonly concurrency?: number; readonly key?: (...args: A) => string | number };
  /** The priority of calls that have none of their own. Default 0. */
  readonly priority?: number;
  /** The waiting time that one level of priority counts as. Whoever waits for so much longer comes first, whatever its priority. Default `"1m"`. */
  readonly ageing?: Duration;
}

/** A queue as this program defines it. */
export interface KnownQueue {
  readonly options: QueueOptions;
  readonly definition: QueueDefinition;
}

/** The queues that the loaded modules define, by name. */
const knownQueues = processWide("queues", () => new Map<string, KnownQueue>());

/** Which function has limits of its own under a name. */
const ownLimits = processWide("own-limits", () => new Map<string, { readonly key: string; readonly place: string }>());

/** An attempt begins so many milliseconds after its recorded start at most. Else its start is corrected first. */
export const SLACK = 20;

function limitsOf(name: string, { concurrency, rate, perKey }: QueueOptions): QueueDefinition {
  const per = rate && toMilliseconds(rate.per, "rate.per");
  return {
    name,
    ...(concurrency !== undefined && { concurrency }),
    ...(perKey?.concurrency !== undefined && { perKey: perKey.concurrency }),
    ...(rate && per !== undefined && { rate: { limit: rate.limit, per, slack: Math.min(SLACK, per / 10) } }),
  };
}

export function defineQueue(name: string, options: QueueOptions): KnownQueue {
  const queue = { options, definition: limitsOf(name, options) };
  knownQueues.set(name, queue);
  return queue;
}

/** What a task or workflow has of queues: from its options, or its directive. */
export interface Flow {
  readonly queue: KnownQueue;
  readonly hold: boolean;
  /** @throws PerdureError `QUEUE_KEY_INVALID` */
  keyOf(args: readonly unknown[]): string;
  /** What is subtracted from the time at which a call came, in milliseconds. */
  readonly advantage: number;
}

/** @throws PerdureError `QUEUE_UNKNOWN`, `QUEUE_NAME_TAKEN` */
export function flowOf(definition: Definition): Flow | undefined {
  const { info } = definition;
  const options = (definition.options ?? {}) as FlowOptions;
  const directive = info.kind === "helper" ? undefined : info.flow;
  const name = options.queue ?? directive?.queue;
  const limits = hasLimits(options) ? options : directive?.limits;
  if (name === undefined && !limits) return undefined;
  const queue = name === undefined ? ownQueue(definition, limits ?? {}) : queueNamed(name, describe(definition));
  return flowIn(queue, definition);
}

/** What the function has of this queue. */
export function flowIn(queue: KnownQueue, definition: Definition): Flow {
  const { info } = definition;
  const options = (definition.options ?? {}) as FlowOptions;
  const directive = info.kind === "helper" ? undefined : info.flow;
  const key = options.key ?? (directive?.key ? undefined : queue.options.perKey?.key);
  return {
    queue,
    hold: directive?.hold === true,
    advantage: advantageOf(queue, options.priority ?? directive?.priority),
    keyOf: (args) =>
      keyText(definition, queue, () => {
        if (key) return key(...args);
        return directive?.key ? fillTemplate(directive.key, args, incomplete) : "";
      }),
  };
}

/** What the priority is worth, in milliseconds. */
export const advantageOf = ({ options }: KnownQueue, priority = options.priority ?? 0): number =>
  priority * toMilliseconds(options.ageing ?? "1m", "ageing");

const describe = (definition: Definition): string =>
  `the ${isWorkflow(definition) ? "workflow" : "task"} ${definition.info.name} (${locationOf(definition)})`;

const hasLimits = ({ concurrency, perKey, rate }: FlowOptions): boolean =>
  (concurrency ?? perKey ?? rate) !== undefined;

/** @throws PerdureError `QUEUE_UNKNOWN` */
export function queueNamed(name: string, wanted: string): KnownQueue {
  const found = knownQueues.get(name);
  if (found) return found;
  const known = [...knownQueues.keys()].sort();
  throw new PerdureError("QUEUE_UNKNOWN", { queue: name, wanted, known, suggestion: closest(name, known) });
}

/** The queue of a function with limits of its own. It has the function's name, so that a moved file does not change it. */
function ownQueue(definition: Definition, limits: Limits & { readonly perKey?: number }): KnownQueue {
  const { key, info } = definition;
  const known = ownLimits.get(info.name);
  const place = describe(definition);
  if (known && known.key !== key)
    throw new PerdureError("QUEUE_NAME_TAKEN", { queue: info.name, first: known.place, second: place });
  if (!known && knownQueues.has(info.name))
    throw new PerdureError("QUEUE_NAME_TAKEN", { queue: info.name, first: `queue("${info.name}")`, second: place });
  ownLimits.set(info.name, { key, place });
  const { concurrency, rate, perKey } = limits;
  return defineQueue(info.name, {
    ...(concurrency !== undefined && { concurrency }),
    ...(rate && { rate }),
    ...(perKey !== undefined && { perKey: { concurrency: perKey } }),
  });
}

/** An argument of which the directive makes no key. */
class IncompleteKey extends Error {}

function incomplete({
  placeholder,
  found,
  expected,
}: Parameters<Parameters<typeof fillTemplate>[2]>[0]): IncompleteKey {
  const format = expected === "format" ? `, which needs a format, such as {${placeholder}:yyyy-mm-dd}` : "";
  return new IncompleteKey(`{${placeholder}} in key= of its directive is ${found}${format}`);
}

function keyText(definition: Definition, { definition: { name } }: KnownQueue, make: () => unknown): string {
  const refused = (problem: string, cause?: unknown): PerdureError =>
    new PerdureError("QUEUE_KEY_INVALID", { queue: name, name: describe(definition), problem }, { cause });
  let key: unknown;
  try {
    key = make();
  } catch (error) {
    if (error instanceof IncompleteKey) throw refused(error.message);
    throw refused(
      guarded(() => textOf(error).split("\n")[0] ?? "", "it threw"),
      error,
    );
  }
  if (typeof key === "string" && key.isWellFormed()) return key;
  if (typeof key === "number" || typeof key === "bigint") return String(key);
  throw refused(`it gave ${textOf(key)}`);
}
