import { nextTick } from "@perdure/protocol";
import type { StepRow } from "@perdure/store";
import type { History } from "../history/history.ts";
import type { LostSteps } from "../history/lost-steps.ts";
import { CancelledError } from "../values/errors.ts";
import type { Calls } from "./calls.ts";
import { reasonOf, type Cancellation } from "./cancellation.ts";
import type { Failures } from "./failures.ts";
import { addOrigin } from "./frame.ts";
import type { PendingCall, RunInMemory } from "./step.ts";

/** The run that completions are delivered to. */
export interface Recipient extends RunInMemory {
  /** Begins to end the run if its workflow has returned or thrown. */
  finishIfSettled(): boolean;
  /** All recorded completions are delivered: what is not recorded may begin. */
  continueLive(): void;
  /** A completion is about to be delivered. */
  interruptIdleness(): void;
}

/**
 * Delivers completions to the workflow one at a time, strictly in the order of their sequence numbers, and lets the microtask
 * queue drain between two (R2). Recorded and new completions share one queue, so a first run and a replay take the same path.
 */
export class Delivery {
  /** Completions delivered so far. */
  delivered = 0;
  /** When the latest of them was recorded. */
  now: number;
  isPumping = false;
  /** The step that was delivered last. */
  lastStep: StepRow | undefined;

  private readonly recipient: Recipient;
  private readonly history: History;
  private readonly calls: Calls;
  private readonly lost: LostSteps;
  private readonly failures: Failures;
  private readonly cancellation: Cancellation;
  private stallTimer: (() => void) | undefined;

  constructor(
    recipient: Recipient,
    calls: Calls,
    lost: LostSteps,
    history: History,
    failures: Failures,
    cancellation: Cancellation,
  ) {
    this.recipient = recipient;
    this.calls = calls;
    this.lost = lost;
    this.history = history;
    this.failures = failures;
    this.cancellation = cancellation;
    this.now = recipient.run.startedAt;
  }

  /** Delivers what can be delivered, beginning when the microtask queue has drained. */
  pump(): void {
    if (this.isPumping || !this.recipient.isActive) return;
    this.isPumping = true;
    afterDrain(this.turn);
  }

  /** The same, called by an answer of the store: at the beginning of a turn of the event loop, or by a microtask. */
  pumpAnswer(): void {
    if (this.isPumping || !this.recipient.isActive) return;
    this.isPumping = true;
    nextTick(this.turn);
  }

  stopTimer(): void {
    this.stallTimer?.();
    this.stallTimer = undefined;
  }

  private readonly turn = (): void => {
    if (!this.recipient.isActive || this.recipient.finishIfSettled()) return;
    const next = this.history.takeNext(this.calls.isPending);
    if (next) {
      this.recipient.interruptIdleness();
      this.stopTimer();
      this.deliver(next);
      afterDrain(this.turn);
      return;
    }
    this.isPumping = false;
    if (this.history.next) this.stalled();
    else this.recipient.continueLive();
  };

  private deliver(row: StepRow): void {
    this.delivered++;
    this.now = Math.max(this.now, row.finishedAt ?? 0);
    if (row.kind === "cancel") return this.deliverCancellation(row);
    const call = this.calls.get(row.id);
    if (!call) return;
    this.lastStep = row;
    this.calls.delete(call);
    if (call.caller.isCleanUp && !call.isWait) this.failures.cleanedUp(this.delivered);
    const { host, run } = this.recipient;
    if (!call.live && host.hears("replayed")) host.emit("replayed", run, row);
    try {
      const value = call.decode(row, host.values);
      if (row.state === "completed") call.complete(value);
      else this.deliverFailure(call, value);
    } catch (error) {
      this.recipient.stop(error);
    }
  }

  private deliverFailure(call: PendingCall, error: unknown): void {
    addOrigin(error, this.recipient.run.id, call);
    this.failures.add({ id: call.id, location: call.location, error, at: this.delivered, frame: call.caller.frame });
    call.reject(error);
  }

  /**
   * Waits end with a CancelledError now, in the order in which they began, also those in clean-up that was there before. A running task
   * ends in its own time. What is called from now on is refused at the call.
   */
  private deliverCancellation(row: StepRow): void {
    const { host, run } = this.recipient;
    const error = new CancelledError(reasonOf(host, run, row.output));
    this.cancellation.deliver(this.delivered, error);
    for (const call of this.calls) {
      // earlier versions have recorded waits that ended before the delivery
      if (!call.isWait || call.caller.shelter === "shield" || this.history.checkpointOf(call.id)) continue;
      this.calls.delete(call);
      call.reject(error);
      this.cancellation.isNoticed = true;
    }
  }

  /** The workflow does not wait for the next recorded completion. */
  private stalled(): void {
    const { host } = this.recipient;
    const row = this.history.next;
    if (row && this.history.isOld(row)) {
      this.recipient.continueLive(); // changed code may have new steps before it
      if (this.calls.size > 0) return;
    }
    this.stallTimer ??= host.clock.at(host.clock.now() + host.settings.stallTimeout, () => {
      this.stallTimer = undefined;
      const lost = this.lost.now(false);
      if (lost && this.recipient.isActive && !this.isPumping) this.recipient.stop(lost);
    });
  }
}

const settled = Promise.resolve();

/** A `process.nextTick` queued from a microtask runs when the microtask queue has drained. `queueMicrotask` would make an `AsyncResource` for each call. */
const afterDrain = (fn: () => void): void => {
  void settled.then(() => nextTick(fn));
};
