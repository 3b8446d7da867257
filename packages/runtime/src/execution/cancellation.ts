import type { CancelledError } from "../values/errors.ts";

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

/** The cancellation of a run: requested, then delivered in its turn. From then on it holds until the run ends (R11). */
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

  /** The error for a durable call that is made now. */
  errorOfNewCall(shelter: Shelter): CancelledError | undefined {
    return shelter === "none" ? this.delivery?.error : undefined;
  }

  /** The error for a step that was called before the cancellation and has not begun since. In clean-up it begins, as a later call would. */
  errorOfHeldCall({
    calledAt,
    shelter,
  }: {
    readonly calledAt: number;
    readonly shelter: Shelter;
  }): CancelledError | undefined {
    return this.delivery && calledAt < this.delivery.at ? this.errorOfNewCall(shelter) : undefined;
  }
}
