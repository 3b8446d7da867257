import fc from "fast-check";
import type { NewTimedRun as NewRun, TimedStore as Store } from "../src/conformance/timed.ts";
import type { QueueDefinition, RunPlace, StartConditions } from "../src/index.ts";
import {
  calling,
  compact,
  epochOf,
  epochOffset,
  lease,
  maybe,
  owner,
  run,
  RUNS,
  stepId,
  time,
  type Command,
} from "./drawn.ts";

/** The rate of the queue `rated`, always the same: what was forgotten under one definition may be missed under another. */
export const RATE = { limit: 2, per: 8, slack: 2 };
export const QUEUES = ["plain", "rated"] as const;

const plain = fc.constant("plain" as const);
const key = fc.constantFrom("", "k", "l");
const rank = fc.nat({ max: 30 });
const rarely = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
const wait = fc.nat({ max: 10 });

/** Debounced and batched starts have keys of their own: they are not mixed. */
const gather = fc.oneof(
  fc.record({ type: fc.constant("debounce" as const), key: fc.constant("d"), wait, max: maybe(wait) }).map(compact),
  fc.record({ type: fc.constant("batch" as const), key: fc.constant("b"), wait, size: fc.integer({ min: 1, max: 3 }) }),
);
const throttle = fc.record({ key: fc.constant("t"), limit: fc.integer({ min: 1, max: 2 }), per: fc.constant(10) });

const queues = (forward: boolean) => (forward ? fc.constantFrom(...QUEUES) : plain);

const place = (forward: boolean): fc.Arbitrary<RunPlace> =>
  fc.record({ queue: queues(forward), key, rank, hold: maybe(fc.constant(true as const)) }).map(compact);

/** The conditions of a new run, which begins after it was created at the earliest. */
export function startConditions(forward: boolean): fc.Arbitrary<(run: NewRun) => StartConditions> {
  return fc
    .record({
      queue: fc.option(place(forward), { nil: undefined, freq: 4 }),
      dueAt: rarely(time),
      beginBy: rarely(fc.nat({ max: 20 })),
      endBy: rarely(time),
      gather: rarely(gather),
      throttle: forward ? rarely(throttle) : fc.constant(undefined),
      imported: rarely(fc.constant({})),
    })
    .map(
      ({ beginBy, ...given }) =>
        ({ createdAt }: NewRun) =>
          compact({ ...given, beginBy: beginBy === undefined ? undefined : createdAt + beginBy }),
    );
}

const definition = (forward: boolean) =>
  fc
    .record({
      name: queues(forward),
      concurrency: maybe(fc.nat({ max: 3 })),
      perKey: maybe(fc.nat({ max: 2 })),
      now: time,
    })
    .map(({ name, ...given }) => compact({ ...given, name, rate: name === "rated" ? RATE : undefined }));

const queuedStep = (forward: boolean) =>
  fc
    .record({
      run,
      offset: epochOffset,
      step: stepId,
      queue: queues(forward),
      key,
      rank,
      lease,
      lent: maybe(fc.constant(true as const)),
    })
    .map(compact);

/** A command for a method of queues, which the store has. */
function flowCalling<T>(
  name: string,
  drawn: fc.Arbitrary<T>,
  call: (store: Required<Store>, given: T) => unknown,
): fc.Arbitrary<Command> {
  return calling(name, drawn, (store, given) => call(store as Required<Store>, given));
}

export function flowCommands(
  forward: boolean,
): { readonly weight: number; readonly arbitrary: fc.Arbitrary<Command> }[] {
  const commands = [
    {
      weight: 2,
      arbitrary: flowCalling("defineQueue", definition(forward), (store, { now, ...given }) =>
        store.defineQueue(given as QueueDefinition, now),
      ),
    },
    {
      weight: 6,
      arbitrary: flowCalling(
        "enqueue",
        fc.record({ now: time, steps: fc.array(queuedStep(forward), { maxLength: 3 }) }),
        async (store, { now, steps }) => {
          const asked = steps.map(async ({ offset, ...step }) => {
            // a run that waited for a slot of its own step would wait for ever
            const isOfRun = (await store.getRun(step.run))?.queue?.queue === step.queue;
            const epoch = await epochOf(store, step.run, offset);
            return { ...step, now, epoch, ...(isOfRun && { lent: true as const }) };
          });
          return store.enqueue(await Promise.all(asked));
        },
      ),
    },
    {
      weight: 2,
      arbitrary: flowCalling(
        "leave",
        fc.record({ run, offset: epochOffset, step: stepId, now: time }),
        async (store, { offset, ...step }) => store.leave({ ...step, epoch: await epochOf(store, step.run, offset) }),
      ),
    },
    {
      weight: 4,
      arbitrary: flowCalling(
        "offers",
        fc.record({ now: time, workflows: fc.subarray(["ship", "bill"]) }),
        (store, given) => store.offers(given),
      ),
    },
    {
      weight: 1,
      arbitrary: flowCalling("renewSlots", lease, (store, given) => store.renewSlots(given)),
    },
    {
      weight: 2,
      arbitrary: flowCalling("freeSlots", fc.record({ owner, dead: fc.boolean(), now: time }), (store, given) =>
        store.freeSlots(given),
      ),
    },
    {
      weight: 1,
      arbitrary: flowCalling("expire", fc.record({ now: time }), (store, { now }) =>
        store.expire({ now, expired: '"expired"', timedOut: '"timed out"' }),
      ),
    },
  ];
  const correction = flowCalling("correctStart", fc.record({ start: fc.nat({ max: 4 }), at: time }), (store, given) =>
    store.correctStart({ queue: "rated", ...given }),
  );
  return forward ? [...commands, { weight: 1, arbitrary: correction }] : commands;
}

/** Everything that can be read of the queues. */
export async function flowState(store: Store): Promise<unknown> {
  if (!store.queues || !store.queueKeys || !store.queueItems || !store.slotOwners) return undefined;
  const keys = [];
  for (const queue of QUEUES) keys.push(await store.queueKeys(queue, 2));
  const items = [];
  for (const id of RUNS) items.push(await store.queueItems(id));
  return { queues: await store.queues(), keys, items, owners: [...(await store.slotOwners())].sort() };
}
