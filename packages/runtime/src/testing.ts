/** `perdure/testing`: a clock that tests move, crashes at chosen points, and the conformance suite for stores. */
import nodeTest from "node:test";
import { checkOptions } from "@perdure/protocol";
import { memoryStore, type Store } from "@perdure/store";
import { testStore as conformance, type ConformanceOptions, type TestRunner } from "@perdure/store/conformance";
import { toMilliseconds, type Duration } from "./config/duration.ts";
import { RUNTIME_OPTIONS, type RuntimeOptions } from "./config/settings.ts";
import { currentRuntime, installed } from "./process/default-runtime.ts";
import { Runtime } from "./process/runtime.ts";
import { TestClock } from "./test-kit/clock.ts";
import { settled as runtimeSettled } from "./test-kit/settled.ts";
import { reportStoppedClock } from "./test-kit/stopped-clock.ts";

export { memoryStore } from "@perdure/store";
export { asTask } from "./test-kit/as-task.ts";
export { crashEverywhere, type CrashOptions, type CrashReport } from "./test-kit/crash-everywhere.ts";
export { TestClock } from "./test-kit/clock.ts";

/**
 * Registers the conformance suite of the store contract; the tests' names quote its invariants.
 * @param make - gives an empty store, not yet open, each time
 * @param options.test - default: the runner's global `test`, else that of node:test
 * @param options.reopen - another store on the data of the given one; with it, persistence is tested too
 */
export function testStore(
  make: () => Store | Promise<Store>,
  options: Partial<TestRunner> & ConformanceOptions = {},
): void {
  const { test = (globalThis as Partial<TestRunner>).test ?? nodeTest, ...rest } = checkOptions(
    options,
    { test: true, reopen: true },
    "testStore()",
  );
  conformance(make, { test }, rest);
}

export interface TestRuntime {
  readonly store: Store;
  readonly clock: TestClock;
  /** Drops everything in memory, as SIGKILL would, and continues with a new runtime over the same store. */
  crash(): void;
}

export interface SetupOptions extends Omit<RuntimeOptions, "clock" | "store"> {
  /** Default: an empty store in memory. */
  readonly store?: Store;
  /** Where the clock stands at first. */
  readonly now?: Date;
}

/**
 * Sets up Perdure for a test: a store in memory and a clock that stands still until `advance`. Undo it with `close()`. What waits for the clock for two
 * seconds of real time, while nothing else happens, is reported as `CLOCK_STANDS_STILL`: the next attempt of a task, or any wait of a run whose result is awaited.
 * @param options - as for `configure`
 */
export function setup(options: SetupOptions = {}): TestRuntime {
  const { clock: _, ...known } = RUNTIME_OPTIONS;
  const { now, store = memoryStore(), ...rest } = checkOptions(options, { ...known, now: true }, "setup()");
  const clock = new TestClock(now?.getTime());
  const install = (): void => {
    installed.runtime = new Runtime({ ...testOptions, ...rest, store, clock });
    reportStoppedClock(installed.runtime);
  };
  install();
  return {
    store,
    clock,
    crash() {
      installed.runtime?.kill();
      install();
    },
  };
}

/** Nothing outside of the test changes the store, so polls are rare and no lease expires. Random values are the same in each test run. */
const testOptions = { pollInterval: "1h", lease: "1000d", seed: (run) => run } as const satisfies RuntimeOptions;

/**
 * Moves the clock of `setup`. Everything that becomes due happens in order, and what it begins is awaited. (A task with a `timeout`
 * that is quiet for some turns of the event loop counts as waiting for its timeout.)
 * @param duration - milliseconds, or text such as `"3d"`
 */
export async function advance(duration: Duration): Promise<void> {
  const runtime = currentRuntime();
  const clock = runtime.clock.own;
  if (!(clock instanceof TestClock))
    throw new TypeError("advance() needs a clock that can be moved: call setup() of perdure/testing first");
  await clock.advance(toMilliseconds(duration, "advance"), () => runtimeSettled(runtime));
}

/** Resolves when no task runs and nothing is left to commit. */
export const settled = (): Promise<void> => runtimeSettled(currentRuntime());
