import { checkOptions } from "@perdure/protocol";
import type { Blocked, RunRow, RunStatus } from "@perdure/store";
import type { Runtime } from "../process/runtime.ts";

export type { RunStatus } from "@perdure/store";

/** A run, from any process that has the store. */
export class Run<R = unknown> {
  readonly id: string;
  private readonly runtime: Runtime;

  constructor(runtime: Runtime, id: string) {
    this.runtime = runtime;
    this.id = id;
  }

  /**
   * The workflow's result. Waits while another process executes the run, and executes it here when no process does.
   * @throws what the workflow threw; CancelledError; PerdureError when the run was stopped before its end (it stays resumable)
   */
  result(): Promise<R> {
    return this.runtime.followers.result(this.id) as Promise<R>;
  }

  async status(): Promise<RunStatus> {
    return (await this.runtime.requests.row(this.id)).status;
  }

  /** What is recorded of the run. */
  async info(): Promise<RunInfo> {
    return toInfo(await this.runtime.requests.row(this.id));
  }

  /**
   * Cancels the run. Its waits and every later durable call reject with a `CancelledError`, except in clean-up (`catch`, `finally`, disposal) and in
   * `shield`, so that compensating tasks run. Running tasks see their `AbortSignal` aborted. The request is durable when this resolves.
   * @returns false when the run has ended already
   */
  cancel(reason?: unknown): Promise<boolean> {
    return this.runtime.requests.cancel(this.id, reason);
  }

  /**
   * Tries a failed run again from its failure: completed steps and handled failures are replayed, the other failed steps run again.
   * @param options.force - also a run that has compensated: one whose clean-up has made durable calls since the failure
   * @returns false when the run is not failed
   * @throws PerdureError `RUN_COMPENSATED`: see `restart`
   */
  async retry(options: { readonly force?: boolean } = {}): Promise<boolean> {
    const { force = false } = checkOptions(options, { force: true }, "run.retry()");
    const row = await this.runtime.requests.row(this.id);
    return this.resumed(await this.runtime.starter.retry(row, force));
  }

  /**
   * Begins a run that has ended again from the top, with the same input: its record is deleted, and its tasks get other idempotency keys. Child
   * runs without an id of their own are new runs; those with one that failed are restarted as well. Deliveries of signals that were consumed are
   * not given again. The request is durable when this resolves.
   * @returns false when the run has not ended
   */
  async restart(): Promise<boolean> {
    await this.runtime.requests.row(this.id);
    return this.resumed(await this.runtime.starter.restart(this.id));
  }

  private async resumed(accepted: boolean | undefined): Promise<boolean> {
    if (accepted === true) await this.runtime.requests.resume(this.id);
    return accepted === true;
  }
}

export interface RunInfo {
  readonly id: string;
  readonly workflow: string;
  readonly status: RunStatus;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** When a waiting run continues without an event from outside. */
  readonly wakeAt?: Date;
  /** Why the run was stopped before its end. */
  readonly blocked?: Blocked;
}

export const toInfo = (row: RunRow): RunInfo => ({
  id: row.id,
  workflow: row.workflow,
  status: row.status,
  createdAt: new Date(row.createdAt),
  updatedAt: new Date(row.updatedAt),
  ...(row.wakeAt !== undefined && { wakeAt: new Date(row.wakeAt) }),
  ...(row.blocked && { blocked: row.blocked }),
});
