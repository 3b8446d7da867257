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

  private readonly renewals = new Map<LeasedRun, Promise<void>>();
  /** The runs with a write that has had no answer since that time of the monotonic clock. */
  private readonly unansweredSince: (time: number) => ReadonlySet<string>;

  constructor(context: ProcessContext, unansweredSince: (time: number) => ReadonlySet<string>) {
    this.context = context;
    this.unansweredSince = unansweredSince;
  }

  /** When a lease that is asked for now ends at the earliest. */
  endsAt(): number {
    return this.context.monotonic() + this.context.settings.lease;
  }

  /**
   * Renews the leases when a third of their time has passed. Not that of a run whose writes have had no answer for as long as a lease: another process, whose
   * writes are answered, may take it.
   */
  async renewAll(runs: readonly LeasedRun[]): Promise<void> {
    const now = this.context.monotonic();
    const { lease } = this.context.settings;
    if (runs.length === 0 || now - this.renewedAt < lease / 3) return;
    const stuck = this.unansweredSince(now - lease);
    await this.renew(stuck.size === 0 ? runs : runs.filter(({ run }) => !stuck.has(run.id)));
    this.renewedAt = now;
  }

  /** Renews the lease of one run, once at a time however many attempts of it need that. */
  async renewOne(run: LeasedRun): Promise<void> {
    const known = this.renewals.get(run);
    if (known) return known;
    const renewal = this.renew([run]).finally(() => this.renewals.delete(run));
    this.renewals.set(run, renewal);
    return renewal;
  }

  private async renew(runs: readonly LeasedRun[]): Promise<void> {
    if (runs.length === 0) return;
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
