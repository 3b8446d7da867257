import { afterEach, expect, test } from "vitest";
import {
  close,
  configure,
  exponential,
  getRun,
  linear,
  listRuns,
  recover,
  signal,
  sqliteStore,
  start,
  taskOptions,
  worker,
  workflowOptions,
} from "perdure";
import { crashEverywhere, memoryStore, setup, testStore } from "perdure/testing";

afterEach(close);

async function work(id: string): Promise<string> {
  "use task: retries=0";
  return id;
}

async function flow(id: string): Promise<string> {
  "use workflow: id=flow-{id}";
  return work(id);
}

async function waits(options: object): Promise<unknown> {
  "use workflow";
  return signal("never", options);
}

/** Types find each of these; programs in JavaScript have none. */
const wrong: readonly (readonly [owner: string, name: string, meant: string, call: (options: object) => unknown])[] = [
  ["configure()", "leese", "lease", configure],
  ["configure({ defaults })", "retrys", "retries", (defaults) => configure({ defaults })],
  ["setup()", "nw", "now", setup],
  ["setup()", "sotre", "store", setup],
  ["taskOptions()", "retry", "", (options) => taskOptions(work, options)],
  ["workflowOptions()", "ids", "id", (options) => workflowOptions(flow, options as never)],
  ["worker()", "concurency", "concurrency", worker],
  ["start()", "ifFaild", "ifFailed", (options) => start(flow, ["a"], options)],
  ["recover()", "workflow", "workflows", recover],
  ["listRuns()", "workflows", "workflow", listRuns],
  ["signal()", "timeOut", "timeout", waits],
  ["run.retry()", "forced", "force", async (options) => (await start(flow, ["b"])).retry(options)],
  ["crashEverywhere()", "signal", "signals", (options) => crashEverywhere(flow, ["a"], options)],
  ["testStore()", "reopn", "reopen", (options) => testStore(memoryStore, options)],
  ["sqliteStore()", "busytimeout", "busyTimeout", (options) => sqliteStore("x.db", options)],
  ["exponential()", "maxx", "max", exponential],
  ["exponential()", "factor", "", exponential],
  ["linear()", "begin", "", linear],
  ["linear()", "stop", "step", linear],
];

test.each(wrong)("%s refuses the unknown option %s, and suggests %s", async (owner, name, meant, call) => {
  setup();
  const error: unknown = await Promise.resolve()
    .then(() => call({ [name]: 1 }))
    .catch((each: unknown) => each);
  expect(error).toMatchObject({
    code: "OPTION_UNKNOWN",
    message: expect.stringContaining(`${owner} has no option "${name}"`),
    hint: expect.stringContaining(meant === "" ? `${owner} takes` : `did you mean "${meant}"? ${owner} takes`),
  });
});

test.each([
  ["null", null],
  ["text", "retries=3"],
])("options that are %s are refused", (_, options) => {
  setup();
  expect(() => taskOptions(work, options as never)).toThrow("the options of taskOptions()");
});

test.each([
  ["durability", "ful", '"full"'],
  ["nondeterminism", "reprot", '"report"'],
  ["lostSteps", "ignore", 'one of "stop", "report"'],
  ["logLevel", "warning", '"warn"'],
])("configure() refuses the value of %s that it does not know", (name, value, expected) => {
  expect(() => configure({ store: "memory:", [name]: value })).toThrow(expected);
});

test("start() refuses a value of ifFailed that it does not know, before it starts anything", async () => {
  setup();
  await expect(start(flow, ["c"], { ifFailed: "retyr" as never })).rejects.toMatchObject({ code: "OPTION_INVALID" });
  await expect(getRun("flow-c")).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
});

test("an option that is given as undefined is one that is not given", async () => {
  setup();
  const given = taskOptions(work, { retries: undefined, timeout: undefined } as never);
  await expect(start(flow, ["d"], { id: undefined } as never).then((run) => run.result())).resolves.toBe("d");
  expect(given).toBe(work);
});
