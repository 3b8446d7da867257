import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  close,
  configure,
  getRun,
  recover,
  sleep,
  start,
  taskOptions,
  workflowOptions,
  type PerdureError,
} from "perdure";
import { advance, settled, setup } from "perdure/testing";
import { loadDriver } from "../../packages/store/src/sqlite/driver.ts";
import { temporaryDirectory } from "../directories.ts";
import { buildProgram, run } from "../programs.ts";

const made: { value: unknown; times: number } = { value: undefined, times: 0 };

async function make(): Promise<unknown> {
  "use task: retries=5";
  made.times++;
  return made.value;
}

async function flow(_input?: unknown): Promise<unknown> {
  "use workflow: id=flow";
  return make();
}

async function needsId(order: { id?: string }): Promise<string> {
  "use workflow: id=order-{order.id}";
  return String(order.id);
}

async function returnsFunction(): Promise<unknown> {
  "use workflow: id=returns";
  return { tools: [() => 1] };
}

async function naps(time: string): Promise<void> {
  "use workflow";
  await sleep(time as "1s");
}

const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "no error",
    (error: PerdureError) => error.code,
  );

function begin(): void {
  setup();
  onTestFinished(close);
}

test.each([
  [
    "a function",
    { client: { socket: (): void => {} } },
    "make returned .client.socket: a function, which cannot be stored (step make[0] of run flow, called at test/errors/bad-input.test.ts:",
  ],
  ["a symbol", [1, Symbol("x")], "make returned [1]: a symbol"],
  ["a promise", { later: Promise.resolve() }, "make returned .later: a promise (is an await missing?)"],
  ["a WeakMap", new Map([["a", new WeakMap()]]), "an instance of WeakMap"],
  ["an instance of an unregistered class", new (class Client {})(), "make returned an instance of Client"],
])(
  "a task result with %s is refused with its path, is not retried and leaves the run resumable",
  async (_, value, message) => {
    begin();
    Object.assign(made, { value, times: 0 });
    const error: unknown = await flow().catch((error: unknown) => error);
    expect(error).toMatchObject({ code: "VALUE_NOT_STORABLE", message: expect.stringContaining(message) });
    expect(made.times).toBe(1);
    expect(await (await getRun("flow")).info()).toMatchObject({
      status: "pending",
      blocked: { error: "VALUE_NOT_STORABLE" },
    });
    made.value = "plain";
    expect(await flow()).toBe("plain");
  },
);

test("a workflow with an input or a result that cannot be stored is rejected", async () => {
  begin();
  await expect(flow({ log: console.log })).rejects.toMatchObject({
    code: "VALUE_NOT_STORABLE",
    message: expect.stringContaining("flow was called with [0].log: a function"),
  });
  await expect(returnsFunction()).rejects.toMatchObject({
    message: expect.stringContaining("workflow returnsFunction returned .tools[0]: a function"),
  });
});

test("an invalid, incomplete or unknown run id is rejected", async () => {
  begin();
  await expect(needsId({})).rejects.toMatchObject({
    code: "RUN_ID_INCOMPLETE",
    message: expect.stringContaining("{order.id} is undefined"),
  });
  expect(await code(start(flow, [], { id: "" }))).toBe("RUN_ID_INVALID");
  await expect(start(flow, [], { id: "\ud800" })).rejects.toMatchObject({
    code: "RUN_ID_INVALID",
    message: expect.stringContaining("found half of a surrogate pair"),
  });
  expect(await code(getRun("nobody"))).toBe("RUN_NOT_FOUND");
});

async function itself(depth: number): Promise<number> {
  "use workflow: id=itself";
  return depth === 0 ? 0 : itself(depth);
}

async function named(_name: string, amount: number): Promise<number> {
  "use workflow: id=named-{_name}";
  return amount;
}

async function twoAmounts(): Promise<unknown> {
  "use workflow: id=two-amounts";
  const first = await named("x", 1);
  return named("x", 2).catch((error: PerdureError) => [first, error.code]);
}

test("a child call with the id of an existing run but other arguments is rejected", async () => {
  begin();
  expect(await twoAmounts()).toEqual([1, "RUN_INPUT_DIFFERS"]);
});

test("a workflow that calls itself with its own run id is rejected", async () => {
  begin();
  await expect(itself(2)).rejects.toMatchObject({
    code: "RUN_OF_ITSELF",
    message: expect.stringContaining("wait for itself"),
  });
});

test("invalid options and durations are rejected", async () => {
  begin();
  expect(() => taskOptions(make, { retries: -1 })).toThrow(/-1 is not a valid value for retries/);
  expect(() => taskOptions(flow, {})).toThrow(/NOT_A_TASK/);
  expect(() => workflowOptions(make as () => Promise<unknown>, {})).toThrow(/NOT_A_WORKFLOW/);
  expect(() => configure({ lease: "1s", pollInterval: "2s" })).toThrow(/2000 ms is not a valid value for pollInterval/);
  expect(() => configure({ lease: "soon" as "1s" })).toThrow(/"soon" is not a duration \(lease\)/);
  await expect(naps("one day")).rejects.toThrow(/"one day" is not a duration \(sleep\)/);
});

test("a function that was not compiled cannot be started or recovered", async () => {
  begin();
  const plain = new Function("return async function plain() { 'use workflow'; return 1; }")() as () => Promise<number>;
  await expect(start(plain, [])).rejects.toMatchObject({
    code: "NOT_COMPILED",
    message: expect.stringContaining("plain has a directive but was not compiled"),
  });
  await expect(start(async () => 1, [])).rejects.toMatchObject({ code: "NOT_COMPILED" });
  await expect(recover({ workflows: [plain] })).rejects.toMatchObject({ code: "NOT_COMPILED" });
  await expect(start(make, [])).rejects.toMatchObject({ code: "NOT_A_WORKFLOW" });
});

test("each reason why a store cannot be opened has its own error code", async () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, "folder"));
  writeFileSync(join(directory, "corrupt.db"), "this is no database ".repeat(100));
  const Database = loadDriver();
  const foreign = new Database(join(directory, "foreign.db"));
  foreign.exec("CREATE TABLE mine (x)");
  foreign.close();
  const used = async (url: string): Promise<string> => {
    try {
      configure({ store: url });
      return await code(flow());
    } catch (error) {
      return (error as PerdureError).code;
    } finally {
      await close();
    }
  };
  made.value = 1;
  expect(await used("mysql://localhost")).toBe("STORE_URL_INVALID");
  expect(await used("just-a-name")).toBe("STORE_URL_INVALID");
  expect(await used("redis://localhost/x")).toBe("STORE_UNAVAILABLE");
  expect(await used("postgres://127.0.0.1:1/x")).toBe("STORE_UNREACHABLE");
  expect(await used(`sqlite:${join(directory, "folder")}`)).toBe("STORE_IS_DIRECTORY");
  expect(await used(`sqlite:${join(directory, "no/such/file.db")}`)).toBe("STORE_NO_DIRECTORY");
  expect(await used(`sqlite:${join(directory, "corrupt.db")}`)).toBe("STORE_CORRUPT");
  expect(await used(`sqlite:${join(directory, "foreign.db")}`)).toBe("STORE_FOREIGN");
  expect(await used(`sqlite:${join(directory, "good.db")}`)).toBe("no error");
  const newer = new Database(join(directory, "good.db"));
  newer.pragma("user_version = 99");
  newer.close();
  expect(await used(`sqlite:${join(directory, "good.db")}`)).toBe("STORE_NEWER");
});

test("writing to a read-only store is rejected with STORE_READ_ONLY", async ({ skip }) => {
  const directory = temporaryDirectory();
  const file = join(directory, "store.db");
  const program = await buildProgram(`
    import { configure } from "perdure";
    configure({ store: "sqlite:${file}" });
    async function t() { "use task"; return 1; }
    async function w() { "use workflow"; return t(); }
    await w().then(console.log, (error) => console.log(error.code));
  `);
  await run(program).exits(0);
  const mount = ["--bind", directory, directory];
  try {
    execFileSync("mount", mount, { stdio: "ignore" });
    onTestFinished(() => void execFileSync("umount", [directory]));
    execFileSync("mount", ["-o", "remount,ro,bind", directory], { stdio: "ignore" });
  } catch {
    execFileSync("chmod", ["-R", "a-w", directory]); // without root, permissions apply
    onTestFinished(() => void execFileSync("chmod", ["-R", "u+w", directory]));
    if (process.getuid?.() === 0) skip("root can write to every file unless it can mount one read-only");
  }
  expect(await run(program).exits(0)).toContain("STORE_READ_ONLY");
});

test("configure() is rejected after the first workflow call, until close()", async () => {
  configure({ store: "memory:" });
  made.value = 1;
  await flow();
  expect(() => configure({ store: "memory:" })).toThrow(/CONFIGURED_TOO_LATE/);
  await close();
  configure({ store: "memory:" });
  await close();
});

test("close() rejects pending workflow calls with RUNTIME_CLOSED", async () => {
  setup();
  const waiting = naps("1h").catch((error: unknown) => error);
  await settled();
  await close();
  expect(await waiting).toMatchObject({ code: "RUNTIME_CLOSED" });
});

test("advance() without a test clock is rejected", async () => {
  configure({ store: "memory:" });
  onTestFinished(close);
  await expect(advance("1h")).rejects.toThrow(/setup\(\)/);
});
