import { expect, onTestFinished, test, vi } from "vitest";
import { close } from "perdure";
import { setup } from "perdure/testing";
import { loadSources } from "../sources.ts";

const source = `
export async function change(order, tags, bytes, client) {
  "use task: retries=1, backoff=constant(0s)";
  if (tags.length === 1) order.total = 7;
  if (tags.length === 2) { tags.sort(); bytes[0]++; }
  client.calls++;
  if (order.fails) { delete order.fails; throw new Error("once") }
  return order.total;
}
class Client { calls = 0 }
export async function flow(order, tags) {
  "use workflow";
  const bytes = new Uint8Array(3), client = new Client();
  const total = await change(order, tags, bytes, client);
  return [total, order, tags, client.calls];
}
`;

async function run(
  order: object,
  tags: string[],
  options: Parameters<typeof setup>[0] = {},
): Promise<{ readonly result: unknown; readonly reports: string[] }> {
  const reports: string[] = [];
  setup({
    ...options,
    onReport: (error) => void reports.push(`${error.code} ${/argument \d.*(?=\):)/.exec(error.message)?.[0]}`),
  });
  onTestFinished(close);
  const { flow } = await loadSources({ "flow.js": source });
  const result = await (flow as unknown as (...args: unknown[]) => Promise<unknown>)(order, tags).catch(
    (error: unknown) => error,
  );
  return { result, reports };
}

const place = "step change[0] of run flow-";

test("R9 a task that mutates an argument is reported, and the workflow keeps the original value", async () => {
  const { result, reports } = await run({ total: 1 }, ["x"]);
  expect(result).toEqual([7, { total: 1 }, ["x"], 1]);
  expect(reports).toEqual([expect.stringContaining(`TASK_CHANGED_ARGUMENT argument 1 in place (${place}`)]);
  expect(reports[0]).toMatch(/called at flow\.js:14:23$/);
});

test("each mutated argument is reported separately, including bytes but not class instances", async () => {
  const { reports } = await run({ total: 1 }, ["y", "x"]);
  expect(reports.map((each) => each.slice(0, 32))).toEqual([
    "TASK_CHANGED_ARGUMENT argument 2",
    "TASK_CHANGED_ARGUMENT argument 3",
  ]);
});

test("an attempt that mutates an argument and fails is reported, and the next attempt receives the original arguments", async () => {
  const { result, reports } = await run({ total: 1, fails: true }, []);
  expect(result).toMatchObject({ message: "once" });
  expect(reports.length).toBe(2); // one report for each attempt: the second one received the original argument
});

test("mutated arguments are not reported in production unless checkArguments is on, nor anywhere when it is off", async () => {
  expect((await run({ total: 1 }, [])).reports).toEqual([]);
  await close();
  expect((await run({ total: 1 }, ["x"], { checkArguments: false })).reports).toEqual([]);
  await close();
  vi.stubEnv("NODE_ENV", "production");
  onTestFinished(() => void vi.unstubAllEnvs());
  expect((await run({ total: 1 }, ["x"])).reports).toEqual([]);
  await close();
  expect((await run({ total: 1 }, ["x"], { checkArguments: true })).reports.length).toBe(1);
});
