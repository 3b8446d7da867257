import { checkOptions, nextTurn, PerdureError, type OptionNames } from "@perdure/protocol";
import type { FinalStatus } from "@perdure/store";
import { toMilliseconds, type Duration } from "../config/duration.ts";
import { currentRuntime } from "../process/default-runtime.ts";
import type { Runtime } from "../process/runtime.ts";

/** How many runs one transaction deletes. */
const BATCH = 100;

export interface PruneOptions {
  /** Only runs that ended so long ago, or before this time. */
  readonly olderThan: Duration | Date;
  /** Default: all. */
  readonly status?: FinalStatus | readonly FinalStatus[];
  readonly workflow?: string | readonly string[];
  /** So many of the latest runs of each workflow stay, however old. Default 0. */
  readonly keep?: number;
}

const PRUNE_OPTIONS: OptionNames<PruneOptions> = { olderThan: true, status: true, workflow: true, keep: true };

/**
 * Deletes runs that have ended, with their steps, in batches of 100. A run that another one waits for stays. The file of an SQLite store does not
 * shrink: its pages are used again.
 * @returns how many were deleted
 * @throws PerdureError `DURATION_INVALID`, `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export async function prune(options: PruneOptions): Promise<number> {
  const { olderThan, status, workflow, keep = 0 } = checkOptions(options, PRUNE_OPTIONS, "prune()");
  if (!(Number.isInteger(keep) && keep >= 0))
    throw new PerdureError("OPTION_INVALID", {
      option: "keep",
      value: String(keep),
      expected: "a whole number from 0",
    });
  const runtime = currentRuntime();
  const store = await runtime.ready();
  const now = runtime.clock.now();
  const filter = {
    endedBefore: olderThan instanceof Date ? olderThan.getTime() : now - toMilliseconds(olderThan, "olderThan"),
    ...(status !== undefined && { status: [status].flat() }),
    ...(workflow !== undefined && { workflow: [workflow].flat() }),
    keep,
    limit: BATCH,
  };
  for (let deleted = 0; ; await new Promise((resolve) => nextTurn(resolve))) {
    const count = await store.prune(filter);
    deleted += count;
    if (count < BATCH) return deleted;
  }
}

/** Milliseconds between two looks for runs that are older than `configure({ retention })` allows. */
const INTERVAL = 60_000;

/** Deletes old runs for a worker, one batch at a time. */
export class Retention {
  private readonly runtime: Runtime;
  private nextAt = -Infinity;

  constructor(runtime: Runtime) {
    this.runtime = runtime;
  }

  async tick(): Promise<void> {
    const { clock, settings } = this.runtime;
    const now = clock.now();
    if (settings.retention.length === 0 || now < this.nextAt) return;
    const store = await this.runtime.ready();
    let isDone = true;
    for (const { status, after } of settings.retention) {
      const filter = { now, endedBefore: now - after, status: [status], keep: settings.retained, limit: BATCH };
      if ((await store.prune(filter)) === BATCH) isDone = false;
    }
    if (isDone) this.nextAt = now + INTERVAL;
  }
}
