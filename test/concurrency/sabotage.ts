import type { Awaitable, StepRow, Store } from "../../packages/store/src/contract.ts";
import { wrapStore, type StoreMethod } from "../../packages/store/src/wrap-store.ts";

/** What a replay is given in place of what was recorded. */
type Change = (checkpoints: readonly StepRow[]) => StepRow[];

const withSteps =
  (change: Change) =>
  (store: Store): Store =>
    wrapStore(store, <R>(method: StoreMethod, perform: () => Awaitable<R>) => {
      if (method !== "steps") return perform();
      const rows = perform() as StepRow[];
      const [closed, open] = [rows.filter(({ seq }) => seq !== undefined), rows.filter(({ seq }) => seq === undefined)];
      return [...change(closed), ...open] as R;
    });

/** Every two neighbours change places. */
const shuffled: Change = (rows) => {
  const order = rows.map((row, index) => rows[index % 2 === 0 ? index + 1 : index - 1] ?? row);
  return order.map((row, index) => ({ ...row, seq: index + 1 }));
};

const forgotten: Change = (rows) => rows.slice(0, -1);

const mixedUp: Change = (rows) =>
  rows.map((row, index) => {
    const other = rows[(index + 1) % rows.length];
    return row.kind === "task" && other?.kind === "task"
      ? { ...row, state: other.state, ...(other.output !== undefined && { output: other.output }) }
      : row;
  });

/** Stores that break their contract, each in one way. */
export const sabotages: Record<string, (store: Store) => Store> = {
  "completions are delivered in another order": withSteps(shuffled),
  "the last checkpoint is lost": withSteps(forgotten),
  "a step gets the outcome of another one": withSteps(mixedUp),
};
