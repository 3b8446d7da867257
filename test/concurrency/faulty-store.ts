import type { Awaitable, Store, Write } from "../../packages/store/src/contract.ts";
import { DURABLE_WRITES, wrapStore } from "../../packages/store/src/wrap-store.ts";
import type { Choices } from "../random-programs/choices.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** The faults of a store during one life of a process. */
export interface Faults {
  readonly random: Choices;
  readonly clock: VirtualClock;
  /** Milliseconds that an answer may take, as from a store behind a network; 0: it answers at once. */
  readonly latency: number;
  /** Whether the process dies at this durable write. */
  dies(): boolean;
  /** Kills the process: no call returns afterwards. */
  kill(): void;
  /** Keeps a commit that the process had sent when it died, and that has not arrived yet. */
  late(arrive: () => void): void;
  committed(writes: readonly Write[], accepted: readonly boolean[]): void;
}

type Perform<R> = () => Awaitable<R>;

const never = (): Promise<never> => new Promise(() => {});

/** `store`, seen by a process that dies at some of its durable writes: just before or just after the write. */
export function faultyStore(store: Store, faults: Faults): Store {
  const { random, clock, latency } = faults;

  const read = <R>(perform: Perform<R>): Awaitable<R> => {
    if (latency === 0) return perform();
    return random.chance(50) ? delayed(perform()) : later(perform);
  };
  const write = <R>(perform: Perform<R>): Awaitable<R> => {
    if (!faults.dies()) return read(perform);
    if (random.chance(50)) void perform();
    faults.kill();
    return never();
  };
  const delayed = async <R>(answer: Awaitable<R>): Promise<Awaited<R>> => {
    await clock.wait(random.below(latency));
    return await answer;
  };
  const later = async <R>(perform: Perform<R>): Promise<Awaited<R>> => {
    await clock.wait(random.below(latency));
    return await perform();
  };
  /** A commit arrives once. It may arrive after its process has died, unless it ends the run: to call a failed run is to retry it. */
  const commit = <R>(perform: Perform<R>, writes: readonly Write[]): Perform<R> => {
    let answer: { readonly accepted: Awaitable<R> } | undefined;
    const noted = (accepted: R): R => {
      faults.committed(writes, accepted as boolean[]);
      return accepted;
    };
    const arrive = (): Awaitable<R> => {
      if (answer) return answer.accepted;
      const accepted = perform();
      answer = { accepted: accepted instanceof Promise ? accepted.then(noted) : noted(accepted as R) };
      return answer.accepted;
    };
    if (latency > 0 && !writes.some(({ type }) => type === "finish")) faults.late(arrive);
    return arrive;
  };

  return wrapStore(store, (method, perform, [writes]) => {
    // the store has the clock of its process, and answers at once what it has heard of others
    if (["open", "close", "time", "watch", "changes"].includes(method)) return perform();
    if (method === "commit") return write(commit(perform, writes as readonly Write[]));
    // `renew` is not durable, but a process may die at it too
    return DURABLE_WRITES.has(method) || method === "renew" ? write(perform) : read(perform);
  });
}
