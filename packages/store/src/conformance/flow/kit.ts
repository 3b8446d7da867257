import assert from "node:assert/strict";
import type { QueueAnswer, QueueDefinition, RunPlace, RunRow } from "../../contract.ts";
import type {
  TimedFlowStore as FlowStore,
  NewTimedRun as NewRun,
  TimedStep as QueuedStep,
  TimedStore as Store,
} from "../timed.ts";
import { get, ME, newRun, T, type Cases } from "../kit.ts";

/** A store that has queues. */
export type QueueStore = Store & FlowStore;
export type FlowCases = Readonly<Record<string, (store: QueueStore) => Promise<void>>>;

const METHODS = [
  "defineQueue",
  "queues",
  "queueKeys",
  "queueItems",
  "enqueue",
  "leave",
  "correctStart",
  "offers",
  "renewSlots",
  "slotOwners",
  "freeSlots",
  "expire",
] as const satisfies readonly (keyof FlowStore)[];

export function hasQueues(store: Store): store is QueueStore {
  return store.enqueue !== undefined;
}

/** The cases for a store of any kind: one without queues has none of their methods. */
export function ifQueues(cases: FlowCases): Cases {
  return Object.fromEntries(
    Object.entries(cases).map(([name, run]) => [
      name,
      async (store: Store) => {
        const found = METHODS.filter((method) => store[method] !== undefined);
        assert.deepEqual(found, hasQueues(store) ? METHODS : []);
        if (hasQueues(store)) await run(store);
      },
    ]),
  );
}

export const place = (given: Partial<RunPlace> = {}): RunPlace => ({ queue: "q", key: "", rank: T, ...given });

/** A new run with the queue `q`. */
export const queued = (id: string, given: Partial<NewRun> = {}): NewRun => newRun(id, { queue: place(), ...given });

export async function define(store: QueueStore, limits: Omit<QueueDefinition, "name">, now = T): Promise<void> {
  await store.defineQueue({ name: "q", ...limits }, now);
}

/** Asks for the slot of a step. */
export async function ask(
  store: QueueStore,
  run: string,
  step: string,
  given: Partial<QueuedStep> = {},
): Promise<QueueAnswer> {
  const [answer] = await store.enqueue([{ run, step, epoch: 1, ...place(), lease: ME, now: T, ...given }]);
  return answer;
}

/** Creates runs without a queue, which `me` owns, whose steps may stand in line. */
export async function hosts(store: QueueStore, ...ids: readonly string[]): Promise<void> {
  for (const id of ids) await store.createRun(newRun(id, { lease: ME }));
}

/** What is offered at that time: runs as `r`, steps as `r/s`. */
export async function offered(store: QueueStore, now: number, workflows: readonly string[] = []): Promise<string[]> {
  const offers = await store.offers({ now, workflows });
  return offers.map(({ run, step }) => (step === undefined ? run : `${run}/${step}`));
}

/** How many of the queue stand in line, and how many have or are offered a slot. */
export async function counts(store: QueueStore, name = "q"): Promise<readonly [number, number]> {
  const row = (await store.queues()).find((queue) => queue.name === name);
  return [row?.waiting ?? 0, row?.running ?? 0];
}

/** `taken`, `in line` or `offered`: what the row of a run says. */
export async function stateOf(store: QueueStore, id: string): Promise<string> {
  const { status, inLine }: RunRow = await get(store, id);
  return inLine ? `${status}, in line` : status;
}

export const TAKEN = { state: "taken" } as const;
export const WAITING = { state: "waiting" } as const;
