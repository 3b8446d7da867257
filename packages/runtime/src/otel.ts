/** `perdure/otel`: traces and metrics for OpenTelemetry. `@opentelemetry/api` is an optional peer of this package. */
import {
  context,
  metrics,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Meter,
  type Span,
  type SpanContext,
  type Tracer,
} from "@opentelemetry/api";
import { elapsed } from "@perdure/protocol";
import type { RuntimeEvent } from "./config/events.ts";
import type { AttemptInfo, ExecutionInfo, Instrumentation } from "./config/instrumentation.ts";

export interface OtelOptions {
  /** Default: the global tracer `perdure`. */
  readonly tracer?: Tracer;
  /** Default: the global meter `perdure`. */
  readonly meter?: Meter;
}

/**
 * For `configure({ instrumentation: otel() })`.
 *
 * Traces: a span where a run is started, below it one for each execution of the run, in whichever process, and below that one for each attempt of
 * a task; none for steps that are replayed. The context of `start` is recorded with the run, so all of this is one trace, also after a crash. What a
 * crash interrupts has no span, since nobody is left to end it.
 *
 * Metrics: `perdure.runs` counts what happens to runs, by workflow and event; `perdure.task.attempts` counts attempts by task and outcome;
 * `perdure.task.duration` measures them, in seconds.
 */
export function otel({
  tracer = trace.getTracer("perdure"),
  meter = metrics.getMeter("perdure"),
}: OtelOptions = {}): Instrumentation {
  const executions = new Map<string, Span>();
  const runs = meter.createCounter("perdure.runs", { description: "What happened to runs" });
  const attempts = meter.createCounter("perdure.task.attempts", { description: "Attempts of tasks" });
  const duration = meter.createHistogram("perdure.task.duration", { description: "Time of attempts", unit: "s" });

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
      if (event.subject === "step") return;
      const { run, workflow, type, error } = event;
      runs.add(1, { "perdure.workflow": workflow, event: type });
      if (type === "started" || type === "resumed") return;
      const span = executions.get(run);
      executions.delete(run);
      span?.setAttribute("perdure.run.event", type);
      if (span && (type === "failed" || type === "blocked" || type === "stopped")) fail(span, error);
      span?.end();
    },
  };
}

const ofRun = (run: string, workflow: string): Attributes => ({ "perdure.run.id": run, "perdure.workflow": workflow });

/** The attributes of a place in the source, such as `src/orders.ts:12:18`, by the semantic conventions of OpenTelemetry. */
function placeOf(location: string | undefined): Attributes {
  const [, file, line, column] = /^(.+):(\d+):(\d+)$/.exec(location ?? "") ?? [];
  if (file === undefined) return {};
  return { "code.file.path": file, "code.line.number": Number(line), "code.column.number": Number(column) };
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
