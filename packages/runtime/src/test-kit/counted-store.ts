import { wrapStore, type Awaitable, type Store } from "@perdure/store";

const counts = new WeakMap<Store, number>();

/** Calls of a counted store that it has not answered yet. */
export const unansweredCalls = (store: Store): number => counts.get(store) ?? 0;

const isPromise = <R>(answer: Awaitable<R>): answer is Promise<R> =>
  typeof (answer as Partial<Promise<R>> | undefined)?.then === "function";

/** `store`, with a count of the calls that it has not answered yet. A thenable becomes a promise. */
export function countedStore(store: Store): Store {
  const counted = wrapStore(store, (_method, perform) => {
    const answer = perform();
    if (!isPromise(answer)) return answer;
    counts.set(counted, unansweredCalls(counted) + 1);
    return Promise.resolve(answer).finally(() => counts.set(counted, unansweredCalls(counted) - 1));
  });
  return counted;
}
