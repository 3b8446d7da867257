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
   * The workflow's result. Waits while another process executes the run, and takes the run up when nobody does.
   * @throws what the workflow threw; CancelledError; PerdureError when the run was stopped without an end (it stays resumable)
   */
  result(): Promise<R> {
    return this.runtime.result(this.id) as Promise<R>;
  }

  async status(): Promise<RunStatus> {
    return (await this.runtime.row(this.id)).status;
  }

  /** What is recorded of the run. */
  async info(): Promise<RunInfo> {
    return toInfo(await this.runtime.row(this.id));
  }

  /**
   * The workflow gets a `CancelledError` at its next durable call, so that `finally` and compensating tasks run; tasks in flight see their
   * `AbortSignal`. Durable when it resolves.
   * @returns false when the run has ended already
   */
  cancel(reason?: unknown): Promise<boolean> {
    return this.runtime.cancel(this.id, reason);
  }

  /**
   * Tries a failed run again from its failure: finished steps and handled failures replay, the others run again.
   * @returns false when the run is not failed
   */
  async retry(): Promise<boolean> {
    const accepted = await this.runtime.retry(this.id);
    if (accepted) await this.runtime.resume(this.id);
    return accepted;
  }
}

export interface RunInfo {
  readonly id: string;
  readonly workflow: string;
  readonly status: RunStatus;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** When a waiting run goes on by itself. */
  readonly wakeAt?: Date;
  /** Why the run was stopped without an end. */
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
