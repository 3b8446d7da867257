import { inspect } from "node:util";
import { expect, test } from "vitest";
import { messages, PerdureError, type MessageCode, type MessageParams } from "../src/index.ts";

const place = {
  run: "order-17",
  workflow: "order",
  step: "for[3]/ship[0]",
  recordedAt: "src/order.ts:12:11",
  calledAt: "src/order.ts:14:11",
};
const steps = ["ship[0] (src/order.ts:12:11)", "bill[0] (src/order.ts:13:11)"];

/** One example of each message; the type requires one for every code. */
const examples: { readonly [C in MessageCode]: MessageParams<C> } = {
  CLEAN_UP_SKIPPED: { run: "order-17", workflow: "order", error: "PerdureError: …" },
  WAITS_OUTSIDE: { run: "order-17", workflow: "order", step: "pack[0]", location: "src/order.ts:12:9" },
  CALL_AFTER_END: { name: "ship", run: "order-17", step: "ship[0]", reason: "the run has completed", continues: false },
  REASON_UNREADABLE: { run: "order-17", workflow: "order", error: "Error: Unknown type Money" },
  REJECTION_UNHANDLED: { run: "order-17", workflow: "order", error: "Error: card declined" },
  RUN_KEEPS_FAILING: { run: "order-17", workflow: "order", times: 10 },
  STEP_UNREADABLE: { code: 9 },
  STORE_REPLACED: { path: "/data/perdure.db" },
  STORE_TIMEOUT: { name: "postgres:", method: "commit", ms: 15_000 },
  WORKFLOW_NOT_LOADED: { workflow: "order", file: "src/order.ts", runs: ["order-17", "order-18"] },
  CALLEE_NOT_COMPILED: {
    name: "charge",
    file: "../../packages/jobs/index.js",
    package: "@acme/jobs",
    directive: false,
    location: "src/order.ts:12:9",
    run: "order-17",
    workflow: "order",
  },
  ABI_DIFFERS: { file: "src/order.ts", compiled: 2, runtime: 1 },
  CONFIGURED_TOO_LATE: {},
  DURATION_INVALID: { what: "sleep", value: "3 fortnights" },
  CLOCK_STANDS_STILL: { run: "order-17", workflow: "order", step: "ship[0]", attempt: 2, wait: '"1h"' },
  FAKE_OF_NO_TASK: { name: "send", isWorkflow: false },
  INPUT_CHANGED: place,
  MANIFEST_INVALID: {
    source: "dist/perdure.json",
    path: "modules.0.file",
    problem: "Invalid type: Expected string but received undefined",
  },
  NOT_A_TASK: { name: "order" },
  NOT_A_WORKFLOW: { name: "ship", location: "src/order.ts:3:1" },
  NOT_COMPILED: { name: "order", directive: true },
  NOT_DETERMINISTIC: place,
  NOT_IN_A_TASK: {},
  NOT_IN_A_WORKFLOW: {},
  STEP_NOT_FOUND: { run: "order-17", step: "ship[0]", wanted: "finished" },
  NOT_RECOVERABLE: { workflow: "order" },
  OPTION_UNKNOWN: { owner: "configure()", name: "leese", known: ["store", "lease"], suggestion: "lease" },
  OPTION_INVALID: { option: "retries", value: "-1", expected: "a whole number from 0" },
  REGISTER_BYPASSED: { file: "src/order.ts" },
  RENAME_IN_USE: { rename: ["bill", "charge"], location: "src/order.ts:3:1" },
  STEP_MOVED: {
    ...place,
    step: "handle[0]/charge[0]",
    recorded: "charge[0]",
    rename: ["charge[0]", "handle[0]/charge[0]"],
  },
  RENAME_INVALID: {
    from: "bill",
    to: "charge",
    problem: 'it leads back to itself: "bill" → "charge", "charge" → "bill"',
  },
  RUN_ID_INCOMPLETE: { workflow: "order", placeholder: "order.id", found: "undefined", expected: "text" },
  RUN_ID_INVALID: { workflow: "order", found: "0 characters" },
  RUN_INPUT_DIFFERS: { run: "order-17", workflow: "order" },
  RUN_NOT_FOUND: { run: "order-17" },
  STREAM_OUTSIDE_RUN: { stream: "tokens" },
  STREAM_CLOSED: { stream: "tokens", run: "order-17", by: "step ship[0]" },
  STREAM_NOT_WRITTEN: { stream: "tokens", run: "order-17", reason: "another process executes it" },
  STREAM_TOO_LARGE: { stream: "tokens", run: "order-17", option: "chunkBytes", size: 2_000_000, limit: 1_048_576 },
  STREAM_RESET: { stream: "tokens", run: "order-17", from: 3 },
  STREAMS_NOT_SUPPORTED: { store: "redis:", stream: "tokens" },
  QUEUE_UNKNOWN: { queue: "mial", wanted: "the task send (src/mail.ts:3:1)", known: ["mail"], suggestion: "mail" },
  QUEUE_NAME_TAKEN: {
    queue: "send",
    first: "the task send (src/mail.ts:3:1)",
    second: "the task send (src/sms.ts:5:1)",
  },
  QUEUE_KEY_INVALID: {
    queue: "shipments",
    name: "the workflow ship (src/ship.ts:3:1)",
    problem: "{customer} in key= of its directive is undefined",
  },
  QUEUE_DEADLOCK: {
    waits: [
      { run: "order-1", task: "bill", queue: "bank", calls: "notify", needs: "mail" },
      { run: "order-2", task: "remind", queue: "mail", calls: "charge", needs: "bank" },
    ],
  },
  QUEUE_NOT_FOUND: { queue: "mial", store: "sqlite:perdure.db", known: ["mail"] },
  QUEUES_NOT_SUPPORTED: { store: "postgres://runs", wanted: "the workflow ship" },
  OPTIONS_EXCLUDE: { owner: "start()", first: "debounce", second: "delay" },
  STORE_WITHOUT_SCHEDULES: { name: "postgres://runs" },
  SCHEDULE_INVALID: { schedule: "daily", problem: '"61 * * * *": Invalid value for minute: 61' },
  SCHEDULE_NOT_FOUND: { schedule: "daily" },
  SCHEDULE_NOT_LOADED: { schedule: "daily", workflow: "report", file: "src/report.ts" },
  RUN_OF_ITSELF: { run: "order-17", workflow: "order" },
  OPTIONS_SHARED: { name: "ask", location: "src/agent.ts:7:5" },
  RUN_ID_NEEDED: { run: "Bot.ask-x7", workflow: "Bot.ask", location: "src/bot.ts:3:9" },
  RUN_COMPENSATED: { run: "order-17", workflow: "order", failure: "Error: no stock" },
  RUN_WORKFLOW_DIFFERS: { run: "order-17", workflow: "bill", recorded: "order" },
  RUNTIME_CLOSED: {},
  RUNTIME_TWICE: { places: ["file:///app/node_modules/perdure/dist/index.mjs", "file:///app/dist/main.mjs"] },
  RUNTIME_VERSIONS: { place: "file:///app/dist/main.mjs" },
  TASK_CHANGED_ARGUMENT: {
    task: "charge",
    argument: 1,
    step: "charge[0]",
    run: "order-17",
    calledAt: "src/order.ts:12:11",
  },
  SCHEMA_ASYNC: { what: "what charge returned" },
  SCHEMA_REFUSED: { what: "what charge returned", issues: [".amount: expected number"] },
  SIGNAL_OUTSIDE_WORKFLOW: { name: "approval" },
  SQLITE_NOT_LOADED: { detail: "no such file" },
  SQLITE_DRIVER: { version: "13.2.0", node: "20.20.2" },
  STALLED: { run: "order-17", workflow: "order", steps },
  STEP_KIND_DIFFERS: { ...place, recorded: "task", called: "child" },
  STEPS_LOST: {
    run: "order-17",
    workflow: "order",
    steps,
    added: ["charge[0] (src/order.ts:13:11)"],
    rename: ["bill", "charge"],
  },
  STEPS_NOT_REACHED: { run: "order-17", workflow: "order", steps, instead: ["refund[0] (src/order.ts:15:11)"] },
  RESTATE_NODE: { node: "20.20.2" },
  RESTATE_NAME_TAKEN: { service: "order", locations: ["order (src/a.ts)", "order (src/b.ts)"] },
  RESTATE_NOT_SERVED: { workflow: "ship", run: "order-17", caller: "order" },
  RESTATE_UNSUPPORTED: { what: "a queue for the task mail", workflow: "order", feature: "queues" },
  RESTATE_NO_STORE: {},
  RESTATE_CODE_CHANGED: { run: "order-17", workflow: "order" },
  RESTATE_CALL_HELD: { run: "order-17", workflow: "order", step: "charge[0]" },
  RESTATE_RUN_LOST: { run: "order-17", workflow: "order", detail: "killed" },
  RESTATE_UNREACHABLE: { url: "http://localhost:8080", detail: "fetch failed (connect ECONNREFUSED 127.0.0.1:8080)" },
  RESTATE_REFUSED: { url: "http://localhost:8080", detail: "service 'order' not found" },
  AI_BUDGET_SPENT: { model: "researcher", unit: "tokens", used: 100_250, limit: 100_000 },
  STORE_UNREACHABLE: { name: "postgres://app@db/runs", detail: "connect ECONNREFUSED 10.0.0.7:5432" },
  STORE_REFUSED: { name: "postgres://app@db/runs", detail: "permission denied for database runs" },
  STORE_BUSY: { path: "perdure.db", ms: 5000 },
  STORE_CLOSED: { name: "sqlite:perdure.db" },
  STORE_IO: { path: "perdure.db", detail: "disk I/O error" },
  STORE_CORRUPT: { path: "perdure.db", detail: "file is not a database" },
  STORE_FOREIGN: { path: "perdure.db" },
  STORE_IS_DIRECTORY: { path: "data/" },
  STORE_NEWER: { path: "perdure.db", found: 9, known: 1, package: "perdure" },
  STORE_OLDER: { name: "postgres://app@db/runs", found: 1, known: 2, detail: "must be owner of table runs" },
  STORE_NO_DIRECTORY: { path: "data/perdure.db" },
  STORE_NOT_DURABLE: {
    path: "perdure.db",
    detail: "journal_mode is delete, synchronous is 2",
    hint: "put the file on a local file system that supports SQLite's WAL mode",
  },
  STORE_READ_ONLY: { path: "perdure.db" },
  STORE_UNAVAILABLE: { scheme: "postgres", package: "perdure-postgres" },
  STORE_URL_INVALID: { url: "perdure.db" },
  TSC_EMITTED_NOTHING: { project: "tsconfig.json", output: "error TS5023: Unknown compiler option 'tarket'." },
  TSC_NOT_FOUND: { directory: "/home/me/shop" },
  VALUE_NOT_STORABLE: {
    what: "chargeCard returned",
    path: ".client.socket",
    found: "a function",
    where: "step chargeCard[0] of run order-17, called at src/order.ts:12:11",
  },
  VALUE_VERSION: { found: "9" },
  RETRY_NOT_POSSIBLE: { task: "charge", option: "backoff", problem: '"NaN" is not a duration (backoff)' },
  THROWN_NOT_STORABLE: { task: "charge", thrown: "an object", problem: ".retry: a function" },
  WORKFLOW_AMBIGUOUS: { workflow: "order", file: "src/old.ts", files: ["src/a.ts", "src/b.ts"] },
};

test("the text of every message matches the snapshot", () => {
  const texts = (Object.keys(messages) as MessageCode[])
    .toSorted()
    .map((code) => new PerdureError(code, examples[code]).message);
  expect(texts.join("\n\n")).toMatchSnapshot();
});

test("a PerdureError has its code and hint", () => {
  const error = new PerdureError("RUN_NOT_FOUND", { run: "order-17" });
  expect(error).toMatchObject({ name: "PerdureError", code: "RUN_NOT_FOUND" });
  expect(error.message).toContain(error.hint);
});

test("an error is printed with its hint and its code once", () => {
  const error = new PerdureError("RUN_NOT_FOUND", { run: "order-17" });
  for (const printed of [inspect(error), `${error.stack}`, error.message]) {
    expect(printed.split(error.hint).length - 1, printed).toBe(1);
    expect(printed.split("RUN_NOT_FOUND").length - 1, printed).toBe(1);
  }
  expect([error.name, error.code, Object.keys(error)]).toEqual(["PerdureError", "RUN_NOT_FOUND", []]);
});
