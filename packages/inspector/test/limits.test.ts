/** What the inspector does at its limits: after the program has closed, and with very large runs and errors. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { close, configure, start } from "perdure";
import { temporaryDirectory } from "../../../test/directories.ts";
import type { RunList, RunPage } from "../src/api.ts";
import { inspect } from "./inspected.ts";
import { order, report } from "./shop.ts";

const thrower = (): never => {
  throw new Error("cannot be read");
};

test("after close() requests are refused, and no other store is opened", async () => {
  const store = join(temporaryDirectory("inspector"), "other.db");
  const before = process.env["PERDURE_STORE"];
  process.env["PERDURE_STORE"] = `sqlite:${store}`;
  onTestFinished(() => void (process.env["PERDURE_STORE"] = before));
  if (before === undefined) onTestFinished(() => void delete process.env["PERDURE_STORE"]);
  const inspected = inspect();
  await (await start(order, ["a", 1])).result();
  await close();
  for (const path of ["api/runs", "api/overview", "api/changes"])
    expect(await inspected.refused(path)).toEqual([503, "RUNTIME_CLOSED"]);
  expect(existsSync(store)).toBe(false);
  configure({ store: inspected.store, logLevel: "silent" }); // is not too late
  expect(await inspected.get("runs")).toMatchObject({ runs: [{ id: "a" }] });
});

test("a list has the beginning of what its runs say of their progress, the page of a run more of it", async () => {
  const inspected = inspect();
  await (await start(report, ["long", 200_000])).result();
  const { runs } = await inspected.get<RunList>("runs");
  expect(runs[0]?.progress).toMatchObject({ isCut: true, text: expect.stringMatching(/^.{1000}$/su) as string });
  const { run } = await inspected.get<RunPage>("run", { id: "long" });
  expect(run.progress).toMatchObject({ isCut: true, text: expect.stringMatching(/^.{100000}$/su) as string });
});

test.each([
  ["inspect.custom", { [Symbol.for("nodejs.util.inspect.custom")]: thrower }],
  ["message", Object.defineProperty(new Error("a"), "message", { get: thrower })],
  ["stack", Object.defineProperty(new Error("a"), "stack", { get: thrower })],
  ["stack, a number", Object.assign(new Error("a"), { stack: 5 })],
])("a value whose class throws in %s is said to be one, and hides no other", async (_, value) => {
  const inspected = inspect({}, { redact: () => value });
  await (await start(order, ["b", -1])).result().catch(() => {});
  const { runs } = await inspected.get<RunList>("runs");
  expect(runs).toMatchObject([{ id: "b", status: "failed" }]);
  expect((await inspected.get<RunPage>("run", { id: "b" })).run.id).toBe("b");
  expect(await inspected.get("steps", { run: "b" })).toMatchObject({ steps: [{ id: "charge[0]" }] });
  expect(await inspected.get("step", { run: "b", id: "charge[0]" })).toMatchObject({ step: { id: "charge[0]" } });
});

test("HEAD leaves no stream behind", async () => {
  const inspected = inspect();
  let reads = 0;
  const count = inspected.store.countRuns.bind(inspected.store);
  inspected.store.countRuns = () => ((reads += 1), count());
  const answer = await inspected.fetch("api/changes", { method: "HEAD" });
  expect([answer.status, answer.body]).toEqual([200, null]);
  await wait(50);
  expect(reads).toBe(0);
});

test("of a run with very many steps, only the last ones are looked through for the one that failed", async () => {
  const inspected = inspect();
  await (await start(order, ["many", -1])).result().catch(() => {});
  const [failed] = await inspected.store.steps("many", {});
  if (!failed) throw new Error("the step is missing");
  const reads: unknown[] = [];
  const { store } = inspected;
  const steps = store.steps.bind(store);
  store.steps = async (run, filter = {}) => {
    const found = await steps(run, filter);
    reads.push(filter);
    if (filter.id !== undefined || filter.open) return found;
    const { after = 0, limit = Infinity } = filter;
    return Array.from({ length: Math.min(limit, 5_000 - after) }, (_, at) => ({
      ...failed,
      id: `charge[${after + at}]`,
      seq: after + at + 1,
    }));
  };
  const page = await inspected.get<RunPage>("run", { id: "many" });
  expect(page.failedStep?.id).toBe("charge[4999]");
  expect(reads.length).toBeLessThan(5);
});
