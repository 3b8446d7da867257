import { shareInstances } from "@perdure/protocol";
import { textOf } from "./describe.ts";

/** Thrown by a task to fail without another attempt, whatever its `retries`. */
export class FatalError extends Error {
  static {
    shareInstances(this, "FatalError");
  }

  override name = "FatalError";
}

/** Thrown by a task to ask for another attempt at a time that the error names. */
export class RetryableError extends Error {
  static {
    shareInstances(this, "RetryableError");
  }

  override name = "RetryableError";
  /**
   * How long to wait: a number of milliseconds, text with a unit (`"30s"`), a date, or the value of an HTTP `Retry-After` header (text
   * of whole seconds, `"30"`, or of a date). A date in the past is now. Undefined or null, as from `headers.get()`, leaves the wait to
   * the task's backoff. Anything else fails the task, with this error as the cause.
   */
  readonly retryAfter: number | string | Date | null | undefined;

  constructor(
    message?: string,
    options: ErrorOptions & { readonly retryAfter?: number | string | Date | null | undefined } = {},
  ) {
    super(message, options);
    this.retryAfter = options.retryAfter;
  }
}

/** Thrown by every durable call of a cancelled workflow outside of clean-up. The result of a cancelled run rejects with it. */
export class CancelledError extends Error {
  static {
    shareInstances(this, "CancelledError");
  }

  override name = "CancelledError";
  /** The argument of `run.cancel(reason)`: any value. */
  readonly reason: unknown;

  /** @param options.cause - why the run ended without its clean-up, where it did */
  constructor(reason?: unknown, options?: ErrorOptions) {
    super(reason === undefined ? "the run was cancelled" : `the run was cancelled: ${textOf(reason)}`, options);
    this.reason = reason;
  }
}

/** An attempt of a task, or a wait for a signal, exceeded its timeout. */
export class TimeoutError extends Error {
  static {
    shareInstances(this, "TimeoutError");
  }

  override name = "TimeoutError";
}

/**
 * A task failed because its attempts ended together with their processes (out of memory, a native crash, `process.exit`), or because the store
 * refused their outcomes (a result that does not fit on the disk).
 */
export class ProcessDiedError extends Error {
  static {
    shareInstances(this, "ProcessDiedError");
  }

  override name = "ProcessDiedError";
  /** Attempts that were begun and never ended. */
  readonly attempts: number;

  constructor(task: string, attempts: number) {
    super(`the process died in each of ${attempts} attempts of ${task}, or could not record how they ended`);
    this.attempts = attempts;
  }
}
