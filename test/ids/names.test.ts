import { afterEach, expect, test } from "vitest";
import {
  close,
  configure,
  listRuns,
  recover,
  sleep,
  start,
  taskOptions,
  worker,
  workflowOptions,
  constant,
} from "perdure";
import { advance, setup } from "perdure/testing";
import { compileFile } from "../../packages/compiler/test/execute.ts";
import { Lives } from "./lives.ts";

afterEach(close);

const made: string[] = [];

async function pay(cents: number): Promise<number> {
  "use task: name=charge, retries=1, backoff=constant(1s)";
  made.push(`pay ${cents}`);
  return cents;
}

const api = {
  async send(to: string): Promise<string> {
    "use task: name=Mail.send";
    made.push(`send ${to}`);
    return to;
  },
};

async function shipNow(id: string): Promise<string> {
  'use workflow: name="ship"';
  return api.send(id);
}

async function place(id: string): Promise<string> {
  "use workflow: name=order";
  await pay(1);
  await sleep("1h");
  const child = await start(shipNow, ["by start"]);
  return [await pay(2), await shipNow(id), await child.result()].join();
}

test("steps, runs, children and default run ids have the given names", async () => {
  const { store } = setup();
  const run = await start(place, ["17"]);
  expect(run.id).toMatch(/^order-/);
  expect(place.name).toBe("place");
  await advance("2h");
  expect(await run.result()).toBe("2,17,by start");
  expect((await store.steps(run.id)).map(({ id }) => id)).toEqual([
    "charge[0]",
    "sleep[0]",
    "start:ship[0]",
    "charge[1]",
    "ship[0]",
  ]);
  expect(await listRuns({ workflow: "order" })).toMatchObject([{ id: run.id, workflow: "order" }]);
  expect((await listRuns({ workflow: "ship" })).map(({ workflow }) => workflow)).toEqual(["ship", "ship"]);
  expect(await listRuns({ workflow: ["place", "shipNow"] })).toEqual([]);
  expect((await store.steps(`${run.id}/ship[0]`)).map(({ id }) => id)).toEqual(["Mail.send[0]"]);
});

test.each([
  ["its function", (): Promise<unknown> => recover({ workflows: [place] })],
  ["its name", (): Promise<unknown> => recover({ workflows: ["order"] })],
  ["its name in a worker", (): Promise<unknown> => Promise.resolve(worker({ workflows: ["order"] }))],
])("a run is found by %s", async (_, resume) => {
  made.length = 0;
  const runtime = setup();
  const run = await start(place, ["18"]);
  await advance("1m");
  runtime.crash();
  await resume();
  await advance("2h");
  expect((await listRuns({ workflow: "order", status: "completed" })).map(({ id }) => id)).toEqual([run.id]);
  expect(made).toEqual(["pay 1", "send by start", "pay 2", "send 18"]);
});

test("the old name of a rename may be that of a function, and not one that is given", () => {
  setup();
  expect(() => configure({ store: "memory:", renames: { charge: "pay" } })).toThrow("RENAME_IN_USE");
  expect(() => configure({ store: "memory:", renames: { place: "order" } })).not.toThrow();
});

test("options with types go with a name", async () => {
  async function flaky(): Promise<string> {
    "use task: name=steady";
    if (made.push("try") < 3) throw new Error("not yet");
    return "done";
  }
  async function flow(_n: number): Promise<string> {
    "use workflow: name=job";
    return flaky() as Promise<string>;
  }
  setup();
  made.length = 0;
  taskOptions(flaky, { retries: 2, backoff: constant("1s") });
  workflowOptions(flow, { id: (n) => `job-${n}` });
  const run = await start(flow, [7]);
  await advance("1m");
  expect([run.id, await run.result()]).toEqual(["job-7", "done"]);
  expect(() => taskOptions(flaky, { name: "x" } as never)).toThrow('taskOptions() has no option "name"');
});

const sources = (task: string, workflow: string): Record<string, string> => ({
  "flow.js": `import { sleep } from "perdure";
export async function charge(n) { "use task${task}"; globalThis.log.push("charge " + n); return n; }
export async function flow() { "use workflow${workflow}"; const a = await charge(1); await sleep("1h"); return [a, await charge(2)].join(); }
`,
});

test("a name that changes needs a rename, whatever the function is called", async () => {
  const lives = new Lives();
  await lives.start(sources(": name=bill", ": name=old"));
  await advance("5m");
  expect(await lives.resume(sources(": name=pay", ": name=new"), { renames: { bill: "pay", old: "new" } })).toBe("1,2");
  expect(await lives.steps()).toEqual(["bill[0]", "sleep[0]", "pay[1]"]);
});

test("the manifest has the given name, and everything else is as without it", () => {
  const program = (args: string): string =>
    `export async function charge(n) { "use task${args}"; return n; }\nexport class A { static async b(n) { "use task"; return charge(n); } }\nexport async function w() { "use workflow"; for (const n of [1]) await charge(n); }\n`;
  const compiled = (args: string): ReturnType<typeof compileFile> => compileFile({ "a.js": program(args) }, "a.js");
  expect(compiled(": name=bill")?.info).toMatchObject({
    functions: [{ kind: "task", name: "bill" }, { name: "A.b" }, { name: "w" }],
  });
  expect(compiled(": name=bill")?.info.sites.map(([name]) => name)).toEqual(["bill", "bill"]);
  expect(compiled(": name=bill")?.info.functions[0]).not.toHaveProperty("options");
  expect(compiled(": name=bill, retries=2")?.info.functions[0]).toMatchObject({ options: { retries: 2 } });
  const emitted = (args: string): string | undefined => compiled(args)?.code.replace(/^.*\.module\(.*$/m, "");
  expect(emitted(": name=bill")).toBe(emitted(""));
  expect(compiled(": name=charge")?.info.functions).toEqual(compiled("")?.info.functions);
});

test.each([
  ["a directive at the top of a file with one export", `"use task: name=x";\nexport async function a() {}\n`, ["x"]],
  ["an arrow function", `export const a = async () => { "use task: name=x" };\n`, ["x"]],
  ["a method", `export class A { async a() { "use task: name=A.x" } }\n`, ["A.x"]],
  ["a closure", `export const make = () => async () => { "use task: name=x" };\n`, ["x"]],
  ["a default export", `export default async () => { "use workflow: name=x" };\n`, ["x"]],
  ["letters of all languages", `export const a = async () => { "use task: name=größe" };\n`, ["größe"]],
])("%s takes a name", (_, source, names) => {
  const functions = compileFile({ "a.js": source }, "a.js")?.info.functions ?? [];
  expect(functions.filter(({ kind }) => kind !== "helper").map(({ name }) => name)).toEqual(names);
});
