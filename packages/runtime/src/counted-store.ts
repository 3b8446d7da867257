import type { Awaitable, Store } from "@perdure/store";

const isPromise = <R>(answer: Awaitable<R>): answer is Promise<R> =>
  typeof (answer as Partial<Promise<R>> | undefined)?.then === "function";

/** `store`, telling `count` of each call that is not answered at once, and again when it is. Whatever has a `then` becomes a promise. */
export function countedStore(store: Store, count: (change: 1 | -1) => void): Store {
  const counted = <R>(answer: Awaitable<R>): Awaitable<R> => {
    if (!isPromise(answer)) return answer;
    count(1);
    return Promise.resolve(answer).finally(() => count(-1));
  };
  return {
    name: store.name,
    open: () => counted(store.open()),
    close: () => counted(store.close()),
    createRun: (run) => counted(store.createRun(run)),
    getRun: (id) => counted(store.getRun(id)),
    getCode: (code) => counted(store.getCode(code)),
    listRuns: (filter) => counted(store.listRuns(filter)),
    unfinished: (filter) => counted(store.unfinished(filter)),
    claim: (claim) => counted(store.claim(claim)),
    renew: (renewal) => counted(store.renew(renewal)),
    steps: (run) => counted(store.steps(run)),
    commit: (writes) => counted(store.commit(writes)),
    deliver: (delivery) => counted(store.deliver(delivery)),
    wakeups: (runs) => counted(store.wakeups(runs)),
    cancel: (cancellation) => counted(store.cancel(cancellation)),
    retry: (retry) => counted(store.retry(retry)),
  };
}
