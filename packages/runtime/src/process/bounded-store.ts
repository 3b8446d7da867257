import { PerdureError } from "@perdure/protocol";
import { wrapStore, type Awaitable, type Store } from "@perdure/store";

const isPromise = <R>(answer: Awaitable<R>): answer is Promise<R> =>
  typeof (answer as Partial<Promise<R>> | undefined)?.then === "function";

/** What setTimeout can hold. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/**
 * `store`, each of whose calls is answered within a time: a call that is not rejects with `STORE_TIMEOUT`. What became of it is not known.
 * @param timeout - in milliseconds of real time
 */
export function boundedStore(store: Store, timeout: number): Store {
  return wrapStore(store, (method, perform) => {
    const answer = perform();
    if (!isPromise(answer)) return answer;
    return new Promise((resolve, reject) => {
      const late = (): void => reject(new PerdureError("STORE_TIMEOUT", { name: store.name, method, ms: timeout }));
      const timer = setTimeout(late, Math.min(timeout, LONGEST_TIMEOUT));
      answer.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  });
}
