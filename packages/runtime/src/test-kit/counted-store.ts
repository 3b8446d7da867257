import { wrapStore, type Awaitable, type Store } from "@perdure/store";

const isPromise = <R>(answer: Awaitable<R>): answer is Promise<R> =>
  typeof (answer as Partial<Promise<R>> | undefined)?.then === "function";

/** `store`, which calls `count` with 1 for each call that is not answered at once, and with -1 for its answer. A thenable becomes a promise. */
export function countedStore(store: Store, count: (change: 1 | -1) => void): Store {
  return wrapStore(store, (_method, perform) => {
    const answer = perform();
    if (!isPromise(answer)) return answer;
    count(1);
    return Promise.resolve(answer).finally(() => count(-1));
  });
}
