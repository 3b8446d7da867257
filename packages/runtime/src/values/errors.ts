import { shareInstances } from "@perdure/protocol";

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
  /** Milliseconds to wait, or the time of the next attempt; undefined leaves it to the task's backoff. */
  readonly retryAfter: number | string | Date | undefined;

  constructor(message?: string, options: ErrorOptions & { readonly retryAfter?: number | string | Date } = {}) {
    super(message, options);
    this.retryAfter = options.retryAfter;
  }
}

/** Thrown at the next durable call of a cancelled workflow. The result of a cancelled run rejects with it. */
export class CancelledError extends Error {
  static {
    shareInstances(this, "CancelledError");
  }

  override name = "CancelledError";
  /** The argument of `run.cancel(reason)`. */
  readonly reason: unknown;

  constructor(reason?: unknown) {
    super(
      reason === undefined
        ? "the run was cancelled"
        : `the run was cancelled: ${reason instanceof Error ? reason.message : String(reason)}`,
    );
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
