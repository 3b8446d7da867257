import type { StartOptions } from "perdure";
import type { Choices } from "../../random-programs/choices.ts";
import { gathering, type Shape } from "../programs/shapes.ts";

/** A start that may share a run with others. */
export interface Request {
  readonly shape: Shape;
  readonly options: StartOptions;
}

/** Options of a start that asks for a run of its own. */
export type Conditions = Omit<StartOptions, "batch">;

/** What a run of the shape may have to wait for, and what may end it. */
export function conditions(random: Choices): Conditions {
  return {
    ...(random.chance(30) && { priority: random.pick([-1, 1, 5]) }),
    ...(random.chance(20) && { delay: random.pick([200, 3000, 12_000]) }),
    ...(random.chance(15) && { expires: random.pick([500, 5000, 30_000]) }),
    ...(random.chance(15) && { timeout: random.pick([1000, 10_000, 40_000]) }),
  };
}

export function sharedStart(random: Choices): Request {
  const key = random.pick(["x", "y"]);
  const shape = random.pick(Object.values(gathering));
  if (shape === gathering.debounced) return { shape, options: { debounce: { key, wait: 2000, max: 6000 } } };
  if (shape === gathering.batched) return { shape, options: { batch: { key, size: 3, wait: 4000 } } };
  return { shape, options: { throttle: { key, limit: 2, per: 10_000 } } };
}
