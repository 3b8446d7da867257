import type { LeasedRun } from "../execution/host.ts";
import type { ProcessContext } from "./context.ts";

/**
 * Renews the leases of the runs in memory (R5). How long a lease holds is measured on the monotonic clock of this process, from before the
 * call of the store: the wall clock may jump, and the process may stand still at any point.
 */
export class Leases {
  private readonly context: ProcessContext;
  /** When all leases were last renewed, by the monotonic clock. */
  private renewedAt = -Infinity;

  constructor(context: ProcessContext) {
    this.context = context;
  }

  /** When a lease that is asked for now ends at the earliest. */
  endsAt(): number {
    return this.context.monotonic() + this.context.settings.lease;
  }

  /** Renews all leases when a third of their time has passed. */
  async renewAll(runs: readonly LeasedRun[]): Promise<void> {
    const now = this.context.monotonic();
    if (runs.length === 0 || now - this.renewedAt < this.context.settings.lease / 3) return;
    await this.renew(runs);
    this.renewedAt = now;
  }

  async renew(runs: readonly LeasedRun[]): Promise<void> {
    const { settings, store } = this.context;
    const endsAt = this.endsAt();
    const held = await store.renew({
      runs: runs.map(({ run }) => ({ run: run.id, epoch: run.epoch })),
      ms: settings.lease,
    });
    runs.forEach((each, index) => {
      if (held[index] === true)
        each.leaseEndsAt = Math.max(each.leaseEndsAt, endsAt); // answers may come in any order
      else each.lose();
    });
  }
}
