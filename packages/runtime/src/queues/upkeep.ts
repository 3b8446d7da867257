import type { Store } from "@perdure/store";
import type { Clock } from "../config/clock.ts";
import type { Logger } from "../config/logger.ts";
import type { ValueStore } from "../values/codec.ts";
import { CancelledError, TimeoutError } from "../values/errors.ts";
import { Deadlocks } from "./deadlocks.ts";
import type { Slots } from "./slots.ts";

/** What a process knows of the owners of slots. */
interface OwnersKnown {
  readonly here: ReadonlySet<string>;
  stateOf(name: string): "alive" | "dead" | "unknown";
}

interface UpkeepContext {
  readonly clock: Clock;
  readonly store: Store;
  readonly values: ValueStore;
  readonly owners: OwnersKnown;
  readonly log: Logger;
  monotonic(): number;
}

/** Milliseconds between two looks at the owners of slots. */
const OWNERS_INTERVAL = 1_000;

/**
 * One after the other, also after one that has failed.
 * @throws the first error
 */
async function eachOf(parts: readonly (() => Promise<void>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const part of parts) await part().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}

/** What time brings to the runs and slots of a store, whichever process sees to it: limits that are over, and slots of owners that are dead. */
export class Upkeep {
  private readonly context: UpkeepContext;
  private readonly slots: Slots;
  private readonly deadlocks: Deadlocks;
  private ownersAt = -Infinity;
  private reasons: { readonly expired: string; readonly timedOut: string } | undefined;

  constructor(context: UpkeepContext, slots: Slots) {
    this.context = context;
    this.slots = slots;
    this.deadlocks = new Deadlocks(context);
    // perhaps it waits for a process that has just died
    slots.onWait = () => void this.lookAtOwners().catch(() => {}); // the poll reports a store that fails
  }

  /** Whether this process itself has something to look after. */
  get isNeeded(): boolean {
    return this.slots.isBusy;
  }

  /** What workers do at each look: everything, also for queues that this process itself does not use. */
  async poll(): Promise<void> {
    await eachOf([() => this.endLate(), () => this.lookAtAllQueues()]);
  }

  /** Sees to the queues that this process uses. */
  async lookAtQueues(): Promise<void> {
    if (this.slots.isInUse) await this.lookAtAllQueues();
  }

  private lookAtAllQueues(): Promise<void> {
    const { slots } = this;
    return eachOf([() => this.lookAtOwners(), () => slots.poll(), () => this.deadlocks.look(() => slots.here)]);
  }

  /** Cancels runs that did not begin, or did not end, in time. */
  async endLate(): Promise<void> {
    const { store, values } = this.context;
    if (!store.expire) return;
    this.reasons ??= {
      expired: values.encode(new CancelledError("it did not begin before it expired"), "expires"),
      timedOut: values.encode(new TimeoutError("the run took longer than its timeout"), "timeout"),
    };
    await store.expire(this.reasons);
  }

  /** The slots of an owner that is known to be dead are free at once, those of one that nobody knows when its lease ends. */
  private async lookAtOwners(): Promise<void> {
    const { store, owners } = this.context;
    const now = this.context.monotonic();
    if (now - this.ownersAt < OWNERS_INTERVAL) return;
    this.ownersAt = now;
    for (const owner of (await store.slotOwners?.()) ?? []) {
      const state = owners.here.has(owner) ? "alive" : owners.stateOf(owner);
      if (state === "alive") continue;
      await store.freeSlots?.({ owner, dead: state === "dead" });
      this.slots.look();
    }
  }
}
