import type {
  Claim,
  ClaimNext,
  FlowStore,
  NewRun,
  NewSchedule,
  QueuedStep,
  ScheduleStore,
  Store,
  Tick,
  Write,
} from "../contract.ts";
import type { HeldLease, Timed } from "../timed.ts";

/** The time of the stores of one test. */
export interface TestTime {
  now: number;
}

type Method<M extends keyof Store> = Extract<NonNullable<Store[M]>, (...args: never[]) => unknown>;
type Of<M extends keyof Store> = Parameters<Method<M>>[0];
type Answer<M extends keyof Store> = ReturnType<Method<M>>;
type WithEnd<R> = Omit<R, "lease"> & { readonly lease?: HeldLease };
type TimedWrite<W extends Write> = W extends { readonly type: "finish" | "release" }
  ? W & { readonly at: number }
  : W extends { readonly type: "step" }
    ? Omit<W, "leaves"> & { readonly leaves?: number }
    : W;

export type NewTimedRun = WithEnd<Omit<NewRun, "createdAt">> & { readonly createdAt: number };
export type TimedStep = Timed<Omit<QueuedStep, "lease"> & { readonly lease: HeldLease }>;
export type AnyTimedWrite = TimedWrite<Write>;
export type NewTimedSchedule = Timed<Omit<NewSchedule, "anchor">>;
export type TimedTick = Timed<Omit<Tick, "runs">> & {
  readonly runs: readonly { readonly at: number; readonly run: NewTimedRun }[];
};

/** The methods whose effect depends on the time: each call says when it happens. */
interface TimedMethods {
  createRun(run: NewTimedRun): Answer<"createRun">;
  createRuns(runs: readonly NewTimedRun[]): Answer<"createRuns">;
  unfinished(filter: Timed<Of<"unfinished">>): Answer<"unfinished">;
  claim(claim: Timed<Omit<Claim, "lease">> & { readonly lease: HeldLease }): Answer<"claim">;
  claimRuns(claims: readonly (Timed<Omit<Claim, "lease">> & { readonly lease: HeldLease })[]): Answer<"claimRuns">;
  claimNext(request: Timed<Omit<ClaimNext, "lease">> & { readonly lease: HeldLease }): Answer<"claimNext">;
  renew(renewal: Omit<Of<"renew">, "ms"> & { readonly until: number }): Answer<"renew">;
  commit(writes: readonly AnyTimedWrite[], batch?: string): Answer<"commit">;
  deliver(delivery: Timed<Of<"deliver">>): Answer<"deliver">;
  cancel(cancellation: Timed<Of<"cancel">>): Answer<"cancel">;
  retry(retry: Timed<Of<"retry">>): Answer<"retry">;
  restart(restart: Timed<Of<"restart">>): Answer<"restart">;
  fork(fork: Timed<Of<"fork">>): Answer<"fork">;
  delete(deletion: Timed<Of<"delete">>): Answer<"delete">;
  prune(filter: Timed<Of<"prune">>): Answer<"prune">;
}

interface TimedFlow {
  defineQueue(definition: Of<"defineQueue">, now: number): Answer<"defineQueue">;
  enqueue(steps: readonly TimedStep[]): Answer<"enqueue">;
  leave(step: Timed<Of<"leave">>): Answer<"leave">;
  offers(query: Timed<Of<"offers">>): Answer<"offers">;
  renewSlots(renewal: HeldLease): Answer<"renewSlots">;
  freeSlots(owner: Timed<Of<"freeSlots">>): Answer<"freeSlots">;
  expire(limits: Timed<Of<"expire">>): Answer<"expire">;
}

interface TimedSchedules {
  putSchedule(schedule: NewTimedSchedule): Answer<"putSchedule">;
  dueSchedules(now: number): Answer<"dueSchedules">;
  tickSchedule(tick: TimedTick): Answer<"tickSchedule">;
}

export type TimedFlowStore = Omit<FlowStore, keyof TimedFlow> & TimedFlow;
export type TimedScheduleStore = Omit<ScheduleStore, keyof TimedSchedules> & TimedSchedules;

/** A store, and a clock that each call sets to the time which it names. */
export type TimedStore = Omit<Store, keyof TimedMethods | keyof FlowStore | keyof ScheduleStore | "open"> &
  TimedMethods &
  Partial<TimedFlowStore & TimedScheduleStore> & {
    open(): ReturnType<Store["open"]>;
    /** The store itself. */
    readonly store: Store;
  };

/** @param time - that of the store's clock, which other stores on its data share */
export function timedStore(store: Store, time: TestTime = { now: 0 }): TimedStore {
  const ms = (until: number): number => until - time.now;
  const leased = <R extends { readonly lease?: HeldLease | undefined }>({ lease, ...given }: R) => ({
    ...given,
    ...(lease && { lease: { owner: lease.owner, ms: ms(lease.until) } }),
  });
  const newRun = ({ createdAt: _, ...given }: NewTimedRun): NewRun => leased(given) as NewRun;
  const untimed = (write: AnyTimedWrite): Write => {
    const { at: _, leaves, ...given } = write as { at?: number; leaves?: number };
    return { ...given, ...(leaves !== undefined && { leaves: true }) } as Write;
  };
  const timeOf = (write: AnyTimedWrite): number[] => {
    const { at, leaves } = write as { at?: number; leaves?: number };
    return [at, leaves].filter((each) => each !== undefined);
  };

  const methods: TimedMethods & TimedFlow & TimedSchedules = {
    createRun(run) {
      time.now = run.createdAt;
      return store.createRun(newRun(run));
    },
    createRuns(runs) {
      time.now = runs[0]?.createdAt ?? time.now;
      return store.createRuns(runs.map(newRun));
    },
    claim({ now, ...claim }) {
      time.now = now;
      return store.claim(leased(claim) as Claim);
    },
    claimRuns(claims) {
      time.now = claims[0]?.now ?? time.now;
      return store.claimRuns(claims.map(({ now: _, ...claim }) => leased(claim) as Claim));
    },
    claimNext({ now, ...request }) {
      time.now = now;
      return store.claimNext(leased(request) as ClaimNext);
    },
    renew({ until, ...renewal }) {
      return store.renew({ ...renewal, ms: ms(until) });
    },
    commit(writes, batch) {
      time.now = Math.max(
        ...writes.flatMap(timeOf),
        ...(writes.some((each) => timeOf(each).length > 0) ? [] : [time.now]),
      );
      return store.commit(writes.map(untimed), batch);
    },
    ...Object.fromEntries(
      SAME.map((method) => [
        method,
        ({ now, ...given }: Timed<object>) => {
          time.now = now;
          return (store[method] as (given: object) => unknown)(given);
        },
      ]),
    ),
    defineQueue(definition, now) {
      time.now = now;
      return store.defineQueue?.(definition);
    },
    enqueue(steps) {
      time.now = steps[0]?.now ?? time.now;
      return store.enqueue?.(steps.map(({ now: _, ...step }) => leased(step) as QueuedStep)) ?? [];
    },
    renewSlots({ owner, until }) {
      return store.renewSlots?.({ owner, ms: ms(until) });
    },
    putSchedule({ now, ...schedule }) {
      time.now = now;
      return store.putSchedule?.({ ...schedule, anchor: now } as NewSchedule) as Answer<"putSchedule">;
    },
    dueSchedules(now) {
      time.now = now;
      return store.dueSchedules?.() as Answer<"dueSchedules">;
    },
    tickSchedule({ now, runs, ...tick }) {
      time.now = now;
      return store.tickSchedule?.({ ...tick, runs: runs.map(({ at, run }) => ({ at, run: newRun(run) })) });
    },
  } as TimedMethods & TimedFlow & TimedSchedules;

  return new Proxy(store, {
    get(target, key) {
      if (key === "store") return store;
      if (key === "open") return () => store.open({ now: () => time.now });
      const value: unknown = Reflect.get(target, key, target);
      if (value === undefined) return undefined;
      const timed = (methods as unknown as Record<string | symbol, unknown>)[key];
      return timed ?? (typeof value === "function" ? value.bind(target) : value);
    },
  }) as unknown as TimedStore;
}

/** The methods whose argument has nothing but `now` in addition. */
const SAME = [
  "unfinished",
  "deliver",
  "cancel",
  "retry",
  "restart",
  "fork",
  "delete",
  "prune",
  "leave",
  "offers",
  "freeSlots",
  "expire",
] as const satisfies readonly (keyof Store)[];
