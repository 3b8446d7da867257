import { shareInstances } from "@perdure/protocol";

/** Ends a task without another attempt, whatever its retries say. */
export class FatalError extends Error {
  static {
    shareInstances(this, "FatalError");
  }

  override name = "FatalError";
}

/** Asks for another attempt, at a time of its own choosing. */
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

/** What a cancelled workflow gets at its next durable call, and what the result of a cancelled run rejects with. */
export class CancelledError extends Error {
  static {
    shareInstances(this, "CancelledError");
  }

  override name = "CancelledError";
  /** What was given to `run.cancel(reason)`. */
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

/** An attempt of a task, or a wait for a signal, took longer than it may. */
export class TimeoutError extends Error {
  static {
    shareInstances(this, "TimeoutError");
  }

  override name = "TimeoutError";
}
