import type { Outlook } from "@perdure/store";
import { revision } from "../definitions/registry.ts";
import type { Runtime } from "../process/runtime.ts";

/** Milliseconds after which a worker looks at a store in which nothing seems to have changed. */
const LONGEST = 2_000;

/** What a look has shown. */
interface Seen {
  readonly outlook: Outlook;
  readonly changes: number | undefined;
  readonly revision: number;
  readonly dead: number;
  readonly at: number;
}

/**
 * Knows when a look of a worker would find nothing: the store tells of writes, nothing was written since the latest look, and no time has come at
 * which something is due. Of a store that does not tell, it knows nothing.
 */
export class Lookout {
  private readonly runtime: Runtime;
  private seen: Seen | undefined;
  /** How many writes the store knew of when the present look began. */
  private changes: number | undefined;

  constructor(runtime: Runtime) {
    this.runtime = runtime;
  }

  /** Whether the limits of runs, and queues, may need something. */
  get needsUpkeep(): boolean {
    return this.seen?.outlook.upkeep ?? true;
  }

  get isQuiet(): boolean {
    const { seen, runtime } = this;
    if (seen?.changes === undefined || seen.outlook.upkeep || seen.revision !== revision.count) return false;
    const now = runtime.clock.now();
    const isRecent = now >= seen.at && now < Math.min(seen.at + LONGEST, seen.outlook.nextAt ?? Infinity);
    if (!isRecent || runtime.claims.isUnsettled) return false;
    return runtime.store.changes?.() === seen.changes && this.dead(seen.outlook) === seen.dead;
  }

  /** A look begins. */
  looks(): void {
    this.changes = this.runtime.store.changes?.();
  }

  /** @param isIdle - it found nothing to do */
  hasLooked(outlook: Outlook | undefined, isIdle: boolean): void {
    this.seen = outlook && {
      outlook,
      changes: isIdle ? this.changes : undefined,
      revision: revision.count,
      dead: this.dead(outlook),
      at: this.runtime.clock.now(),
    };
  }

  /** How many of the owners are known to have ended. */
  private dead({ owners }: Outlook): number {
    return owners.filter((owner) => this.runtime.owners.stateOf(owner) === "dead").length;
  }
}
