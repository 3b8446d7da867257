/** R14: code of the user runs in the asynchronous context of its call. R4: no two steps share an idempotency key. */
import { AsyncLocalStorage } from "node:async_hooks";
import { expect, onTestFinished, test } from "vitest";
import {
  close,
  complete,
  signal,
  start,
  taskContext,
  taskOptions,
  workflowOptions,
  type StandardSchema,
} from "perdure";
import { advance, settled, setup } from "perdure/testing";

const tenant = new AsyncLocalStorage<string>();
const seen: string[] = [];

async function flaky(name: string): Promise<string> {
  "use task: retries=2, backoff=constant(1s)";
  seen.push(`${name} attempt ${taskContext().attempt}: ${tenant.getStore()}`);
  if (taskContext().attempt < 3) throw new Error("again");
  return name;
}
taskOptions(flaky, {
  retryIf: () => {
    seen.push(`retryIf: ${tenant.getStore()}`);
    return true;
  },
});

async function job(name: string): Promise<string> {
  "use workflow: id=job-{name}";
  return flaky(name);
}

async function keys(): Promise<string> {
  "use task";
  return taskContext().idempotencyKey;
}

async function showsKey(id: string): Promise<string> {
  "use workflow: id={id}";
  const inner = async (): Promise<string> => keys();
  return id === "17" ? inner() : keys();
}

function begin(): void {
  seen.length = 0;
  onTestFinished(close);
  setup({ logLevel: "silent" });
}

test("every attempt and retryIf see the AsyncLocalStorage stores of their own call", async () => {
  begin();
  const names = ["alice", "bob"];
  const runs = await Promise.all(names.map((name) => tenant.run(name, () => start(job, [name]))));
  await advance("1m");
  await Promise.all(runs.map((run) => run.result()));
  for (const name of names)
    for (const attempt of [1, 2, 3]) expect(seen).toContain(`${name} attempt ${attempt}: ${name}`);
  expect(seen.filter((line) => line === "retryIf: alice")).toHaveLength(2);
  expect(seen.filter((line) => line === "retryIf: bob")).toHaveLength(2);
});

/** Accepts everything, and notes the context in which it is asked. */
const noting = (what: string): StandardSchema<unknown> => ({
  "~standard": {
    version: 1,
    vendor: "test",
    validate(value) {
      seen.push(`${what}: ${tenant.getStore()}`);
      return { value };
    },
  },
});

async function child(name: string): Promise<unknown> {
  "use workflow: id=child-{name}";
  seen.push(`body of the child: ${tenant.getStore()}`);
  return signal("go", { schema: noting(`payload for ${name}`) });
}
workflowOptions(child, { input: noting("input of the child") as StandardSchema<unknown[]> });

async function parent(name: string): Promise<unknown> {
  "use workflow: id=parent-{name}";
  return child(name);
}

test("the body of a child, its schema, and the schema of a signal see the stores of their own call", async () => {
  begin();
  const runs = await Promise.all(["alice", "bob"].map((name) => tenant.run(name, () => start(parent, [name]))));
  await settled();
  for (const name of ["bob", "alice"]) await tenant.run("somebody else", () => complete(`child-${name}`, "go", name));
  expect(await Promise.all(runs.map((run) => run.result()))).toEqual(["alice", "bob"]);
  for (const name of ["alice", "bob"]) {
    expect(seen).toContain(`body of the child: ${name}`);
    expect(seen).toContain(`input of the child: ${name}`);
    expect(seen).toContain(`payload for ${name}: ${name}`);
  }
  expect(seen.filter((line) => /somebody|undefined/.test(line))).toEqual([]);
});

test("onStep, onReport and the logger see the stores of the code that gave them, not those of a run", async () => {
  seen.length = 0;
  onTestFinished(close);
  const note = (what: string) => (): void => void seen.push(`${what}: ${tenant.getStore()}`);
  const logger = { debug: note("log"), info: note("log"), warn: note("log"), error: note("log") };
  tenant.run("the service", () =>
    setup({ logger, logLevel: "debug", onStep: note("onStep"), onReport: note("onReport") }),
  );
  const run = await tenant.run("alice", () => start(job, ["hooks"]));
  await advance("1m");
  await run.result();
  const hooks = seen.filter((line) => /^(?:log|onStep|onReport)/.test(line));
  expect(hooks.length).toBeGreaterThan(5);
  expect(hooks.filter((line) => !line.endsWith(": the service"))).toEqual([]);
});

test("a run id with a slash never gives the idempotency key of a step of another run", async () => {
  begin();
  const found = await Promise.all(["17", "17/inner[0]", "17%2Finner[0]"].map((id) => showsKey(id)));
  expect(new Set(found).size).toBe(3);
  expect(found[0]).toBe("17/inner[0]/keys[0]");
});
