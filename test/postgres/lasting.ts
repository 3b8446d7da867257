import { setImmediate } from "node:timers/promises";
import type { Store } from "../../packages/store/src/contract.ts";
import { wrapStore } from "../../packages/store/src/wrap-store.ts";

/** A store for one process after the other: it stays open, and each opens it with its own clock. */
export function lasting(store: Store) {
  let now = Date.now;
  let calls = 0;
  const ended = (): void => void calls--;
  const counting = wrapStore(store, (_, perform) => {
    const answer = perform();
    if (!(answer instanceof Promise)) return answer;
    calls++;
    answer.then(ended, ended);
    return answer;
  });
  const { watch: _, ...methods } = counting;
  const lasts: Store = {
    ...methods,
    open: (options) => void (now = options?.now ?? Date.now),
    // the runtime has the clock of its process without asking
    time: () => now(),
    close() {},
  };
  return {
    store: lasts,
    open: () => store.open({ now: () => now() }),
    close: () => store.close(),
    /** Resolves when every call has been answered. True: some had to be. */
    async answered(): Promise<boolean> {
      if (calls === 0) return false;
      while (calls > 0) await setImmediate();
      return true;
    },
  };
}
