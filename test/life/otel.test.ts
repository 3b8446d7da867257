/** Traces and metrics for OpenTelemetry. */
import { context, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  MeterProvider,
  PeriodicExportingMetricReader,
  InMemoryMetricExporter,
  AggregationTemporality,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from "@opentelemetry/sdk-trace-base";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { close, recover, sleep, start, taskContext, type Instrumentation } from "perdure";
import { advance, settled, setup } from "perdure/testing";
import { otel } from "../../packages/runtime/src/otel.ts";

const exporter = new InMemorySpanExporter();
const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 2 ** 30 });
const meters = new MeterProvider({ readers: [reader] });
const instrumentation = (): Instrumentation => otel({ tracer: provider.getTracer("t"), meter: meters.getMeter("t") });

beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
afterAll(async () => {
  context.disable();
  await meters.shutdown();
});

function begin(options: Parameters<typeof setup>[0] = {}): ReturnType<typeof setup> {
  exporter.reset();
  onTestFinished(close);
  return setup({ logLevel: "silent", lease: "1h", pollInterval: "1s", instrumentation: instrumentation(), ...options });
}

const inside: (string | undefined)[] = [];

async function charge(amount: number): Promise<number> {
  "use task: retries=1, backoff=constant(1m)";
  inside.push(trace.getActiveSpan()?.spanContext().spanId);
  if (amount < 0 && taskContext().attempt === 1) throw new RangeError("the line is busy");
  return amount;
}

async function ship(): Promise<string> {
  "use task";
  return "shipped";
}

export async function order(_id: string, amount: number): Promise<string> {
  "use workflow: id={_id}";
  await charge(amount);
  await sleep("1h");
  return ship();
}

const names = (spans: readonly ReadableSpan[]): string[] => spans.map(({ name }) => name);
const parentOf = ({ parentSpanContext }: ReadableSpan): string | undefined => parentSpanContext?.spanId;

test("a run that was killed and resumed in another process is one trace, without spans for replayed steps", async () => {
  const { crash } = begin();
  inside.length = 0;
  await provider.getTracer("caller").startActiveSpan("request", async (span) => {
    await start(order, ["a", -1]);
    span.end();
  });
  await advance("2m");
  crash();
  await recover();
  await advance("2h");
  const spans = exporter.getFinishedSpans();
  const [started, request, first, second] = spans;
  expect(new Set(spans.map((span) => span.spanContext().traceId))).toHaveLength(1);
  expect(names(spans)).toEqual([
    "start order",
    "request",
    "task charge", // failed
    "task charge",
    "run order", // it left memory for the sleep
    "task ship",
    "run order",
  ]);
  if (!started || !request || !first || !second) throw new Error("the names are right");
  expect(parentOf(started)).toBe(request.spanContext().spanId);
  const [left, resumed] = spans.filter(({ name }) => name === "run order");
  expect([left, resumed].map((span) => span && parentOf(span))).toEqual([
    started.spanContext().spanId,
    started.spanContext().spanId,
  ]);
  expect([left, resumed].map((span) => span?.attributes["perdure.run.event"])).toEqual(["released", "completed"]);
  expect(resumed?.attributes).toMatchObject({
    "perdure.run.id": "a",
    "perdure.workflow": "order",
    "perdure.run.resumed": true,
  });
  expect([parentOf(first), parentOf(second)]).toEqual([left?.spanContext().spanId, left?.spanContext().spanId]);
  expect(first.status).toEqual({ code: SpanStatusCode.ERROR, message: "the line is busy" });
  expect(first.attributes).toMatchObject({
    "perdure.step.id": "charge[0]",
    "perdure.attempt": 1,
    "code.file.path": "test/life/otel.test.ts",
    "code.line.number": expect.any(Number) as number,
  });
  expect(inside).toEqual([first.spanContext().spanId, second.spanContext().spanId]);
});

test("metrics count runs and attempts", async () => {
  begin();
  await start(order, ["b", 5]);
  await advance("2h");
  await reader.forceFlush();
  const metrics =
    metricExporter
      .getMetrics()
      .at(-1)
      ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
  const points = (name: string): unknown[] =>
    metrics
      .filter(({ descriptor }) => descriptor.name === name)
      .flatMap(({ dataPoints }) => dataPoints.map(({ attributes }) => attributes));
  expect(points("perdure.runs")).toContainEqual({ "perdure.workflow": "order", event: "completed" });
  expect(points("perdure.task.attempts")).toContainEqual({
    "perdure.task": "ship",
    "perdure.workflow": "order",
    outcome: "completed",
  });
  expect(points("perdure.task.duration")).toContainEqual({ "perdure.task": "charge", "perdure.workflow": "order" });
});

test("instrumentation that throws, or calls nothing, fails no run", async () => {
  const mistake = (): never => {
    throw new Error("a mistake in the instrumentation");
  };
  const errors: string[] = [];
  const logger = { debug() {}, info() {}, warn() {}, error: (message: string) => void errors.push(message) };
  const throwing: Instrumentation = {
    onStart: mistake,
    aroundExecution: mistake,
    aroundAttempt: mistake,
    onEvent: mistake,
  };
  const careless = { aroundExecution: () => undefined, aroundAttempt: () => undefined } as unknown as Instrumentation;
  for (const [id, broken] of [
    ["t", throwing],
    ["c", careless],
  ] as const) {
    begin({ instrumentation: broken, logger, logLevel: "error" });
    const run = await start(order, [id, 5]);
    await advance("2h");
    expect(await run.result()).toBe("shipped");
  }
  expect(errors).toContain("the instrumentation threw: Error: a mistake in the instrumentation");
  expect(errors).toContain("instrumentation.onEvent threw: Error: a mistake in the instrumentation");
});

test("without a tracer, nothing is recorded with a run", async () => {
  const { store } = begin({ instrumentation: otel() });
  await start(order, ["n", 5]);
  await settled();
  expect(await store.getRun("n")).not.toHaveProperty("trace");
});
