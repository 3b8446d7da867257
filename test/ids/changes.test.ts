import { expect, onTestFinished, test } from "vitest";
import { close, getRun, recover, start } from "perdure";
import { parseManifest } from "../../packages/protocol/src/index.ts";
import { advance, settled, setup, type TestRuntime } from "perdure/testing";
import { loadSources } from "../sources.ts";

const globals = globalThis as { log?: string[]; branch?: boolean };

const tasks = `
export async function ship(x) { "use task"; globalThis.log.push("ship " + x); return "shipped " + x; }
export async function bill(x) { "use task"; globalThis.log.push("bill " + x); return "billed " + x; }
`;
const source = (body: string): Record<string, string> => ({
  "flow.js": `import { sleep } from "perdure";\nimport { ship, bill } from "./tasks.js";\nexport async function flow() {\n  "use workflow: id=flow";\n  const done = [];\n${body}\n  return done;\n}`,
  "tasks.js": tasks,
});

const old = `  done.push(await ship(1));
  done.push(await bill(2));
  await sleep("1h");
  done.push(await ship(3));`;

/** Runs the first source until it sleeps, crashes, and resumes with the second one. */
async function change(
  first: string,
  second: string,
  options: NonNullable<Parameters<typeof setup>[0]> = {},
): Promise<{
  readonly outcome: unknown;
  readonly log: string[];
  readonly reports: string[];
  readonly test: TestRuntime;
}> {
  globals.log = [];
  const reports: string[] = [];
  const test = setup({ ...options, onReport: (error) => void reports.push(error.code) });
  onTestFinished(close);
  const flow = (await loadSources(source(first)))["flow"] as unknown as () => Promise<unknown>;
  await start(flow, []);
  await advance("1m");
  test.crash();
  await loadSources(source(second));
  const [run] = await recover();
  const outcome = run?.result().catch((error: unknown) => error);
  await advance("2h");
  return { outcome: await outcome, log: globals.log, reports, test };
}

test("under the same code, a run resumes where it stopped", async () => {
  const { outcome, log } = await change(old, old);
  expect(outcome).toEqual(["shipped 1", "billed 2", "shipped 3"]);
  expect(log).toEqual(["ship 1", "bill 2", "ship 3"]);
});

test("R6 a sleep inserted before a recorded one takes over its record, and the run completes", async () => {
  const { outcome, log, reports } = await change(
    old,
    old
      .replace("  done.push(await bill(2))", "  done.push(await bill(2));\n  await sleep(5)")
      .replace("ship(3)", "ship(3 )"),
  );
  expect(outcome).toEqual(["shipped 1", "billed 2", "shipped 3"]);
  expect(log).toEqual(["ship 1", "bill 2", "ship 3"]);
  expect(reports).toEqual(["INPUT_CHANGED"]); // the new sleep has the id of the recorded one
});

test("R6 removing a recorded step from the code blocks the run, which resumes under the old code", async () => {
  const gone = old.replace("  done.push(await bill(2));\n", "");
  const { outcome, log, test } = await change(old, gone);
  expect(outcome).toMatchObject({ code: "STEPS_LOST", message: expect.stringContaining("bill[0] (flow.js:") });
  expect(log).toEqual(["ship 1", "bill 2"]);
  expect(await test.store.getRun("flow")).toMatchObject({ status: "pending", blocked: { error: "STEPS_LOST" } });
  await loadSources(source(old));
  const [run] = await recover();
  await advance("2h");
  expect(await run?.result()).toEqual(["shipped 1", "billed 2", "shipped 3"]);
  expect(globals.log).toEqual(["ship 1", "bill 2", "ship 3"]);
});

test("R6 with lostSteps set to report, a run completes without the removed step", async () => {
  const gone = old.replace("  done.push(await bill(2));\n", "");
  const { outcome, reports } = await change(old, gone, { lostSteps: "report" });
  expect(outcome).toEqual(["shipped 1", "shipped 3"]);
  expect(reports).toEqual(["STEPS_LOST"]);
});

test("R1 a call inserted before a recorded call of the same task is reported", async () => {
  const { outcome, reports, log } = await change(
    old,
    old.replace("  done.push(await ship(1))", "  done.push(await ship(0));\n  done.push(await ship(1))"),
  );
  expect(reports).toEqual(["INPUT_CHANGED"]);
  expect(outcome).toEqual(["shipped 1", "shipped 1", "billed 2", "shipped 3"]);
  expect(log).toEqual(["ship 1", "bill 2", "ship 1", "ship 3"]);
});

test("R6 changed code that calls an open step with another input is reported each time the run resumes", async () => {
  globals.log = [];
  const reports: string[] = [];
  const { crash, store } = setup({ onReport: (error) => void reports.push(error.code) });
  onTestFinished(close);
  const flow = (await loadSources(source(old)))["flow"] as unknown as () => Promise<unknown>;
  await start(flow, []);
  await advance("1s");
  const { code } = (await store.getRun("flow")) ?? {};
  await loadSources(source(old.replace('await sleep("1h")', 'await Promise.all([sleep("9h"), ship(0)])')));
  for (let life = 0; life < 3; life++) {
    crash();
    await recover();
    await advance("1s");
  }
  const changed = await store.getRun("flow");
  expect(changed).toMatchObject({ status: "running", codeSeq: 2 });
  expect(JSON.parse(changed?.codeHistory ?? "")).toEqual({
    spans: [{ code, seq: 2, open: ["sleep[0]"], renames: [] }],
    renames: [],
  });
  expect(changed?.code).not.toBe(code);
  const result = (await getRun("flow")).result();
  await advance("2h");
  expect(await result).toEqual(["shipped 1", "billed 2", "shipped 3"]);
  expect(reports).toEqual(["INPUT_CHANGED", "INPUT_CHANGED", "INPUT_CHANGED", "INPUT_CHANGED"]);
  expect(globals.log).toEqual(["ship 1", "bill 2", "ship 0", "ship 3"]);
});

test("R6 a run keeps the code version it was recorded with until new code records a step", async () => {
  const { store, crash } = setup();
  onTestFinished(close);
  globals.log = [];
  const flow = (await loadSources(source(old)))["flow"] as unknown as () => Promise<unknown>;
  const sites = async (): Promise<string[] | undefined> => {
    const { code = "" } = (await store.getRun("flow")) ?? {};
    const manifest = parseManifest(JSON.parse((await store.getCode(code)) ?? "null"), "the store");
    return manifest.modules.flatMap(({ file, sites }) => sites.map(([name, line]) => `${file}:${line} ${name}`));
  };
  await start(flow, []);
  await advance("1s");
  expect(await sites()).toEqual(["flow.js:6 ship", "flow.js:7 bill", "flow.js:8 sleep", "flow.js:9 ship"]);
  crash(); // the run was in memory, so it resumes at once
  await loadSources(source(`${old}\n  await bill(4);`));
  const [run] = await recover();
  await settled();
  expect(await sites(), "nothing is recorded under the new code, so the run still has the old version").toHaveLength(4);
  await advance("2h");
  await run?.result().catch(() => {});
  expect(await sites()).toHaveLength(5);
});

test("R6 the code version of a run covers every module it imports, regardless of earlier calls in the process", async () => {
  globals.log = [];
  const sources = {
    "flow.js": `import { help } from "./help.js";\nexport async function flow(id) { "use workflow: id={id}"; return help(id); }`,
    "help.js": `import { ship } from "./tasks.js";\nexport const help = async (id) => ship(id);`,
    "tasks.js": tasks,
  };
  const { store } = setup();
  onTestFinished(close);
  const flow = (await loadSources(sources))["flow"] as unknown as (id: string) => Promise<unknown>;
  for (const id of ["a", "b"]) expect(await flow(id)).toBe(`shipped ${id}`);
  const [a, b] = [await store.getRun("a"), await store.getRun("b")];
  expect(b?.code).toBe(a?.code);
  const manifest = parseManifest(JSON.parse((await store.getCode(a?.code ?? "")) ?? "null"), "the store");
  expect(manifest.modules.map(({ file }) => file)).toEqual(["flow.js", "help.js", "tasks.js"]);
});

test("R1 a nondeterministic workflow is blocked with the location of the call, or only reported", async () => {
  const random = old
    .replace("ship(1)", "ship(globalThis.log.length)")
    .replace("bill(2)", "bill(globalThis.log.length)");
  const { outcome, log, test } = await change(random, random);
  expect(outcome).toMatchObject({
    code: "NOT_DETERMINISTIC",
    message: expect.stringContaining("called step ship[0] at flow.js:6:"),
  });
  expect(log).toEqual(["ship 0", "bill 1"]);
  expect(await test.store.getRun("flow")).toMatchObject({ status: "pending" });
  const reported = await change(random, random, { nondeterminism: "report" });
  expect(reported.reports).toEqual(["NOT_DETERMINISTIC", "NOT_DETERMINISTIC"]);
});

test("R1 a replay of the same code that takes another branch is blocked", async () => {
  const branching = old.replace(
    "  done.push(await bill(2))",
    "  if (globalThis.log.length === 1) done.push(await bill(2)); else done.push(await ship(2))",
  );
  const { outcome, log } = await change(branching, branching);
  expect(outcome).toMatchObject({
    code: "STEPS_NOT_REACHED",
    message: expect.stringMatching(/did not reach bill\[0\].*it called ship\[1\].*instead/s),
  });
  expect(log).toEqual(["ship 1", "bill 2"]);
});

test("R2 a replay that awaits something not durable is blocked instead of hanging", async () => {
  const waiting = old.replace(
    "  done.push(await bill(2))",
    "  if (globalThis.log.length > 1) await new Promise(() => {});\n  done.push(await bill(2))",
  );
  const { outcome } = await change(waiting, waiting);
  expect(outcome).toMatchObject({
    code: "STALLED",
    message: expect.stringContaining("has not reached bill[0] (flow.js:"),
  });
});

test("R1 an unfinished step that is called with another input is not attempted again", async () => {
  const flaky = `export async function flaky(x) { "use task: retries=3, backoff=constant(2h)"; globalThis.log.push("flaky " + x); throw new Error("again"); }\n`;
  const sources = {
    "flow.js": `import { flaky } from "./tasks.js";\nexport async function flow() {\n  "use workflow: id=flow";\n  await flaky(globalThis.log.length);\n}`,
    "tasks.js": flaky,
  };
  globals.log = [];
  const { crash, store } = setup();
  onTestFinished(close);
  const flow = (await loadSources(sources))["flow"] as unknown as () => Promise<unknown>;
  await start(flow, []);
  await advance("1s");
  crash();
  const [run] = await recover();
  const outcome = run?.result().catch((error: unknown) => error);
  await advance("5h");
  expect(await outcome).toMatchObject({ code: "NOT_DETERMINISTIC" });
  expect(globals.log).toEqual(["flaky 0"]);
  expect(await store.getRun("flow")).toMatchObject({ status: "pending", blocked: { error: "NOT_DETERMINISTIC" } });
});
