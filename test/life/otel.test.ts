/** Traces and metrics for OpenTelemetry. */
import { context, SpanStatusCode, trace, type Attributes } from "@opentelemetry/api";
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
import {
  close,
  listRuns,
  recover,
  sleep,
  start,
  taskContext,
  worker,
  type CommitInfo,
  type Gauges,
  type Instrumentation,
} from "perdure";
import { advance, memoryStore, settled, setup } from "perdure/testing";
import { otel } from "../../packages/runtime/src/otel.ts";

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });

interface Point {
  readonly attributes: Attributes;
  readonly value: unknown;
}

function createMeters(): { readonly meters: MeterProvider; readonly collected: (name: string) => Promise<Point[]> } {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 });
  const meters = new MeterProvider({ readers: [reader] });
  /** What a reader collects now of one metric. */
  async function collected(name: string): Promise<Point[]> {
    await reader.forceFlush();
    const metrics =
      exporter
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
    return metrics
      .filter(({ descriptor }) => descriptor.name === name)
      .flatMap(({ dataPoints }): Point[] => dataPoints);
  }
  return { meters, collected };
}

const { meters, collected } = createMeters();
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

let release = (): void => {};
const held = new Promise<void>((resolve) => (release = resolve));

async function wait(): Promise<void> {
  "use task";
  await held;
}

export async function hold(_id: string): Promise<void> {
  "use workflow: id={_id}";
  await wait();
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

const attributesOf = async (name: string): Promise<Attributes[]> =>
  (await collected(name)).map(({ attributes }) => attributes);

test("metrics count runs, attempts and retries", async () => {
  begin();
  const before = (await collected("perdure.task.retries"))[0]?.value ?? 0;
  await start(order, ["b", -1]);
  await advance("2h");
  expect(await attributesOf("perdure.runs")).toContainEqual({ "perdure.workflow": "order", event: "completed" });
  const ship = { "perdure.task": "ship", "perdure.workflow": "order" };
  const charge = { "perdure.task": "charge", "perdure.workflow": "order" };
  expect(await attributesOf("perdure.task.attempts")).toContainEqual({ ...ship, outcome: "completed" });
  expect(await attributesOf("perdure.task.attempts")).toContainEqual({ ...charge, outcome: "failed" });
  expect(await attributesOf("perdure.task.duration")).toContainEqual(charge);
  expect(await collected("perdure.task.retries")).toEqual([
    expect.objectContaining({ attributes: charge, value: Number(before) + 1 }),
  ]);
});

test("the time of commits is measured, also of those that the store refuses", async () => {
  const store = memoryStore();
  let refuses = false;
  const commit = store.commit.bind(store);
  store.commit = (writes) => {
    if (refuses) throw Object.assign(new Error("the disk is full"), { code: "SQLITE_FULL" });
    return commit(writes);
  };
  const commits: CommitInfo[] = [];
  begin({ instrumentation: { ...instrumentation(), onCommit: (commit) => void commits.push(commit) } });
  await start(order, ["m", 5]);
  await settled();
  const one = { writes: 1, milliseconds: expect.any(Number) as number };
  expect(commits).toEqual([one, one]); // the end of the task, and the wait
  await close();
  begin({ store });
  await start(order, ["n", 5]);
  await settled();
  refuses = true;
  await start(order, ["o", 5]);
  await settled();
  refuses = false;
  const points = await collected("perdure.commit.duration");
  expect(points).toContainEqual(
    expect.objectContaining({
      attributes: {},
      value: expect.objectContaining({ sum: expect.any(Number) as number }) as unknown,
    }),
  );
  expect(points.map(({ attributes }) => attributes)).toContainEqual({ "error.type": "SQLITE_FULL" });
});

test("runs that find no place in a worker are a queue", async () => {
  const { crash } = begin();
  for (const id of ["q1", "q2", "q3"]) await start(hold, [id]);
  crash();
  const one = worker({ concurrency: 1 });
  await one.tick();
  expect(await collected("perdure.worker.queue")).toMatchObject([{ value: 2 }]);
  release();
  await one.stop();
  expect(await collected("perdure.worker.queue")).toMatchObject([{ value: 0 }]);
});

test("the queues of the store are told by name, also when nothing uses one any more", async () => {
  const { meters, collected } = createMeters();
  onTestFinished(() => meters.shutdown());
  const { store } = begin({ instrumentation: otel({ tracer: provider.getTracer("t"), meter: meters.getMeter("t") }) });
  const queue = { queue: "letters", key: "", rank: 0 };
  const run = { workflow: "order", file: "a.ts", input: "[]", inputHash: "h", seed: "s", code: "c", modules: "{}" };
  await store.defineQueue?.({ name: "letters", concurrency: 1 });
  for (const id of ["a", "b", "c"]) await store.createRun({ ...run, id, createdAt: 0, queue });
  await listRuns();
  const told = async (): Promise<unknown[]> =>
    [...(await collected("perdure.queue.running")), ...(await collected("perdure.queue.waiting"))].map((point) => [
      point.attributes,
      point.value,
    ]);
  const letters = { "perdure.queue": "letters" };
  expect(await told()).toEqual([
    [letters, 1],
    [letters, 2],
  ]);
  store.queues = () => [];
  expect(await told()).toEqual([
    [letters, 0],
    [letters, 0],
  ]);
});

test("the runs of the store are told by status, also when none of them has it any more", async () => {
  const { meters, collected } = createMeters();
  onTestFinished(() => meters.shutdown());
  begin({ instrumentation: otel({ meter: meters.getMeter("t") }) });
  const current = async (): Promise<unknown[]> =>
    (await collected("perdure.runs.current")).map(({ attributes, value }) => [
      attributes["perdure.workflow"],
      attributes["code.file.path"],
      attributes["perdure.run.status"],
      value,
    ]);
  for (const id of ["c1", "c2"]) await start(order, [id, 5]);
  await settled();
  const name = ["order", "test/life/otel.test.ts"];
  expect(await current()).toEqual([[...name, "running", 2]]);
  await advance("2m");
  expect(await current()).toEqual([
    [...name, "running", 0],
    [...name, "waiting", 2],
  ]);
});

test("gauges end with the process, or when it closes its store", async () => {
  const seen: string[] = [];
  const onOpen = ({ queued }: Gauges): (() => void) => {
    seen.push(`open, ${queued()}`);
    return () => void seen.push("closed");
  };
  const { crash } = begin({ instrumentation: { onOpen } });
  expect(seen).toEqual([]);
  await start(order, ["g", 5]);
  await start(order, ["h", 5]);
  crash();
  await listRuns();
  await close();
  expect(seen).toEqual(["open, 0", "closed", "open, 0", "closed"]);
});

test("the delay of the event loop is measured from the first collection on, where it is wanted", async () => {
  const { meters, collected } = createMeters(); // a gauge keeps what other tests have measured
  const meter = meters.getMeter("t");
  begin({ instrumentation: otel({ meter, eventLoop: false }) });
  await start(order, ["w", 5]);
  await settled();
  const max = async (): Promise<unknown> => (await collected("nodejs.eventloop.delay.max"))[0]?.value;
  expect([await max(), await max()]).toEqual([undefined, undefined]);
  await close();
  begin({ instrumentation: otel({ meter }) });
  await start(order, ["l", 5]);
  await settled();
  expect(await max()).toBeUndefined();
  await new Promise((resolve) => setTimeout(resolve, 30)); // the monitor looks at the time every ten milliseconds
  const until = performance.now() + 200;
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(await max()).toBeGreaterThan(0.1);
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
    onCommit: mistake,
    onOpen: mistake,
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
  expect(errors).toContain("instrumentation.onCommit threw: Error: a mistake in the instrumentation");
  expect(errors).toContain("instrumentation.onOpen threw: Error: a mistake in the instrumentation");
  expect(errors).toContain("instrumentation.onEvent threw: Error: a mistake in the instrumentation");
});

test("without a tracer, nothing is recorded with a run", async () => {
  const { store } = begin({ instrumentation: otel() });
  await start(order, ["n", 5]);
  await settled();
  expect(await store.getRun("n")).not.toHaveProperty("trace");
});
