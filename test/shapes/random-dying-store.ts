import type { Store } from "perdure";
import { DURABLE_WRITES, wrapStore } from "../../packages/store/src/wrap-store.ts";

/** What happens to a process at its `at`-th durable write. */
export interface Incident {
  readonly at: number;
  readonly what: "it dies before it" | "it dies after it" | "it is closed" | "the run is cancelled";
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

  /** The store, seen by a process that has this incident: `happen` is called then. After a death, no call is answered. */
  seenBy(incident: Incident | undefined, happen: (what: Incident["what"]) => void): Store {
    const never = (): Promise<never> => new Promise(() => {});
    let written = 0;
    let dead = false;
    return wrapStore(this.store, (method, perform) => {
      if (method === "open" || method === "close") return undefined as never; // the store outlives its processes
      if (dead) return never();
      if (!DURABLE_WRITES.has(method)) return perform();
      this.writes++;
      if (++written !== incident?.at) return perform();
      const { what } = incident;
      const answer = what === "it dies before it" ? never() : perform();
      dead = what === "it dies before it" || what === "it dies after it";
      happen(what);
      return dead ? never() : answer;
    });
  }
}
