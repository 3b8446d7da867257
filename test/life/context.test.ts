/** R14: code of the user runs in the asynchronous context of its call. R4: no two steps share an idempotency key. */
import { AsyncLocalStorage } from "node:async_hooks";
import { expect, onTestFinished, test } from "vitest";
import { close, start, taskContext, taskOptions } from "perdure";
import { advance, setup } from "perdure/testing";

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

test("a run id with a slash never gives the idempotency key of a step of another run", async () => {
  begin();
  const found = await Promise.all(["17", "17/inner[0]", "17%2Finner[0]"].map((id) => showsKey(id)));
  expect(new Set(found).size).toBe(3);
  expect(found[0]).toBe("17/inner[0]/keys[0]");
});
