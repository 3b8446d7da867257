import type { RunRow, StepRow } from "./runs.ts";
import type { StreamHead } from "./streams.ts";
import type { Lease } from "./terms.ts";

export interface Claim {
  readonly run: string;
  readonly lease: Lease;
  /** A dead owner of the run. */
  readonly from?: { readonly owner: string; readonly epoch: number };
}

/** A run that was claimed, with what its execution reads first. */
export interface Claimed {
  readonly run: RunRow;
  /** The owner that it was taken from: that one had not given up the run. */
  readonly from?: string;
  /** All its steps, as `steps` returns them. Undefined: they cannot be read, for which `steps` gives the reason. */
  readonly steps?: readonly StepRow[];
  /** Its streams, as `streams` returns them. Undefined: it has none. */
  readonly streams?: readonly StreamHead[];
}

/** A claim of a run, and what it found. An execution of the run begins with it. */
export interface ExecutionRow {
  readonly epoch: number;
  readonly owner: string;
  readonly claimedAt: number;
  /** The owner that it was taken from: that one had not given up the run. */
  readonly from?: string;
  /** The `releasedAt` of the run. Without it and without `from`, the run had had no owner before. */
  readonly releasedAt?: number;
}

export interface UnfinishedFilter {
  /** Only runs of these workflows. */
  readonly workflows?: readonly string[];
  /** Only these runs. */
  readonly runs?: readonly string[];
  readonly limit: number;
  /** Owners that are known to live: they keep their runs, though a lease has ended. */
  readonly alive?: readonly string[];
  /** Owners that are known to have ended: their leases need not end. */
  readonly dead?: readonly string[];
  /** Not these runs. */
  readonly except?: readonly string[];
  /** False: without blocked runs. Default true. */
  readonly blocked?: boolean;
}

/** Runs of a workflow that a program can execute. */
export interface Executable {
  /** The name of the workflow, as it is recorded. */
  readonly workflow: string;
  /** Only those recorded of this file. */
  readonly file?: string;
  /** Not those recorded of these files. */
  readonly notFiles?: readonly string[];
  /** Not those that are blocked under this code. */
  readonly notBlockedUnder?: string;
}

/** Which runs to claim next. */
export interface ClaimNext extends Pick<UnfinishedFilter, "limit" | "alive" | "dead" | "except" | "blocked"> {
  readonly lease: Lease;
  /** Only runs that one of these describes. */
  readonly executables: readonly Executable[];
  /** Only runs of these queues. */
  readonly queues?: readonly string[];
  /** Also one running run with `stalls`, if there are fewer than `limit` others. Default false: none of them. */
  readonly stalled?: boolean;
  /** Counts the further runs up to so many. Default 0. */
  readonly count?: number;
  /** Whether an outlook is wanted. */
  readonly outlook?: boolean;
}

/** What a worker would ask for at each look besides: from a store behind a network, one call is enough then. */
export interface Outlook {
  /** As `owners` returns them. */
  readonly owners: readonly string[];
  /** Whether a run or step waits in a queue or has a slot, or a run has reached its `beginBy` or `endBy`: `expire`, `offers` and `slotOwners` may find something. */
  readonly upkeep: boolean;
  /** Whether `dueSchedules` may find something. */
  readonly schedules: boolean;
  /** When time alone will make something due: a run, a limit of a run, a schedule, or the end of a lease. */
  readonly nextAt?: number;
}

export interface NextRuns {
  readonly claimed: readonly Claimed[];
  /** How many further runs need an owner, up to `count`. Those that were passed over are among them. */
  readonly left: number;
  /** Undefined: it is not wanted, or the store answers so fast that the worker may as well ask. */
  readonly outlook?: Outlook;
}
