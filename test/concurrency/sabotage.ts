import type {
  Awaitable,
  Claimed,
  NextRuns,
  RunRow,
  StepRow,
  Store,
  Wakeup,
} from "../../packages/store/src/contract.ts";
import { wrapStore, type StoreMethod } from "../../packages/store/src/wrap-store.ts";
import { Cancellation, Execution, Scope } from "../random-programs/runtime.ts";

/** Something that does not keep its contract, to see whether a trial notices. */
export interface Sabotage {
  readonly store?: (store: Store) => Store;
  /** Breaks the runtime. @returns undoes that */
  readonly runtime?: () => () => void;
  /** It shows in a run that is cancelled only. */
  readonly cancels?: boolean;
  /** How many programs are tried. Default 50, or 100 with cancellations. */
  readonly programs?: number;
}

// --- stores

type Answer = <R>(method: StoreMethod, answer: Awaited<R>) => unknown;

/** A store whose answers are changed. It answers at once. */
const answering =
  (change: Answer) =>
  (store: Store): Store =>
    wrapStore(
      store,
      <R>(method: StoreMethod, perform: () => Awaitable<R>) => change(method, perform() as Awaited<R>) as R,
    );

/** The answer with each claimed run changed. */
function inClaims(method: StoreMethod, answer: unknown, change: (claimed: Claimed) => Claimed): unknown {
  if (method === "claimRuns") return (answer as (Claimed | undefined)[]).map((each) => each && change(each));
  if (method !== "claimNext") return answer;
  const next = answer as NextRuns;
  return { ...next, claimed: next.claimed.map(change) };
}

/** What a replay is given in place of what was recorded. */
type Change = (checkpoints: readonly StepRow[]) => StepRow[];

const withSteps = (change: Change): Sabotage => {
  const changed = (rows: readonly StepRow[]): StepRow[] => {
    const [closed, open] = [rows.filter(({ seq }) => seq !== undefined), rows.filter(({ seq }) => seq === undefined)];
    return [...change(closed), ...open];
  };
  return {
    store: answering((method, answer) => {
      if (method === "steps") return changed(answer as StepRow[]);
      return inClaims(method, answer, (claimed) => ({ ...claimed, steps: changed(claimed.steps ?? []) }));
    }),
  };
};

/** Every two neighbours change places. */
const shuffled: Change = (rows) => {
  const order = rows.map((row, index) => rows[index % 2 === 0 ? index + 1 : index - 1] ?? row);
  return inThisOrder(order);
};

const forgotten: Change = (rows) => rows.slice(0, -1);

const mixedUp: Change = (rows) =>
  rows.map((row, index) => {
    const other = rows[(index + 1) % rows.length];
    return row.kind === "task" && other?.kind === "task"
      ? { ...row, state: other.state, ...(other.output !== undefined && { output: other.output }) }
      : row;
  });

const cancelledLast: Change = (rows) => {
  const isCancellation = ({ kind }: StepRow): boolean => kind === "cancel";
  return inThisOrder([...rows.filter((row) => !isCancellation(row)), ...rows.filter(isCancellation)]);
};

const inThisOrder = (rows: readonly StepRow[]): StepRow[] => rows.map((row, index) => ({ ...row, seq: index + 1 }));

/** A store that does not say when a waiting run is due. */
const hidingDueRuns = answering((method, answer) => {
  const isAsleep = (row: RunRow | undefined): boolean => row?.status === "waiting";
  if (method === "unfinished") return (answer as RunRow[]).filter((row) => !isAsleep(row));
  const row = answer as RunRow | undefined;
  return method === "getRun" && isAsleep(row) ? { ...row, wakeAt: undefined } : answer;
});

/** It gives no run that it chooses itself, so that each is looked for. */
const withoutDueRuns = (store: Store): Store =>
  wrapStore(hidingDueRuns(store), <R>(method: StoreMethod, perform: () => Awaitable<R>) =>
    method === "claimNext" ? ({ claimed: [], left: 0 } as R) : perform(),
  );

/** A store that keeps requests to cancel to itself. */
const withoutRequests = answering((method, answer) => {
  if (method === "wakeups") return (answer as Wakeup[]).map(({ cancel: _, ...rest }) => rest);
  return inClaims(method, answer, ({ run: { cancel: _, ...run }, ...claimed }) => ({ ...claimed, run }));
});

// --- the runtime

/** Replaces a method or getter of a class, until the returned function is called. */
function replaced<T extends object>(target: T, key: keyof T, by: PropertyDescriptor): () => void {
  const original = Object.getOwnPropertyDescriptor(target, key) ?? {};
  Object.defineProperty(target, key, { configurable: true, ...by });
  return () => void Object.defineProperty(target, key, original);
}

function refusingOnce(): () => void {
  const { errorOfNewCall } = Cancellation.prototype;
  const hasRefused = new WeakSet<Cancellation>();
  return replaced(Cancellation.prototype, "errorOfNewCall", {
    value(this: Cancellation, shelter: Scope["shelter"]) {
      const error = hasRefused.has(this) ? undefined : errorOfNewCall.call(this, shelter);
      if (error) hasRefused.add(this);
      return error;
    },
  });
}

const withoutShelter = (key: "inCleanUp" | "shielded") => (): (() => void) =>
  replaced(Scope.prototype, key, {
    get(this: Scope) {
      return this;
    },
  });

const leavingAtOnce = (): (() => void) =>
  replaced(Execution.prototype, "drain", {
    async value(this: Execution) {
      this.giveBack();
      await this.ended;
    },
  });

export const sabotages: Readonly<Record<string, Sabotage>> = {
  "completions are delivered in another order": withSteps(shuffled),
  "the last checkpoint is lost": withSteps(forgotten),
  "a step gets the outcome of another one": withSteps(mixedUp),
  "nobody sees that a waiting run is due": { store: withoutDueRuns, programs: 250 },
  "a runtime that is closed does not wait for attempts": { runtime: leavingAtOnce, programs: 250 },
  "a cancellation refuses only the first call": { runtime: refusingOnce, cancels: true },
  "a cancellation comes later in a replay": { ...withSteps(cancelledLast), cancels: true },
  "a request to cancel is overlooked": { store: withoutRequests, cancels: true },
  "clean-up is not sheltered": { runtime: withoutShelter("inCleanUp"), cancels: true },
  "a shield does not shelter": { runtime: withoutShelter("shielded"), cancels: true },
};
