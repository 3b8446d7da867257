import { elapsed } from "@perdure/protocol";
import type { Awaitable, QueueRow, RunCount } from "@perdure/store";
import { headlineOf } from "../values/describe.ts";
import type { RuntimeEvent } from "./events.ts";
import type { Logger } from "./logger.ts";

/** A run that a process begins to execute, or to execute again. */
export interface ExecutionInfo {
  readonly run: string;
  readonly workflow: string;
  /** What `onStart` returned when the run was started; undefined if it returned nothing. */
  readonly trace: string | undefined;
  /** Whether the run has been executed before. */
  readonly isResumed: boolean;
}

/** An attempt of a task that is about to begin. */
export interface AttemptInfo {
  readonly run: string;
  readonly workflow: string;
  readonly step: string;
  readonly task: string;
  /** From 1. Attempts before a crash count where they were recorded. */
  readonly attempt: number;
  /** Where the task was called, such as `src/orders.ts:12:18`. */
  readonly location: string | undefined;
}

/** A transaction of the store that recorded what happened in runs of this process. */
export interface CommitInfo {
  /** How many records it had: those of one turn of the event loop. */
  readonly writes: number;
  readonly milliseconds: number;
  /** What the store threw, if it failed. */
  readonly error?: unknown;
}

/** What can be asked about a process and its store, for gauges. Nothing of it is measured before it is asked for. */
export interface Gauges {
  /** Runs that a worker of this process would have resumed when it last looked, if it had had a place for them; 1000 at most. */
  readonly queued: () => number;
  /** How many runs the store has, by workflow and status, from all processes. Each call reads the store. */
  readonly countRuns: () => Awaitable<readonly RunCount[]>;
  /** The queues of the store, and what runs and waits in them, from all processes. Each call reads the store. */
  readonly queues: () => Awaitable<readonly QueueRow[]>;
}

/**
 * What a tracer needs: functions around the code that it measures, and everything that happens. None of them can fail a run. `perdure/otel` has one for
 * OpenTelemetry.
 */
export interface Instrumentation {
  /** Called in the asynchronous context of the code that starts a run. The text that it returns is recorded with the run, and is not part of its input. */
  readonly onStart?: (run: { readonly run: string; readonly workflow: string }) => string | undefined;
  /** Has to call `body`, in the context that the workflow and its tasks are to have, and to return what it returns. */
  readonly aroundExecution?: <R>(execution: ExecutionInfo, body: () => R) => R;
  /** Has to call `call`, in the context that the attempt is to have, and to return what it returns. Recorded tasks are not attempted. */
  readonly aroundAttempt?: <R>(attempt: AttemptInfo, call: () => R) => R;
  readonly onEvent?: (event: RuntimeEvent) => void;
  readonly onCommit?: (commit: CommitInfo) => void;
  /** Called when the process opens its store. Returns a function that is called when it closes it. */
  readonly onOpen?: (gauges: Gauges) => () => void;
}

/** `call()` inside of `around`; without it if that throws, or does not call. */
export function inside<I, R>(
  around: (<T>(info: I, call: () => T) => T) | undefined,
  info: () => I,
  call: () => R,
  log: Pick<Logger, "error">,
): R {
  if (!around) return call();
  let result: { readonly value: R } | undefined;
  try {
    around(info(), () => (result ??= { value: call() }).value);
  } catch (error) {
    if (!result) log.error(`the instrumentation threw: ${headlineOf(error)}`, {});
  }
  return (result ??= { value: call() }).value;
}

/** `commit()`, and then `onCommit`, which must not throw. */
export function timed<R>(
  onCommit: (commit: CommitInfo) => void,
  writes: number,
  commit: () => Awaitable<R>,
): Awaitable<R> {
  const began = elapsed();
  const done = (failed?: { readonly error: unknown }): void =>
    onCommit({ writes, milliseconds: elapsed() - began, ...failed });
  try {
    const result = commit();
    if (!(result instanceof Promise)) done();
    else
      result.then(
        () => done(),
        (error: unknown) => done({ error }),
      );
    return result;
  } catch (error) {
    done({ error });
    throw error;
  }
}
