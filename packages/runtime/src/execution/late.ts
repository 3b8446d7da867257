import { nextTurn, PerdureError } from "@perdure/protocol";
import type { Encoded, FinalStatus, RunRow } from "@perdure/store";
import { backoffAfter } from "../config/backoff.ts";
import { headlineOf } from "../values/describe.ts";
import type { FailedStep } from "./failures.ts";
import type { Host } from "./host.ts";

/** How an execution ended. Only `finished` is an end of the run. */
export type ExecutionEnd =
  | {
      readonly type: "finished";
      readonly status: FinalStatus;
      readonly output: Encoded;
      /** The step whose failure ended the run. */
      readonly failedAt?: FailedStep | undefined;
    }
  | { readonly type: "released"; readonly wakeAt: number | undefined }
  | { readonly type: "stopped"; readonly error: unknown }
  | { readonly type: "lost" };

/** So many calls after the end of a run are rejected. */
const MOST_REFUSALS = 10;

/** What comes too late for a run: calls after its end, and rejections that nothing handled before it. */
export class Late {
  private readonly run: RunRow;
  private readonly host: Host;
  private end: ExecutionEnd | undefined;
  /** The workflow's body has returned or thrown. */
  private hasSettled = false;
  /** Rejected promises of the run that have no handler yet, and their reasons. */
  private readonly unhandled = new Map<object, unknown>();
  /** Calls after the end of the run that were rejected. */
  private refused = 0;

  constructor(run: RunRow, host: Host) {
    this.run = run;
    this.host = host;
  }

  settled(): void {
    this.hasSettled = true;
  }

  ended(end: ExecutionEnd): void {
    this.end = end;
    if (end.type === "finished") for (const reason of this.unhandled.values()) this.report(reason);
  }

  /**
   * The promise of a call that is too late: of code that outlived its execution, or of a function that several runs share, in the context of
   * another run. It rejects if the run itself has ended: later and later, and then no more, since a branch that was left behind may call again
   * and again. The promises of a run that only left memory are never settled.
   */
  refuse(name: string, step: string): Promise<never> {
    const error = this.error(name, step);
    const { isFinal } = this;
    const { clock } = this.host;
    if (isFinal && this.refused === 0) return this.rejection(error, (reject) => nextTurn(reject));
    if (isFinal && this.refused < MOST_REFUSALS)
      return this.rejection(error, (reject) => clock.at(clock.now() + backoffAfter(this.refused), reject, true));
    this.host.report(error, this.run);
    return new Promise(() => {});
  }

  private rejection(error: PerdureError, later: (reject: () => void) => void): Promise<never> {
    this.refused++;
    return new Promise((_, reject) => later(() => reject(error)));
  }

  /** The error of a call of `name` that is too late. */
  error(name: string, step: string): PerdureError {
    const { reason, isFinal } = this;
    return new PerdureError("CALL_AFTER_END", { name, run: this.run.id, step, reason, continues: !isFinal });
  }

  /** Whether the run itself has ended, and not only its execution here. */
  private get isFinal(): boolean {
    return this.end ? this.end.type === "finished" : this.hasSettled;
  }

  private get reason(): string {
    if (!this.end) return this.hasSettled ? "the workflow has ended" : "the run is leaving memory";
    if (this.end.type === "finished") return `the run has ended (${this.end.status})`;
    const reasons = {
      released: "the run was suspended and is no longer in memory here",
      stopped: "the run was stopped and is no longer in memory here",
      lost: "another process owns the run",
    };
    return reasons[this.end.type];
  }

  rejected(promise: object, reason: unknown): void {
    if (this.end) this.report(reason);
    else this.unhandled.set(promise, reason);
  }

  handled(promise: object): void {
    this.unhandled.delete(promise);
  }

  private report(reason: unknown): void {
    if (reason instanceof PerdureError && reason.code === "CALL_AFTER_END") return; // a branch that the workflow left behind
    const { id: run, workflow } = this.run;
    this.host.report(new PerdureError("REJECTION_UNHANDLED", { run, workflow, error: headlineOf(reason) }), this.run);
  }
}
