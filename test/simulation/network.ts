import { PerdureError } from "@perdure/protocol";
import type { Awaitable, Store } from "../../packages/store/src/contract.ts";
import { wrapStore, type StoreMethod } from "../../packages/store/src/wrap-store.ts";
import type { Choices } from "../random-programs/choices.ts";
import type { EventLoop, Time } from "./event-loop.ts";

/** How a process reaches the store for a while. */
export interface Line {
  /** Milliseconds that a request, or an answer, takes at most. 0: the store is in the process and answers at once. */
  readonly latency: number;
  /** Percent of the calls that fail, before or after they took effect. */
  readonly errors: number;
  /** Percent of the calls that are never answered. */
  readonly silence: number;
  /** The calls that this is true of; the others are answered. */
  readonly fails: (method: StoreMethod) => boolean;
  /** Whether a call that fails says that the store is not available. */
  readonly saysSo: boolean;
}

const line = (given: Partial<Line>): Line => ({
  latency: 0,
  errors: 0,
  silence: 0,
  fails: () => true,
  saysSo: true,
  ...given,
});

export const goodLine = line({});

const READS: ReadonlySet<StoreMethod> = new Set([
  "getRun",
  "listRuns",
  "unfinished",
  "steps",
  "wakeups",
  "getCode",
  "countRuns",
  "executions",
  "queues",
  "queueKeys",
  "slotOwners",
  "time",
  "owners",
  "getSchedule",
  "listSchedules",
  "dueSchedules",
  "readStream",
  "streams",
]);
const isRead = (method: StoreMethod): boolean => READS.has(method);
const isWrite = (method: StoreMethod): boolean => !READS.has(method);

export const lines: readonly (readonly [weight: number, line: Line])[] = [
  [6, goodLine],
  [4, line({ latency: 20 })],
  [2, line({ latency: 2000 })],
  [1, line({ latency: 12_000, silence: 2 })],
  [1, line({ errors: 20 })],
  [1, line({ errors: 20, saysSo: false })],
  [1, line({ latency: 50, errors: 20, silence: 10 })],
  [1, line({ latency: 50, errors: 20, silence: 10, saysSo: false })],
  [1, line({ errors: 100 })],
  [1, line({ errors: 100, saysSo: false })],
  [2, line({ errors: 70, fails: isRead })],
  [1, line({ errors: 70, fails: isRead, saysSo: false })],
  [1, line({ errors: 60, fails: isWrite })],
  [1, line({ errors: 60, fails: isWrite, saysSo: false })],
  [1, line({ latency: 30, errors: 5, silence: 95 })],
];

/** What the process at this end of the line is told, and tells. */
export interface Caller {
  readonly loop: EventLoop;
  readonly isGone: boolean;
  readonly line: Line;
  called(method: StoreMethod, args: readonly unknown[]): void;
  /** Whether it is about to be made: the store has not changed yet. */
  reaches(method: StoreMethod, args: readonly unknown[]): void;
  performed(method: StoreMethod, args: readonly unknown[], answer: unknown): void;
  answered(method: StoreMethod, args: readonly unknown[], answer: unknown, calledAt: number): void;
  failed(method: StoreMethod, how: string): void;
}

export interface World {
  readonly time: Time;
  readonly random: Choices;
  /** What happens outside of all processes. */
  readonly outside: EventLoop;
  /** The store has a clock of its own, which it has to be asked for. */
  readonly isRemote: boolean;
}

class StoreDown extends Error {
  override name = "StoreDown";
  /** Without it, the process does not learn that the call may have been done, or may be made again. */
  readonly code: "STORE_UNREACHABLE" | undefined;

  constructor(message: string, isUnavailable: boolean) {
    super(message);
    if (isUnavailable) this.code = "STORE_UNREACHABLE";
  }
}

/** A store that fails, a closed runtime, or a run that does not exist yet. */
export const isExpected = (error: unknown): boolean =>
  error instanceof PerdureError
    ? /^(?:STORE|SQLITE|RUNTIME)_/.test(error.code) ||
      ["RUN_NOT_FOUND", "RUN_COMPENSATED", "SCHEDULE_NOT_FOUND"].includes(error.code)
    : error instanceof StoreDown;

type Fate = "answered" | "refused" | "lost answer" | "silent" | "silent after";

const never = (): Promise<never> => new Promise(() => {});

/** The store as one process sees it. A call reaches the store once, or never; what the process learns of it is another matter. */
export function storeSeenBy(store: Store, caller: Caller, { time, random, outside, isRemote }: World): Store {
  const draw = ({ errors, silence, fails }: Line, method: StoreMethod): Fate => {
    if (!fails(method)) return "answered";
    if (random.chance(silence)) return random.pick(["silent", "silent after"]);
    return random.chance(errors) ? random.pick(["refused", "lost answer"]) : "answered";
  };

  return wrapStore(
    store,
    <R>(method: StoreMethod, perform: () => Awaitable<R>, args: readonly unknown[]): Awaitable<R> => {
      if (method === "open" || method === "close") return undefined as R; // the store outlives its processes
      if (method === "watch") return (() => () => {})() as R; // only polls tell a process of others
      if (method === "time" && !isRemote) return perform();
      if (caller.isGone) return never();
      caller.called(method, args);
      const { line } = caller;
      const fate = draw(line, method);
      const calledAt = time.now;
      const reach = (): R => {
        caller.reaches(method, args);
        const answer = perform() as R;
        caller.performed(method, args, answer);
        return answer;
      };
      const fail = (): StoreDown => {
        caller.failed(method, fate);
        return new StoreDown(`${method}: ${fate}`, line.saysSo);
      };
      if (line.latency === 0 && !fate.startsWith("silent")) {
        if (fate === "refused") throw fail();
        const answer = reach();
        if (caller.isGone) return never();
        if (fate === "lost answer") throw fail();
        caller.answered(method, args, answer, calledAt);
        return method === "time" ? (Promise.resolve(answer) as R) : answer;
      }
      return new Promise<R>((resolve, reject) => {
        outside.at(time.now + random.below(line.latency + 1), () => {
          if (caller.isGone && random.chance(50)) return; // the request had not left the process
          const answer = fate === "refused" || fate === "silent" ? undefined : reach();
          if (fate.startsWith("silent")) return caller.failed(method, fate);
          caller.loop.at(time.now + random.below(line.latency + 1), () => {
            if (fate !== "answered") return reject(fail());
            caller.answered(method, args, answer, calledAt);
            resolve(answer as R);
          });
        });
      });
    },
  );
}
