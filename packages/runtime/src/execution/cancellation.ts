import { PerdureError } from "@perdure/protocol";
import type { Encoded, RunRow, StepRow, Write } from "@perdure/store";
import { CANCEL_ID } from "../history/history.ts";
import { headlineOf } from "../values/describe.ts";
import { CancelledError } from "../values/errors.ts";
import type { Host } from "./host.ts";

/**
 * What a cancellation does to durable calls of some code.
 *
 * - `none`: it ends those that wait, interrupts those in flight, and refuses later ones.
 * - `clean-up`: it refuses no later one, and does nothing to tasks and runs that were called before it. A wait that was there before it ends as
 *   everywhere else, so that a wait in a `catch` block cannot keep a run from being cancelled.
 * - `shield`: it does nothing to them.
 */
export type Shelter = (typeof SHELTERS)[number];

/** Each protects more than the one before. */
export const SHELTERS = ["none", "clean-up", "shield"] as const;

/** The work that a live step does just now, as far as others can stop it. */
export interface Work {
  /** The run was cancelled. */
  cancel(reason: unknown): void;
  /** The run continues without the step, or not here. */
  abandon(reason: string): void;
  /** The attempt was given up, and should end: it then fails like any other. */
  interrupt(reason: unknown): void;
}

interface HeldCall {
  readonly calledAt: number;
  readonly caller: { readonly shelter: Shelter };
}

/** The cancellation of a run: requested, then delivered in its turn. From then on it holds until the run ends (R11). */
export class Cancellation {
  requested: boolean;
  reason: Encoded | undefined;
  private controller: AbortController | undefined;
  private delivery: { readonly at: number; readonly error: CancelledError } | undefined;

  /** Whether nothing is recorded after the cancellation's own record. */
  private readonly isLatest: boolean;
  /** Whether the workflow has seen the error, or has called anything since the delivery. */
  isNoticed = false;

  /**
   * @param recorded - its record, from an earlier execution
   * @param lastSeq - the highest sequence number of the run's records
   */
  constructor(recorded: StepRow | undefined, lastSeq: number) {
    this.requested = recorded !== undefined;
    this.reason = recorded?.output;
    this.isLatest = recorded === undefined || recorded.seq === lastSeq;
  }

  /** Requested and not delivered: no step begins before it is. */
  get isPending(): boolean {
    return this.requested && !this.isDelivered;
  }

  /** Neither this execution nor an earlier one has done anything since the cancellation, as far as the record shows: the workflow may not know of it. */
  get isUnnoticed(): boolean {
    return !this.isNoticed && this.isLatest;
  }

  get isDelivered(): boolean {
    return this.delivery !== undefined;
  }

  request(reason: Encoded): void {
    this.requested = true;
    this.reason = reason;
  }

  /** @param at - number of completions delivered, including this one */
  deliver(at: number, error: CancelledError): void {
    this.delivery = { at, error };
    this.controller?.abort(error);
  }

  /** Aborted with the delivery. */
  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.delivery) this.controller.abort(this.delivery.error);
    }
    return this.controller.signal;
  }

  /** The error for a durable call that is made now. */
  errorOfNewCall(shelter: Shelter): CancelledError | undefined {
    this.isNoticed ||= this.isDelivered;
    return shelter === "none" ? this.delivery?.error : undefined;
  }

  /** The error for a step that was called before the cancellation and has not begun since. In clean-up it begins, as a later call would. */
  errorOfHeldCall({ calledAt, caller }: HeldCall): CancelledError | undefined {
    return this.delivery && calledAt < this.delivery.at ? this.errorOfNewCall(caller.shelter) : undefined;
  }
}

/** The record of a cancellation, a completion of its own. */
export const cancelStep = (reason: Encoded, now: number): StepRow => ({
  id: CANCEL_ID,
  kind: "cancel",
  state: "completed",
  inputHash: "",
  attempt: 0,
  output: reason,
  startedAt: now,
  finishedAt: now,
});

/** The reason of a cancellation as a value. One that cannot be decoded is reported, and missing. */
export function reasonOf(host: Pick<Host, "values" | "report">, run: RunRow, stored: Encoded | undefined): unknown {
  try {
    return stored === undefined ? undefined : host.values.decode(stored);
  } catch (error) {
    const { id, workflow } = run;
    host.report(new PerdureError("REASON_UNREADABLE", { run: id, workflow, error: headlineOf(error) }), run);
    return undefined;
  }
}

/** The end of a cancelled run whose workflow cannot be notified of the cancellation, because of `cause`. Its clean-up does not run (R11). */
export function cancelledEnd(
  host: Pick<Host, "values" | "report">,
  run: RunRow,
  reason: Encoded | undefined,
  cause: PerdureError,
): Omit<Extract<Write, { type: "finish" }>, "run" | "epoch"> {
  const { id, workflow } = run;
  host.report(new PerdureError("CLEAN_UP_SKIPPED", { run: id, workflow, error: headlineOf(cause) }), run);
  const error = new CancelledError(reasonOf(host, run, reason), { cause });
  const output = host.values.encode(error, `the cancellation of run ${id}`);
  return { type: "finish", status: "cancelled", output, unhandled: [], compensated: false };
}
