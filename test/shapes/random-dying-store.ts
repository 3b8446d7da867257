import type { Store } from "perdure";
import { DURABLE_WRITES, wrapStore } from "../../packages/store/src/wrap-store.ts";

/** Where a process ends: at its `at`-th durable write, which arrives or not. Or it is closed there, and everything arrives. */
export interface Death {
  readonly at: number;
  readonly arrives: boolean;
  readonly closes?: boolean;
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

  /** The store, seen by a process that ends: at its death `end` is called, and unless it closes, no call is answered afterwards. */
  seenBy(death: Death | undefined, end: () => void): Store {
    const never = (): Promise<never> => new Promise(() => {});
    let written = 0;
    let dead = false;
    return wrapStore(this.store, (method, perform) => {
      if (method === "open" || method === "close") return undefined as never; // the store outlives its processes
      if (dead) return never();
      if (!DURABLE_WRITES.has(method)) return perform();
      this.writes++;
      if (++written !== death?.at) return perform();
      if (death.closes === true) {
        end();
        return perform();
      }
      if (death.arrives) void perform();
      dead = true;
      end();
      return never();
    });
  }
}
