import type { Awaitable, Store } from "./contract.ts";

/** A method of the store contract. */
export type StoreMethod = Exclude<keyof Store, "name">;

/**
 * Decides what becomes of one call of a store.
 * @param method - which method is called, with `args`
 * @param perform - makes the call; it may be made at once, later, several times or never
 */
export type AroundCall = <R>(
  method: StoreMethod,
  perform: () => Awaitable<R>,
  args: readonly unknown[],
) => Awaitable<R>;

/** `store` with `around` in front of each call, for faults, delays, counts and deadlines. */
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

/** Methods after which something is durable that was not before. `renew` is none: a lease that is not renewed only ends earlier. */
export const DURABLE_WRITES: ReadonlySet<StoreMethod> = new Set([
  "createRun",
  "claim",
  "commit",
  "deliver",
  "cancel",
  "retry",
]);
