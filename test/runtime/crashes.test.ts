import { expect, test } from "vitest";
import { crashEverywhere } from "perdure/testing";
import { documentStore } from "../contract/document-store.ts";
import { everything, fails, step } from "./everything.ts";

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
