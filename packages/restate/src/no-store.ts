import { PerdureError } from "perdure";
import type { Store } from "perdure/engine";

const refuse = (): never => {
  throw new PerdureError("RESTATE_NO_STORE", {});
};

/** The store of a program that only serves runs on Restate: `start`, `listRuns` and the like are refused, where they would open a file. */
export const noStore = (): Store =>
  new Proxy({ name: "restate" } as Store, {
    get: (target, key) =>
      key === "name" ? target.name : key === "open" ? refuse : key === "close" ? () => {} : undefined,
    has: (_, key) => key === "name" || key === "open" || key === "close",
  });
