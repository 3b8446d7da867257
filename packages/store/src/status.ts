import type { Encoded, FinalStatus, RunRow, RunStatus } from "./contract.ts";

/** Whether a run with this status has ended. */
export const isFinal = (status: RunStatus): status is FinalStatus =>
  status === "completed" || status === "failed" || status === "cancelled";

/** Whether the run has ended. A run that has ended has an output. */
export const hasEnded = (run: RunRow): run is RunRow & { readonly status: FinalStatus; readonly output: Encoded } =>
  isFinal(run.status);
