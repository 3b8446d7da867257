import { guarded, isError } from "../values/describe.ts";
import type { Frame } from "./frame.ts";

/** A failed step. */
export interface FailedStep {
  readonly id: string;
  readonly location: string | undefined;
}

interface Failure extends FailedStep {
  readonly error: unknown;
  /** Number of completions delivered, including this failure. */
  readonly at: number;
  readonly frame: Frame;
}

/** The failures that were delivered to a workflow, to know which of them it handled (R7). */
export class Failures {
  private readonly failures: Failure[] = [];
  /** Numbers of completions delivered when the latest call outside of clean-up was made, and when the latest work of clean-up was delivered. */
  private workedAt = 0;
  private cleanedUpAt = 0;

  add(failure: Failure): void {
    this.failures.push(failure);
  }

  /**
   * Ids of the failures that the workflow did not handle: no activation that led to the step continued after the failure, or the
   * error is what the workflow ended with, or a cause of it.
   */
  unhandled(end: unknown): string[] {
    const causes = reachable(end);
    const isCause = (failure: Failure): boolean => causes.has(failure.error) && this.isLatest(failure);
    return this.failures
      .filter((failure) => isCause(failure) || !continuedAfter(failure.frame, failure.at))
      .map(({ id }) => id);
  }

  /** @param delivered - number of completions delivered before */
  called(isCleanUp: boolean, delivered: number): void {
    if (!isCleanUp) this.workedAt = delivered;
  }

  /** @param delivered - number of completions delivered, including this work of clean-up */
  cleanedUp(delivered: number): void {
    this.cleanedUpAt = delivered;
  }

  /** The step that failed last among these. */
  lastOf(ids: readonly string[]): FailedStep | undefined {
    return this.failures.findLast(({ id }) => ids.includes(id));
  }

  /** Whether clean-up has done durable work since the first of the unhandled failures; without any, since the latest other work. */
  hasCompensated(unhandled: readonly string[]): boolean {
    const failed = this.failures.filter(({ id }) => unhandled.includes(id)).map(({ at }) => at);
    return this.cleanedUpAt > (failed.length > 0 ? Math.min(...failed) : this.workedAt);
  }

  /** Equal texts or numbers cannot be told apart: the workflow ended with the latest of them. */
  private isLatest({ error, at }: Failure): boolean {
    return isObject(error) || !this.failures.some((other) => other.error === error && other.at > at);
  }
}

const isObject = (value: unknown): boolean =>
  (typeof value === "object" && value !== null) || typeof value === "function";

const continuedAfter = (frame: Frame | undefined, at: number): boolean =>
  frame !== undefined && (frame.activeAt >= at || continuedAfter(frame.parent, at));

/** The error, its causes, and the errors of an AggregateError. A loop: chains of causes may be long. */
function reachable(end: unknown): Set<unknown> {
  const found = new Set([end]);
  for (const error of found) for (const inner of guarded(() => innerOf(error), [])) found.add(inner);
  return found;
}

function innerOf(error: unknown): readonly unknown[] {
  if (!isError(error)) return [];
  const causes = error.cause === undefined ? [] : [error.cause];
  return error instanceof AggregateError ? [...causes, ...(error.errors as readonly unknown[])] : causes;
}
