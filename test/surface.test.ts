import * as ai from "perdure-ai";
import * as chat from "perdure-ai/chat";
import * as postgres from "perdure-postgres";
import * as restate from "perdure-restate";
import * as compiler from "unplugin-perdure";
import * as bun from "unplugin-perdure/bun";
import * as check from "unplugin-perdure/check";
import * as esbuild from "unplugin-perdure/esbuild";
import * as farm from "unplugin-perdure/farm";
import * as loader from "unplugin-perdure/loader";
import * as rolldown from "unplugin-perdure/rolldown";
import * as rollup from "unplugin-perdure/rollup";
import * as rspack from "unplugin-perdure/rspack";
import * as tsc from "unplugin-perdure/tsc";
import * as typescriptPlugin from "unplugin-perdure/typescript-plugin";
import * as vite from "unplugin-perdure/vite";
import * as webpack from "unplugin-perdure/webpack";
import * as inspector from "@perdure/inspector";
import * as perdure from "perdure";
import * as engine from "perdure/engine";
import * as internal from "perdure/internal";
import * as otel from "perdure/otel";
import * as testing from "perdure/testing";
import * as tools from "perdure/tools";
import { expect, expectTypeOf, test } from "vitest";
import {
  complete,
  exponential,
  getRun,
  keyed,
  listRuns,
  recover,
  signal,
  sleep,
  start,
  taskOptions,
  worker,
  workflowOptions,
  type Run,
  type RunInfo,
  type RunStatus,
  type StandardSchema,
  type Worker,
} from "perdure";

const bundlers = {
  "unplugin-perdure/bun": bun,
  "unplugin-perdure/esbuild": esbuild,
  "unplugin-perdure/farm": farm,
  "unplugin-perdure/rolldown": rolldown,
  "unplugin-perdure/rollup": rollup,
  "unplugin-perdure/rspack": rspack,
  "unplugin-perdure/vite": vite,
  "unplugin-perdure/webpack": webpack,
};

test("the exports of every entry point match the snapshot", () => {
  const names = Object.fromEntries(
    Object.entries({
      perdure,
      "perdure/engine": engine,
      "perdure/internal": internal,
      "perdure/inspector": inspector,
      "perdure/otel": otel,
      "perdure/testing": testing,
      "perdure/tools": tools,
      "perdure-ai": ai,
      "perdure-ai/chat": chat,
      "perdure-postgres": postgres,
      "perdure-restate": restate,
      "unplugin-perdure": compiler,
      "unplugin-perdure/check": check,
      "unplugin-perdure/loader": loader,
      "unplugin-perdure/tsc": tsc,
      "unplugin-perdure/typescript-plugin": typescriptPlugin,
      ...bundlers,
    }).map(([name, module]) => [name, Object.keys(module).sort()]),
  );
  expect(names).toMatchInlineSnapshot(`
    {
      "perdure": [
        "CancelledError",
        "FatalError",
        "PerdureError",
        "ProcessDiedError",
        "Queue",
        "RetryableError",
        "TimeoutError",
        "cancelMany",
        "close",
        "complete",
        "configure",
        "constant",
        "countRuns",
        "exponential",
        "getRun",
        "getSchedule",
        "keyed",
        "linear",
        "listRuns",
        "memoryStore",
        "openStore",
        "progress",
        "prune",
        "queue",
        "queues",
        "recover",
        "retryMany",
        "schedule",
        "schedules",
        "shield",
        "signal",
        "sleep",
        "sqliteStore",
        "start",
        "startMany",
        "subscribe",
        "taskContext",
        "taskOptions",
        "toResponse",
        "unschedule",
        "worker",
        "workflowContext",
        "workflowOptions",
        "writable",
      ],
      "perdure-ai": [
        "approve",
        "deny",
        "durableEmbeddingModel",
        "durableImageModel",
        "durableModel",
        "durableRerankingModel",
        "durableSpeechModel",
        "durableTools",
        "durableTranscriptionModel",
        "pendingApprovals",
        "recordedIds",
        "usageOf",
      ],
      "perdure-ai/chat": [
        "RunChatTransport",
      ],
      "perdure-postgres": [
        "postgresStore",
      ],
      "perdure-restate": [
        "restate",
        "restateServices",
        "serve",
      ],
      "perdure/engine": [
        "Execution",
        "LiveStep",
        "bodyOf",
        "checkId",
        "codeOf",
        "currentRuntime",
        "defaultRunId",
        "flowOf",
        "fullFingerprint",
        "installed",
        "keepRejections",
        "outerStepId",
        "parseWith",
        "runIdOf",
        "stepName",
        "storedName",
        "toMilliseconds",
        "workflowOf",
      ],
      "perdure/inspector": [
        "inspectorHandler",
        "serveInspector",
      ],
      "perdure/internal": [
        "ABI_VERSION",
        "module",
      ],
      "perdure/otel": [
        "otel",
      ],
      "perdure/testing": [
        "TestClock",
        "advance",
        "asTask",
        "crashEverywhere",
        "memoryStore",
        "settled",
        "setup",
        "testStore",
      ],
      "perdure/tools": [
        "Build",
        "allRuns",
        "checkOptions",
        "copyStore",
        "createCodec",
        "openClient",
        "programClient",
        "schemaOf",
        "systemOwners",
        "workflowNameOf",
        "workflowNames",
      ],
      "unplugin-perdure": [
        "CompileError",
        "compile",
        "createProject",
        "default",
        "explain",
        "nodeHost",
      ],
      "unplugin-perdure/bun": [
        "default",
        "module.exports",
      ],
      "unplugin-perdure/check": [
        "check",
      ],
      "unplugin-perdure/esbuild": [
        "default",
        "module.exports",
      ],
      "unplugin-perdure/farm": [
        "default",
        "module.exports",
      ],
      "unplugin-perdure/loader": [
        "default",
      ],
      "unplugin-perdure/rolldown": [
        "default",
        "module.exports",
      ],
      "unplugin-perdure/rollup": [
        "default",
        "module.exports",
      ],
      "unplugin-perdure/rspack": [
        "default",
        "module.exports",
      ],
      "unplugin-perdure/tsc": [
        "default",
      ],
      "unplugin-perdure/typescript-plugin": [
        "default",
      ],
      "unplugin-perdure/vite": [
        "default",
        "module.exports",
      ],
      "unplugin-perdure/webpack": [
        "default",
        "module.exports",
      ],
    }
  `);
});

const order = async (id: string, amount?: number): Promise<{ total: number }> => ({ total: amount ?? id.length });

test("the exported functions have the documented types", () => {
  expectTypeOf(() => start(order, ["a", 1])).returns.toEqualTypeOf<Promise<Run<{ total: number }>>>();
  expectTypeOf(() => start(order, ["a"], { id: "x" }).then((run) => run.result())).returns.toEqualTypeOf<
    Promise<{ total: number }>
  >();
  // @ts-expect-error an id cannot be a number
  expectTypeOf(() => start(order, [1]));
  // @ts-expect-error an argument is missing
  expectTypeOf(() => start(order, []));
  expectTypeOf<Run["status"]>().returns.toEqualTypeOf<Promise<RunStatus>>();
  expectTypeOf(getRun<string>).returns.toEqualTypeOf<Promise<Run<string>>>();
  expectTypeOf(listRuns).returns.toEqualTypeOf<Promise<RunInfo[]>>();
  expectTypeOf(recover).returns.toEqualTypeOf<Promise<Run[]>>();
  expectTypeOf(worker).returns.toEqualTypeOf<Worker>();
  expectTypeOf(complete).returns.toEqualTypeOf<Promise<boolean>>();
  expectTypeOf(sleep).parameter(0).extract<string>().not.toBeNever();
  expectTypeOf(signal<{ ok: boolean }>).returns.toEqualTypeOf<Promise<{ ok: boolean }>>();
  expectTypeOf(keyed<Promise<number>>).returns.toEqualTypeOf<Promise<number>>();
  expectTypeOf(exponential)
    .parameter(0)
    .toEqualTypeOf<{ base?: number; max?: perdure.Duration; jitter?: boolean } | undefined>();
  const schema = {} as StandardSchema<Date>;
  expectTypeOf(taskOptions<[string], Date>).returns.toEqualTypeOf<(id: string) => Promise<Date>>();
  expectTypeOf(() => taskOptions(order, { result: schema })).returns.toEqualTypeOf<
    (id: string, amount?: number) => Promise<Date>
  >();
  const keep: () => (typeof order)[] = () => [
    taskOptions(order, { retries: 1 }),
    workflowOptions(order, { id: (id, amount) => `${id}-${amount ?? 0}` }),
  ];
  expectTypeOf(keep).toBeFunction();
});
