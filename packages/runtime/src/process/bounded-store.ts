import { PerdureError } from "@perdure/protocol";
import { wrapStore, type Awaitable, type Store } from "@perdure/store";
import { after, type Clock } from "../config/clock.ts";

const counts = new WeakMap<Store, number>();

/** Calls of a bounded store that it has not answered yet. */
export const unansweredCalls = (store: Store): number => counts.get(store) ?? 0;

const isPromise = <R>(answer: Awaitable<R>): answer is Promise<R> =>
  typeof (answer as Partial<Promise<R>> | undefined)?.then === "function";

/**
 * `store`, each of whose calls is answered within a time: a call that is not rejects with `STORE_TIMEOUT`. What became of it is not known.
 * A thenable becomes a promise.
 * @param timeout - in milliseconds, whatever the wall clock does
 */
export function boundedStore(store: Store, timeout: number, clock: Clock): Store {
  const bounded = wrapStore(store, (method, perform) => {
    const answer = perform();
    if (!isPromise(answer)) return answer;
    counts.set(bounded, unansweredCalls(bounded) + 1);
    return new Promise((resolve, reject) => {
      const late = (): void => reject(new PerdureError("STORE_TIMEOUT", { name: store.name, method, ms: timeout }));
      const cancelTimer = after(clock, timeout, late);
      const answered = (): void => {
        cancelTimer();
        counts.set(bounded, unansweredCalls(bounded) - 1);
      };
      Promise.resolve(answer).finally(answered).then(resolve, reject);
    });
  });
  return bounded;
}
