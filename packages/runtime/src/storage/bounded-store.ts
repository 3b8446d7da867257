import { PerdureError } from "@perdure/protocol";
import { wrapStore, type Awaitable, type Store } from "@perdure/store";
import { after, type Clock } from "../config/clock.ts";
import type { Availability } from "./availability.ts";

const counts = new WeakMap<Store, number>();

/** Calls of a bounded store that it has not answered yet. */
export const unansweredCalls = (store: Store): number => counts.get(store) ?? 0;

const isPromise = <R>(answer: Awaitable<R>): answer is Promise<R> =>
  typeof (answer as Partial<Promise<R>> | undefined)?.then === "function";

/** Milliseconds that a store may take at least to open: it may have to create or migrate its schema. */
const OPEN_TIMEOUT = 60_000;

/**
 * `store`, each of whose calls is answered within a time: a call that is not rejects with `STORE_TIMEOUT`. What became of it is not known.
 * A thenable becomes a promise.
 * @param timeout - in milliseconds, whatever the wall clock does; `open` has a minute, if that is longer
 * @param availability - hears how each call ends
 */
export function boundedStore(store: Store, timeout: number, clock: Clock, availability: Availability): Store {
  const bounded = wrapStore(store, <R>(method: string, perform: () => Awaitable<R>): Awaitable<R> => {
    let answer: Awaitable<R>;
    try {
      answer = perform();
    } catch (error) {
      availability.failed(error);
      throw error;
    }
    if (!isPromise(answer)) {
      availability.answered();
      return answer;
    }
    const called = answer;
    counts.set(bounded, unansweredCalls(bounded) + 1);
    return new Promise<R>((resolve, reject) => {
      const failed = (error: unknown): void => {
        availability.failed(error);
        reject(error);
      };
      const ms = method === "open" ? Math.max(timeout, OPEN_TIMEOUT) : timeout;
      const late = (): void => failed(new PerdureError("STORE_TIMEOUT", { name: store.name, method, ms }));
      const cancelTimer = after(clock, ms, late);
      const over = (): void => {
        cancelTimer();
        counts.set(bounded, unansweredCalls(bounded) - 1);
      };
      const answered = (value: R): void => {
        availability.answered();
        resolve(value);
      };
      Promise.resolve(called).finally(over).then(answered, failed);
    });
  });
  return bounded;
}
