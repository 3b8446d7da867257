import type { Frame } from "./scope.ts";
import type { CancelledError } from "../values/errors.ts";

/** The cancellation of a run: asked for, then delivered in its turn, then told to each activation that was there, once. */
export class Cancellation {
  requested: boolean;
  private delivery: { readonly at: number; readonly error: CancelledError } | undefined;

  constructor(requested: boolean) {
    this.requested = requested;
  }

  /** Its turn has not come: nothing begins before that. */
  get isPending(): boolean {
    return this.requested && !this.isDelivered;
  }

  get isDelivered(): boolean {
    return this.delivery !== undefined;
  }

  /** @param at - completions delivered, with this one */
  deliver(at: number, error: CancelledError): void {
    this.delivery = { at, error };
  }

  /** The error for a step that was asked for before, and has not begun since. */
  before(askedAt: number): CancelledError | undefined {
    return this.delivery && askedAt < this.delivery.at ? this.delivery.error : undefined;
  }

  /** The error for the next call of an activation that has not been told; an activation entered since counts as its caller. */
  takeFor(frame: Frame): CancelledError | undefined {
    if (!this.delivery) return undefined;
    let old: Frame | undefined = frame;
    while (old && old.enteredAt >= this.delivery.at) old = old.parent;
    if (!old || old.cancelled) return undefined;
    this.tell(old);
    return this.delivery.error;
  }

  /** The activation knows, and so do its callers: they may clean up. */
  tell(frame: Frame): void {
    for (let told: Frame | undefined = frame; told && !told.cancelled; told = told.parent) told.cancelled = true;
  }
}
