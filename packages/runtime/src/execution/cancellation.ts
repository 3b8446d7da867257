import type { Frame } from "./frame.ts";
import type { CancelledError } from "../values/errors.ts";

/** The cancellation of a run: requested, then delivered in its turn, then thrown once in each activation that was active at that moment. */
export class Cancellation {
  requested: boolean;
  private delivery: { readonly at: number; readonly error: CancelledError } | undefined;

  constructor(requested: boolean) {
    this.requested = requested;
  }

  /** Requested and not delivered: no step begins before it is. */
  get isPending(): boolean {
    return this.requested && !this.isDelivered;
  }

  get isDelivered(): boolean {
    return this.delivery !== undefined;
  }

  /** @param at - number of completions delivered, including this one */
  deliver(at: number, error: CancelledError): void {
    this.delivery = { at, error };
  }

  /** The error for a step that was called before the cancellation and has not begun since. */
  errorOfCallAt(calledAt: number): CancelledError | undefined {
    return this.delivery && calledAt < this.delivery.at ? this.delivery.error : undefined;
  }

  /** The error for the next call of an activation that has not got it yet. An activation entered after the cancellation counts as its caller. */
  errorFor(frame: Frame): CancelledError | undefined {
    if (!this.delivery) return undefined;
    let old: Frame | undefined = frame;
    while (old && old.enteredAt >= this.delivery.at) old = old.parent;
    if (!old || old.cancelled) return undefined;
    this.notify(old);
    return this.delivery.error;
  }

  /** The activation has got the error, and so have its callers: they may clean up. */
  notify(frame: Frame): void {
    for (let each: Frame | undefined = frame; each && !each.cancelled; each = each.parent) each.cancelled = true;
  }
}
