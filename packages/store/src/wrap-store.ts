import type { Awaitable, Store } from "./contract.ts";

/** A method of the store contract. */
export type StoreMethod = Exclude<keyof Store, "name">;

/**
 * Decides how one call of a store is made.
 * @param method - the called method; `args` are its arguments
 * @param perform - makes the call: immediately, later, several times or never
 */
export type AroundCall = <R>(
  method: StoreMethod,
  perform: () => Awaitable<R>,
  args: readonly unknown[],
) => Awaitable<R>;

/** A store that passes each call through `around`, for faults, delays, counts and deadlines. */
export function wrapStore(store: Store, around: AroundCall): Store {
  return new Proxy(store, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) =>
        around(key as StoreMethod, () => Reflect.apply(value, target, args) as Awaitable<unknown>, args);
    },
  });
}

/** The methods that write durably. `renew` is not one of them: a lease that is not renewed only ends earlier. */
export const DURABLE_WRITES: ReadonlySet<StoreMethod> = new Set([
  "createRun",
  "createRuns",
  "claim",
  "claimRuns",
  "claimNext",
  "commit",
  "deliver",
  "cancel",
  "retry",
  "restart",
  "fork",
  "unblock",
  "delete",
  "prune",
  "defineQueue",
  "enqueue",
  "leave",
  "freeSlots",
  "expire",
  "putSchedule",
  "deleteSchedule",
  "pauseSchedule",
  "tickSchedule",
]);
