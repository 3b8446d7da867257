import { checkOptions, PerdureError, type OptionNames } from "@perdure/protocol";
import type { QueueRow, Store } from "@perdure/store";
import { toMilliseconds } from "../config/duration.ts";
import { checkFlowOptions, checkQueueName } from "../config/flow-options.ts";
import { defineQueue, type QueueOptions } from "../definitions/queues.ts";
import { currentRuntime } from "../process/default-runtime.ts";
import type { Runtime } from "../process/runtime.ts";

export type { QueueOptions } from "../definitions/queues.ts";

/** What a queue is doing. */
export interface QueueInfo {
  readonly name: string;
  /** Its limits, as they were last defined. */
  readonly concurrency?: number;
  readonly perKey?: number;
  /** `per` is in milliseconds. */
  readonly rate?: { readonly limit: number; readonly per: number };
  /** Runs and tasks that stand in line. */
  readonly waiting: number;
  /** Slots that are taken, or kept for somebody for a moment. */
  readonly running: number;
  /** When the one that has stood in line for longest came. */
  readonly oldest?: Date;
}

/** What one key of a queue is doing. */
export interface QueueKeyInfo {
  readonly key: string;
  readonly waiting: number;
  readonly running: number;
  readonly oldest?: Date;
}

/** A queue, from any process that has the store. */
export class Queue {
  readonly name: string;
  private readonly runtime: () => Runtime;

  constructor(runtime: () => Runtime, name: string) {
    this.name = name;
    this.runtime = runtime;
  }

  /** @throws PerdureError `QUEUE_NOT_FOUND` while nothing has used the queue */
  async info(): Promise<QueueInfo> {
    const all = await queuesOf(this.runtime());
    const found = all.find(({ name }) => name === this.name);
    if (found) return found;
    const known = all.map(({ name }) => name);
    throw new PerdureError("QUEUE_NOT_FOUND", { queue: this.name, store: this.runtime().store.name, known });
  }

  /**
   * The keys that stand in line or have slots, those with the most in line first.
   * @param options.limit - at most so many. Default 100
   */
  async keys(options: { readonly limit?: number } = {}): Promise<QueueKeyInfo[]> {
    const { limit = 100 } = checkOptions(options, { limit: true }, "queue.keys()");
    const store = withQueues(await this.runtime().ready());
    const rows = await store.queueKeys(this.name, limit);
    return rows.map(({ oldest, ...row }) => ({ ...row, ...(oldest !== undefined && { oldest: new Date(oldest) }) }));
  }
}

const QUEUE_OPTIONS: OptionNames<QueueOptions> = {
  concurrency: true,
  perKey: true,
  rate: true,
  priority: true,
  ageing: true,
};

/**
 * Defines a queue: call it where the program begins, like an import. Tasks and workflows use it by its name (`"use task: queue=mail"`), and its limits
 * hold over all processes of the store. Of several definitions the latest holds: in the program, and in the store that of the process that last began to use the queue.
 * @param options.concurrency - at most so many at the same time. A workflow does not count while it only waits, unless its directive says `hold=true`
 * @param options.rate - at most `limit` starts in any period of `per`: the window slides. Each attempt of a task is a start; a run is one when it begins
 * @param options.perKey - `concurrency` limits each key; `key` gives the key of a call from its arguments. Keys take turns
 * @param options.priority - of calls that have none of their own
 * @param options.ageing - the waiting time that one level of priority counts as. Default `"1m"`
 * @throws PerdureError `OPTION_UNKNOWN`, `OPTION_INVALID`, `DURATION_INVALID`
 */
export function queue<A extends unknown[] = never>(name: string, options: QueueOptions<A> = {}): Queue {
  const { perKey, ageing, ...given } = checkOptions(options, QUEUE_OPTIONS as OptionNames<QueueOptions<A>>, "queue()");
  checkQueueName(name);
  const { concurrency, key } = checkOptions(perKey ?? {}, { concurrency: true, key: true }, "queue({ perKey })");
  checkFlowOptions(
    { ...given, ...(concurrency !== undefined && { perKey: concurrency }), ...(key && { key }) },
    "queue()",
  );
  if (ageing !== undefined) toMilliseconds(ageing, "ageing");
  defineQueue(name, options as unknown as QueueOptions);
  return new Queue(currentRuntime, name);
}

/** The queues that the store knows, by name: those that a process has used. */
export const queues = (): Promise<QueueInfo[]> => queuesOf(currentRuntime());

export async function queuesOf(runtime: Runtime): Promise<QueueInfo[]> {
  const store = await runtime.ready();
  return ((await store.queues?.()) ?? []).map(infoOf);
}

function infoOf({ oldest, rate, ...row }: QueueRow): QueueInfo {
  return {
    ...row,
    ...(rate && { rate: { limit: rate.limit, per: rate.per } }),
    ...(oldest !== undefined && { oldest: new Date(oldest) }),
  };
}

/** @throws PerdureError `QUEUES_NOT_SUPPORTED` */
function withQueues(store: Store): Required<Store> {
  if (store.enqueue) return store as Required<Store>;
  throw new PerdureError("QUEUES_NOT_SUPPORTED", { store: store.name, wanted: "this call" });
}
