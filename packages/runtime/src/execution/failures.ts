import type { Frame } from "./scope.ts";

interface Failure {
  readonly id: string;
  readonly error: unknown;
  /** Completions that had been delivered with it. */
  readonly at: number;
  readonly frame: Frame;
}

/** The failed steps that a workflow has been told of, to know which of them it has handled. */
export class Failures {
  private readonly failures: Failure[] = [];

  add(failure: Failure): void {
    this.failures.push(failure);
  }

  /**
   * Ids of those that the workflow did not go on after (R7): nothing that had called the step did anything since, or the error is
   * what the workflow ended with, or a cause of it.
   */
  unhandled(end: unknown): string[] {
    const causes = reachable(end);
    return this.failures.filter(({ error, frame, at }) => causes.has(error) || !wentOn(frame, at)).map(({ id }) => id);
  }
}

const wentOn = (frame: Frame | undefined, at: number): boolean =>
  frame !== undefined && (frame.activeAt >= at || wentOn(frame.parent, at));

/** An error, what caused it, and what it collects. */
function reachable(error: unknown, found = new Set<unknown>()): Set<unknown> {
  if (found.has(error)) return found;
  found.add(error);
  if (error instanceof AggregateError) for (const inner of error.errors) reachable(inner, found);
  if (error instanceof Error && error.cause !== undefined) reachable(error.cause, found);
  return found;
}
