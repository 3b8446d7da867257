import type { Gather, StartConditions, Throttle } from "@perdure/store";
import { toMilliseconds } from "../config/duration.ts";
import type { WorkflowDefinition } from "../definitions/definition.ts";
import { advantageOf, flowIn, flowOf, queueNamed } from "../definitions/queues.ts";
import type { Slots } from "./slots.ts";

/** What a start asks for beside the run itself. Durations and times are in milliseconds. */
export interface StartRequest {
  readonly queue?: string;
  readonly priority?: number;
  /** The time at which it begins, or how long it waits. */
  readonly at?: number;
  readonly delay?: number;
  readonly expires?: number;
  readonly timeout?: number;
  readonly gather?: Gather;
  readonly throttle?: Throttle;
}

interface Start {
  readonly definition: WorkflowDefinition;
  readonly args: readonly unknown[];
  readonly conditions?: StartRequest;
}

/**
 * What the new run waits for, and what ends it; undefined where nothing does, as for nearly all.
 * @throws PerdureError `QUEUE_UNKNOWN`, `QUEUE_NAME_TAKEN`
 */
export function conditionsOf(
  slots: Slots,
  { definition, args, conditions = {} }: Start,
  now: number,
): Promise<StartConditions> | undefined {
  const { queue: name, priority, at, delay, expires, timeout: given, gather, throttle } = conditions;
  const { name: workflow, timeout: directive } = definition.info;
  const flow = name === undefined ? flowOf(definition) : flowIn(queueNamed(name, "start()"), definition);
  const own = definition.options?.timeout;
  const timeout = given ?? (own === undefined ? directive : toMilliseconds(own, "timeout"));
  const dueAt = at ?? (delay === undefined ? now : now + delay);
  const times = {
    ...(dueAt > now && { dueAt }),
    ...(expires !== undefined && { beginBy: now + expires }),
    ...(timeout !== undefined && { endBy: now + timeout }),
    ...(gather && { gather }),
    ...(throttle && { throttle }),
  };
  if (!flow && Object.keys(times).length === 0) return undefined;
  return (async () => {
    if (!flow) return slots.assertSupported(`a start of ${workflow}`, times);
    const { queue, hold } = flow;
    await slots.define(queue, `the workflow ${workflow}`);
    const rank = now - (priority === undefined ? flow.advantage : advantageOf(queue, priority));
    // the only argument of a batch is its list
    const key = flow.keyOf(gather?.type === "batch" ? [args] : args);
    const place = { queue: queue.definition.name, key, rank, ...(hold && { hold }) };
    return { ...times, queue: place };
  })();
}
