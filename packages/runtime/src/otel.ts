/** `perdure/otel`: traces and metrics for OpenTelemetry. `@opentelemetry/api` is an optional peer of this package. */
import { monitorEventLoopDelay, type IntervalHistogram } from "node:perf_hooks";
import {
  context,
  metrics,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type BatchObservableCallback,
  type Meter,
  type ObservableCallback,
  type Span,
  type SpanContext,
  type Tracer,
} from "@opentelemetry/api";
import { elapsed } from "@perdure/protocol";
import type { RuntimeEvent } from "./config/events.ts";
import type { AttemptInfo, ExecutionInfo, Gauges, Instrumentation } from "./config/instrumentation.ts";

export interface OtelOptions {
  /** Default: the global tracer `perdure`. */
  readonly tracer?: Tracer;
  /** Default: the global meter `perdure`. */
  readonly meter?: Meter;
  /** Whether to measure the delay of the event loop. Default true; false where the program measures it already. */
  readonly eventLoop?: boolean;
}

/** Boundaries of histograms, in seconds. The default ones of OpenTelemetry are for milliseconds. */
const ATTEMPT_TIMES = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
const COMMIT_TIMES = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5, 30];

/**
 * For `configure({ instrumentation: otel() })`.
 *
 * Traces: a span where a run is started, below it one for each execution of the run, in whichever process, and below that one for each attempt of
 * a task; none for steps that are replayed. The context of `start` is recorded with the run, so all of this is one trace, also after a crash. What a
 * crash interrupts has no span, since nobody is left to end it.
 *
 * Metrics, where `s` is seconds:
 *
 * - `perdure.runs` counts what happens to runs in this process, by workflow and event.
 * - `perdure.runs.current` is how many runs the store has, by workflow, file and status, whichever process reads it. A collection reads the store once.
 * - `perdure.task.attempts` counts attempts by workflow, task and outcome; `perdure.task.duration` (s) measures them. `perdure.task.retries` counts
 *   failed attempts after which there is another one.
 * - `perdure.commit.duration` (s) measures the transactions that record what happened in runs. Steps that end in one turn of the event loop share one.
 * - `perdure.queue.running` and `perdure.queue.waiting` are how many slots of a queue are taken, and how many runs and tasks stand in line, by queue,
 *   whichever process reads it. A collection reads the store once.
 * - `perdure.worker.queue` is how many runs had no place in the workers of this process when these last looked.
 * - `nodejs.eventloop.delay.p50`, `.p99` and `.max` (s), by the semantic conventions of OpenTelemetry: how late the event loop was since the last
 *   collection, by `monitorEventLoopDelay` of Node.js. Measured from the first collection on. `eventLoop: false` leaves them out.
 */
export function otel({
  tracer = trace.getTracer("perdure"),
  meter = metrics.getMeter("perdure"),
  eventLoop = true,
}: OtelOptions = {}): Instrumentation {
  const executions = new Map<string, Span>();
  const runs = meter.createCounter("perdure.runs", { description: "What happened to runs" });
  const attempts = meter.createCounter("perdure.task.attempts", { description: "Attempts of tasks" });
  const retries = meter.createCounter("perdure.task.retries", {
    description: "Failed attempts that are followed by another",
  });
  const duration = meter.createHistogram("perdure.task.duration", {
    description: "Time of attempts",
    unit: "s",
    advice: { explicitBucketBoundaries: ATTEMPT_TIMES },
  });
  const commits = meter.createHistogram("perdure.commit.duration", {
    description: "Time of the transactions that record what happened in runs",
    unit: "s",
    advice: { explicitBucketBoundaries: COMMIT_TIMES },
  });

  return {
    onStart({ run, workflow }) {
      const span = tracer.startSpan(`start ${workflow}`, { kind: SpanKind.PRODUCER, attributes: ofRun(run, workflow) });
      span.end();
      return textOf(span.spanContext());
    },

    aroundExecution({ run, workflow, trace: started, isResumed }: ExecutionInfo, body) {
      const parent = started === undefined ? undefined : contextOf(started);
      const attributes = { ...ofRun(run, workflow), "perdure.run.resumed": isResumed };
      const options = { kind: SpanKind.CONSUMER, attributes };
      const span = tracer.startSpan(
        `run ${workflow}`,
        options,
        parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : context.active(),
      );
      executions.set(run, span);
      return context.with(trace.setSpan(context.active(), span), body);
    },

    aroundAttempt({ run, workflow, step, task, attempt, location }: AttemptInfo, call) {
      const attributes = {
        ...ofRun(run, workflow),
        "perdure.step.id": step,
        "perdure.task": task,
        "perdure.attempt": attempt,
        ...placeOf(location),
      };
      const span = tracer.startSpan(`task ${task}`, { attributes });
      const began = elapsed();
      const ended = (outcome: "completed" | "failed", error?: unknown): void => {
        if (outcome === "failed") fail(span, error);
        span.end();
        attempts.add(1, { "perdure.task": task, "perdure.workflow": workflow, outcome });
        duration.record((elapsed() - began) / 1000, { "perdure.task": task, "perdure.workflow": workflow });
      };
      const result = context.with(trace.setSpan(context.active(), span), call);
      Promise.resolve(result).then(
        () => ended("completed"),
        (error: unknown) => ended("failed", error),
      );
      return result;
    },

    onEvent(event: RuntimeEvent) {
      if (event.subject === "step") {
        if (event.type === "retrying")
          retries.add(1, { "perdure.task": event.name, "perdure.workflow": event.workflow });
        return;
      }
      const { run, workflow, type, error } = event;
      runs.add(1, { "perdure.workflow": workflow, event: type });
      if (type === "started" || type === "resumed") return;
      const span = executions.get(run);
      executions.delete(run);
      span?.setAttribute("perdure.run.event", type);
      if (span && (type === "failed" || type === "blocked" || type === "stopped")) fail(span, error);
      span?.end();
    },

    onCommit({ milliseconds, error }) {
      commits.record(milliseconds / 1000, error === undefined ? {} : { "error.type": typeOf(error) });
    },

    onOpen(gauges) {
      const ends = [
        observeRuns(meter, gauges),
        observeQueues(meter, gauges),
        ...(eventLoop ? [observeEventLoop(meter)] : []),
      ];
      return () => ends.forEach((end) => end());
    },
  };
}

/** Returns a function that ends it, like the next one. */
function observeRuns(meter: Meter, { queued, countRuns }: Gauges): () => void {
  const current = meter.createObservableGauge("perdure.runs.current", {
    description: "Runs in the store",
    unit: "{run}",
  });
  const queue = meter.createObservableGauge("perdure.worker.queue", {
    description: "Runs that have no place in the workers of this process",
    unit: "{run}",
  });
  /** What has been observed: a gauge keeps its last value until it is told another one. */
  const known = new Map<string, Attributes>();
  const observeCurrent: ObservableCallback = async (result) => {
    const counts = new Map<string, number>();
    for (const { workflow, file, status, count } of await countRuns()) {
      const attributes = { "perdure.workflow": workflow, "code.file.path": file, "perdure.run.status": status };
      const key = JSON.stringify(attributes);
      known.set(key, attributes);
      counts.set(key, count);
    }
    for (const [key, attributes] of known) result.observe(counts.get(key) ?? 0, attributes);
  };
  const observeQueue: ObservableCallback = (result) => result.observe(queued());
  current.addCallback(observeCurrent);
  queue.addCallback(observeQueue);
  return () => {
    current.removeCallback(observeCurrent);
    queue.removeCallback(observeQueue);
  };
}

function observeQueues(meter: Meter, { queues }: Gauges): () => void {
  const running = meter.createObservableGauge("perdure.queue.running", {
    description: "Slots of a queue that are taken",
    unit: "{slot}",
  });
  const waiting = meter.createObservableGauge("perdure.queue.waiting", {
    description: "Runs and tasks that stand in line of a queue",
    unit: "{item}",
  });
  /** One that is not used any more is not listed. */
  const known = new Set<string>();
  const observe: BatchObservableCallback = async (result) => {
    const rows = new Map((await queues()).map((row) => [row.name, row]));
    for (const name of rows.keys()) known.add(name);
    for (const name of known) {
      const attributes = { "perdure.queue": name };
      result.observe(running, rows.get(name)?.running ?? 0, attributes);
      result.observe(waiting, rows.get(name)?.waiting ?? 0, attributes);
    }
  };
  meter.addBatchObservableCallback(observe, [running, waiting]);
  return () => meter.removeBatchObservableCallback(observe, [running, waiting]);
}

function observeEventLoop(meter: Meter): () => void {
  const options = { description: "Delay of the event loop", unit: "s" };
  const p50 = meter.createObservableGauge("nodejs.eventloop.delay.p50", options);
  const p99 = meter.createObservableGauge("nodejs.eventloop.delay.p99", options);
  const max = meter.createObservableGauge("nodejs.eventloop.delay.max", options);
  let delays: IntervalHistogram | undefined;
  const observe: BatchObservableCallback = (result) => {
    if (delays && delays.count > 0) {
      result.observe(p50, delays.percentile(50) / 1e9);
      result.observe(p99, delays.percentile(99) / 1e9);
      result.observe(max, delays.max / 1e9);
      delays.reset();
    } else if (!delays) {
      delays = monitorEventLoopDelay();
      delays.enable();
    }
  };
  meter.addBatchObservableCallback(observe, [p50, p99, max]);
  return () => {
    delays?.disable();
    meter.removeBatchObservableCallback(observe, [p50, p99, max]);
  };
}

const ofRun = (run: string, workflow: string): Attributes => ({ "perdure.run.id": run, "perdure.workflow": workflow });

/** The attributes of a place in the source, such as `src/orders.ts:12:18`, by the semantic conventions of OpenTelemetry. */
function placeOf(location: string | undefined): Attributes {
  const [, file, line, column] = /^(.+):(\d+):(\d+)$/.exec(location ?? "") ?? [];
  if (file === undefined) return {};
  return { "code.file.path": file, "code.line.number": Number(line), "code.column.number": Number(column) };
}

/** The value of `error.type`: a code, such as `STORE_TIMEOUT`, or the name of a class. */
function typeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

function fail(span: Span, error: unknown): void {
  if (error instanceof Error) span.recordException(error);
  span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
}

/** The form of the W3C header `traceparent`. Undefined where nothing traces. */
function textOf(span: SpanContext): string | undefined {
  if (!trace.isSpanContextValid(span)) return undefined;
  return `00-${span.traceId}-${span.spanId}-0${Number(span.traceFlags) & TraceFlags.SAMPLED}`;
}

function contextOf(text: string): SpanContext | undefined {
  const [, traceId = "", spanId = "", flags = "0"] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-0([01])$/.exec(text) ?? [];
  const found = { traceId, spanId, traceFlags: Number(flags), isRemote: true };
  return trace.isSpanContextValid(found) ? found : undefined;
}
