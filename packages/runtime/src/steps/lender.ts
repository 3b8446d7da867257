import type { RunInMemory } from "../execution/step.ts";
import { Lender } from "../queues/step-slot.ts";

const lenders = new WeakMap<RunInMemory, Lender>();

/** Lends the slot of the run to its steps that need one of the same queue: a run cannot wait for a slot that it has itself. */
export function lenderOf(execution: RunInMemory): Lender | undefined {
  const { queue } = execution.run;
  if (!queue) return undefined;
  const lender = lenders.get(execution) ?? new Lender(queue.queue);
  lenders.set(execution, lender);
  return lender;
}
