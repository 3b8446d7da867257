import type { Awaitable, Store, Write } from "../../packages/store/src/contract.ts";
import type { Random } from "./random.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** What happens around the calls of a store in one life of a process. */
export interface Faults {
  readonly random: Random;
  readonly clock: VirtualClock;
  /** Answers come later, as from a store behind a network. */
  readonly distant: boolean;
  /** Whether the process dies at this durable write. */
  dies(): boolean;
  /** The process is gone: no call returns any more. */
  kill(): void;
  /** A commit that the process had sent when it died, and that has not arrived yet. */
  late(arrive: () => void): void;
  committed(writes: readonly Write[], accepted: readonly boolean[]): void;
}

type Perform<R> = () => R;

const never = (): Promise<never> => new Promise(() => {});

/** `store`, as a process sees it that dies at some of its durable writes: just before or just after the write. */
export function faultyStore(store: Store, faults: Faults): Store {
  const { random, clock } = faults;

  const read = <R>(perform: Perform<Awaitable<R>>): Awaitable<R> => {
    if (!faults.distant) return perform();
    return random.chance(0.5) ? delayed(perform()) : later(perform);
  };
  const write = <R>(perform: Perform<Awaitable<R>>): Awaitable<R> => {
    if (!faults.dies()) return read(perform);
    if (random.chance(0.5)) void perform();
    faults.kill();
    return never();
  };
  const delayed = async <R>(answer: R): Promise<Awaited<R>> => {
    await clock.wait(random.below(4));
    return await answer;
  };
  const later = async <R>(perform: Perform<R>): Promise<Awaited<R>> => {
    await clock.wait(random.below(4));
    return await perform();
  };

  const commit = (writes: readonly Write[]): boolean[] => {
    const accepted = store.commit(writes) as boolean[];
    faults.committed(writes, accepted);
    return accepted;
  };
  /** What is on its way when the process dies may still arrive. (An end may not: to call a run that has just failed is to try it again.) */
  const send = (writes: readonly Write[]): Awaitable<boolean[]> => {
    let arrived: boolean[] | undefined;
    const arrive = (): boolean[] => (arrived ??= commit(writes));
    if (faults.distant && !writes.some(({ type }) => type === "finish")) faults.late(arrive);
    return write(arrive);
  };

  return {
    name: store.name,
    open: () => store.open(),
    close: () => {},
    createRun: (run) => write(() => store.createRun(run)),
    getRun: (id) => read(() => store.getRun(id)),
    getCode: (code) => read(() => store.getCode(code)),
    listRuns: (filter) => read(() => store.listRuns(filter)),
    unfinished: (filter) => read(() => store.unfinished(filter)),
    claim: (claim) => write(() => store.claim(claim)),
    renew: (renewal) => write(() => store.renew(renewal)),
    steps: (run) => read(() => store.steps(run)),
    commit: send,
    deliver: (delivery) => write(() => store.deliver(delivery)),
    wakeups: (runs) => read(() => store.wakeups(runs)),
    cancel: (cancellation) => write(() => store.cancel(cancellation)),
    retry: (retry) => write(() => store.retry(retry)),
  };
}
