import type { Encoded, FinalStatus, RunRow, RunStatus } from "./contract.ts";

/** Milliseconds for which a delivery to a run that does not exist is kept: 30 days. */
export const EARLY_SIGNAL_LIFETIME = 30 * 24 * 3_600_000;

/** Whether a run of this status has ended. */
export const isFinal = (status: RunStatus): status is FinalStatus =>
  status === "completed" || status === "failed" || status === "cancelled";

/** Whether the run has ended. A run that has ended has an output. */
export const hasEnded = (run: RunRow): run is RunRow & { readonly status: FinalStatus; readonly output: Encoded } =>
  isFinal(run.status);
