import type { Awaitable, Store } from "./contract.ts";
import { claimingCases, sharedClaimingCases } from "./conformance/claiming.ts";
import { codeCases } from "./conformance/codes.ts";
import { ifQueues } from "./conformance/flow/kit.ts";
import { T } from "./conformance/kit.ts";
import { livenessCases } from "./conformance/liveness.ts";
import { listCases } from "./conformance/lists.ts";
import { offerCases } from "./conformance/flow/offers.ts";
import { ownershipCases } from "./conformance/ownership.ts";
import { persistenceCases } from "./conformance/persistence.ts";
import { flowPersistenceCases } from "./conformance/flow/persistence.ts";
import { queueRunCases } from "./conformance/flow/runs.ts";
import { queueStepCases } from "./conformance/flow/steps.ts";
import { queueCases } from "./conformance/flow/queues.ts";
import { requestCases } from "./conformance/requests.ts";
import { scheduleCases, sharedScheduleCases } from "./conformance/schedules.ts";
import { signalCases } from "./conformance/signals.ts";
import { startingCases } from "./conformance/flow/starting.ts";
import { steeringCases } from "./conformance/steering.ts";
import { stepCases } from "./conformance/steps.ts";
import { sharedStreamCases, streamCases } from "./conformance/streams.ts";
import { valueCases } from "./conformance/values.ts";
import { timedStore, type TestTime, type TimedStore } from "./conformance/timed.ts";
import { wakingCases } from "./conformance/waking.ts";

/** `test` of vitest, of node:test, or of any other runner that takes a name and a function. */
export interface TestRunner {
  test(name: string, run: () => Promise<void>): unknown;
}

export interface ConformanceOptions {
  /** Makes a second store, not yet open, over the data of the given store. It enables the tests of persistence and of concurrent stores. */
  readonly reopen?: (store: Store) => Awaitable<Store>;
}

/**
 * Registers the tests that every store must pass. Their names quote the invariants of the contract.
 * Each call of `make` returns an empty store that is not yet open.
 */
export function testStore(
  make: () => Awaitable<Store>,
  { test }: TestRunner,
  { reopen }: ConformanceOptions = {},
): void {
  const cases = {
    ...ownershipCases,
    ...claimingCases,
    ...stepCases,
    ...signalCases,
    ...requestCases,
    ...steeringCases,
    ...wakingCases,
    ...livenessCases,
    ...listCases,
    ...codeCases,
    ...valueCases,
    ...scheduleCases,
    ...streamCases,
    ...ifQueues({ ...queueCases, ...queueRunCases, ...queueStepCases, ...offerCases, ...startingCases }),
  };
  for (const [name, run] of Object.entries(cases)) {
    test(name, () => using(make(), run));
  }
  if (!reopen) return;
  const shared = {
    ...persistenceCases,
    ...sharedClaimingCases,
    ...sharedScheduleCases,
    ...sharedStreamCases,
    ...flowPersistenceCases,
  };
  for (const [name, run] of Object.entries(shared)) {
    test(name, () => using(make(), (store, time) => run(store, async () => opened(await reopen(store.store), time))));
  }
}

async function using(made: Awaitable<Store>, run: (store: TimedStore, time: TestTime) => Promise<void>): Promise<void> {
  const time = { now: T };
  const store = await opened(await made, time);
  try {
    await run(store, time);
  } finally {
    await store.close();
  }
}

async function opened(made: Store, time: TestTime): Promise<TimedStore> {
  const store = timedStore(made, time);
  await store.open();
  return store;
}

export { timedStore } from "./conformance/timed.ts";
