import type { Store } from "perdure";

/** Where a process ends: at its `at`-th durable write, which arrives or not. */
export interface Death {
  readonly at: number;
  readonly arrives: boolean;
}

export const nameOf = (run: string, step: string): string => `${run} ${step}`;

/** A store that outlives the processes that use it. */
export class Shared {
  readonly store: Store;
  /** Durable writes of all processes. */
  writes = 0;

  constructor(store: Store) {
    this.store = store;
  }

  /** The steps whose outcome is recorded. */
  async finished(): Promise<string[]> {
    const runs = await this.store.listRuns({ limit: Number.MAX_SAFE_INTEGER });
    const steps = runs.map(async (run) =>
      (await this.store.steps(run.id)).filter(({ state }) => state !== "open").map((step) => nameOf(run.id, step.id)),
    );
    return (await Promise.all(steps)).flat();
  }

  /** The store as a process sees it that dies: `die` is called, and no call is answered any more. */
  seenBy(death: Death | undefined, die: () => void): Store {
    const { store } = this;
    const never = (): Promise<never> => new Promise(() => {});
    let written = 0;
    let dead = false;
    const read = <R>(perform: () => R): R | Promise<never> => (dead ? never() : perform());
    const write = <R>(perform: () => R): R | Promise<never> => {
      if (dead) return never();
      this.writes++;
      if (++written !== death?.at) return perform();
      if (death.arrives) perform();
      dead = true;
      die();
      return never();
    };
    return {
      name: store.name,
      open: () => {},
      close: () => {},
      createRun: (run) => write(() => store.createRun(run)),
      getRun: (id) => read(() => store.getRun(id)),
      getCode: (code) => read(() => store.getCode(code)),
      listRuns: (filter) => read(() => store.listRuns(filter)),
      unfinished: (filter) => read(() => store.unfinished(filter)),
      claim: (claim) => write(() => store.claim(claim)),
      renew: (renewal) => write(() => store.renew(renewal)),
      steps: (run) => read(() => store.steps(run)),
      commit: (writes) => write(() => store.commit(writes)),
      deliver: (delivery) => write(() => store.deliver(delivery)),
      wakeups: (runs) => read(() => store.wakeups(runs)),
      cancel: (cancellation) => write(() => store.cancel(cancellation)),
      retry: (retry) => write(() => store.retry(retry)),
    };
  }
}
