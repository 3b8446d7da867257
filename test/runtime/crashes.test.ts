import { expect, test } from "vitest";
import { keyed, signal, sleep, start, taskContext } from "perdure";
import { crashEverywhere } from "perdure/testing";
import { documentStore } from "../contract/document-store.ts";

async function step(name: string): Promise<string> {
  "use task: retries=0";
  return `${name}!`;
}

async function flaky(name: string): Promise<string> {
  "use task: retries=3";
  if (taskContext().attempt < 3) throw new Error(`${name} ${taskContext().attempt}`);
  return name;
}

async function fails(name: string): Promise<string> {
  "use task: retries=1, backoff=constant(1s)";
  throw new RangeError(name);
}

async function pair(name: string): Promise<string> {
  const first = await step(`${name}1`);
  return first + (await step(`${name}2`));
}

async function child(name: string): Promise<string> {
  "use workflow";
  await sleep("1h");
  return pair(name);
}

async function detached(): Promise<string> {
  "use workflow";
  return step("detached");
}

async function everything(items: string[]): Promise<unknown> {
  "use workflow: id=everything";
  const log: unknown[] = [];
  for (const item of items) {
    log.push(await step(item));
    if (item === "b") continue;
    log.push(await flaky(item));
  }
  log.push(
    await Promise.all(
      items.map(async (item) => {
        await sleep(item === "a" ? "2h" : "1h");
        log.push(item);
        return pair(item);
      }),
    ),
  );
  log.push(await Promise.race([pair("left"), sleep("3h").then(() => "late")]));
  log.push(
    await Promise.allSettled([fails("one"), child("young"), keyed("k", () => step("keyed"))]).then((all) =>
      all.map(({ status }) => status),
    ),
  );
  try {
    await fails("two");
  } catch (error) {
    log.push(error instanceof RangeError && error.message);
  } finally {
    log.push(await step("finally"));
  }
  log.push((await start(detached, [])).id);
  log.push(await signal("approval"));
  let count = 0;
  while ((await step(String(count))) !== "2!") count++;
  return { log, count };
}

async function ends(): Promise<void> {
  "use workflow: id=ends";
  await step("before");
  await fails("for good");
}

test("a crash before or after any durable write does not change the outcome", async () => {
  const { boundaries, steps } = await crashEverywhere(everything, [["a", "b", "c"]], {
    signals: { approval: { by: "me" } },
  });
  expect(boundaries).toBeGreaterThan(40);
  expect(steps).toContain("crash-everywhere map[2]/pair[0]/step[1]");
  expect(steps).toContain("crash-everywhere/child[0] pair[0]/step[0]");
});

test("a crash before or after any durable write of an asynchronous store does not change the outcome", async () => {
  const { boundaries } = await crashEverywhere(everything, [["a", "b", "c"]], {
    store: () => documentStore(),
    signals: { approval: { by: "me" } },
  });
  expect(boundaries).toBeGreaterThan(40);
});

test("a crash before or after any durable write does not change how a workflow fails", async () => {
  const { steps } = await crashEverywhere(ends, []);
  expect(steps).toEqual(["crash-everywhere step[0]", "crash-everywhere fails[0]"]);
});

let runs = 0;
async function forgetful(): Promise<number> {
  "use workflow: id=forgetful";
  const before = await step("a");
  return before.length + runs++;
}

test("crashEverywhere reports a workflow whose outcome depends on the process", async () => {
  await expect(crashEverywhere(forgetful, [])).rejects.toThrow(/a crash .* changes the outcome/);
});
