import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import perdure from "unplugin-perdure/esbuild";
import { createProject, node, type Project } from "./project.ts";

/** A line that is quoted below has its number as the mark. */
const source = `import { close, configure, getRun, listRuns, signal, sleep } from "perdure";

async function deep(x: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 1));
  throw new RangeError("boom " + x); // deep
}
async function task(x: number): Promise<number> { // task
  "use task: retries=0";
  return deep(x);
}
async function slow(): Promise<void> { // slow
  "use task: retries=0, timeout=10ms";
  await new Promise((resolve) => setTimeout(resolve, 100_000).unref());
}
async function outer(): Promise<number> { // outer
  "use task: retries=0";
  return await task(3); // outer calls
}
async function helper(x: number): Promise<number> {
  return await task(x); // helper calls
}
export async function flow(): Promise<number> {
  "use workflow: id=flow";
  for (const i of [1]) await Promise.all([i].map(async (x) => { // closure
    await sleep(1);
    return helper(x); // closure calls
  })); 
  return 0;
}
export async function parent(): Promise<number> {
  "use workflow: id=parent";
  return await flow(); // parent calls
}
export async function late(): Promise<void> {
  "use workflow: id=late";
  await slow(); // late calls
}
export async function nested(): Promise<number> {
  "use workflow: id=nested";
  return await outer(); // nested calls
}
export async function waits(): Promise<unknown> {
  "use workflow: id=waits";
  return await signal("never", { timeout: 5 }); // waits calls
}
export async function passed(): Promise<number[]> {
  "use workflow: id=passed";
  return await Promise.all([9].map(helper)); // passed
}
export async function own(): Promise<void> {
  "use workflow: id=own";
  await sleep(1);
  throw Object.assign(new Error("own"), { runId: "mine", code: 7 }); // own throws
}

configure({ store: "sqlite:" + process.env.STORE, logLevel: "error" });
const report = (name: string) => (error: Error & { runId?: string; stepId?: string }) =>
  console.log("ERROR" + JSON.stringify({ name, stack: error.stack, run: error.runId, step: error.stepId, keys: Object.keys(error), cause: error.cause === undefined }));
if ((await listRuns()).length === 0)
  for (const [name, workflow] of Object.entries({ parent, late, nested, waits, passed, own })) await workflow().catch(report(name));
else for (const name of ["parent", "late", "nested", "waits", "passed", "own"]) await (await getRun(name)).result().catch(report(name));
await getRun("nothing").catch((error) => console.log("LOOSE" + JSON.stringify(error.stack)));
await close();
`;

interface Reported {
  readonly name: string;
  readonly stack: string;
  readonly run?: string;
  readonly step?: string;
  readonly keys: readonly string[];
}

const lineOf = (mark: string): number => source.split("\n").findIndex((line) => line.endsWith(`// ${mark}`)) + 1;

async function run(project: Project): Promise<{ readonly errors: readonly Reported[]; readonly loose: string }> {
  process.env["STORE"] = project.path("x.db");
  const output = await node(project, "--enable-source-maps", "dist/main.mjs");
  const errors = [...output.matchAll(/^ERROR(.*)$/gm)].map(([, text = ""]) => JSON.parse(text) as Reported);
  return { errors, loose: JSON.parse(/^LOOSE(.*)$/m.exec(output)?.[1] ?? '""') as string };
}

/** The frames as `name line`, of those in the program's own source. */
const framesOf = (stack: string): string[] =>
  stack.split("\n").flatMap((line) => {
    const match = /^\s+at (?:async )?(?:(.*) \()?\S*src\/main\.ts:(\d+):\d+\)?$/.exec(line);
    return match ? [`${match[1] ?? "-"} ${match[2]}`] : [];
  });

const expected = {
  parent: [
    `deep ${lineOf("deep")}`,
    `task ${lineOf("task")}`,
    `helper ${lineOf("helper calls")}`,
    `map ${lineOf("closure calls")}`,
    `flow ${lineOf("closure")}`,
    `parent ${lineOf("parent calls")}`,
  ],
  late: [`slow ${lineOf("slow")}`, `late ${lineOf("late calls")}`],
  nested: [
    `deep ${lineOf("deep")}`,
    `task ${lineOf("task")}`,
    `- ${lineOf("outer calls")}`,
    `outer ${lineOf("outer")}`,
    `nested ${lineOf("nested calls")}`,
  ],
  waits: [`waits ${lineOf("waits calls")}`],
  passed: [
    `deep ${lineOf("deep")}`,
    `task ${lineOf("task")}`,
    `helper ${lineOf("helper calls")}`,
    `passed ${lineOf("passed")}`,
  ],
  own: [`own ${lineOf("own throws")}`],
};

describe("an error that leaves a run", () => {
  test("shows the task, the functions that led to it, and its run and step, in the first process and in the next", async () => {
    const project = createProject({ "src/main.ts": source });
    await build({
      absWorkingDir: project.root,
      entryPoints: ["src/main.ts"],
      outfile: project.path("dist/main.mjs"),
      bundle: true,
      packages: "external",
      platform: "node",
      format: "esm",
      sourcemap: true,
      plugins: [perdure()],
    });
    const first = await run(project);
    const next = await run(project);
    expect(Object.fromEntries(first.errors.map(({ name, stack }) => [name, framesOf(stack)]))).toEqual(expected);
    expect(next.errors).toEqual(first.errors);
    expect(first.errors.map(({ name, run: id, step, keys }) => ({ name, run: id, step, keys }))).toEqual([
      { name: "parent", run: "flow", step: "map[0]/helper[0]/task[0]", keys: [] },
      { name: "late", run: "late", step: "slow[0]", keys: ["name"] },
      { name: "nested", run: "nested", step: "outer[0]//task[0]", keys: [] },
      { name: "waits", run: "waits", step: "signal:never[0]", keys: ["name"] },
      { name: "passed", run: "passed", step: "helper[0]/task[0]", keys: [] },
      { name: "own", run: "mine", keys: ["runId", "code"] },
    ]);
    for (const { name, stack } of first.errors)
      expect(stack, name).not.toMatch(/packages\/runtime|node_modules\/perdure|node:(?:internal\/)?async_/);
  });

  test("frames of Perdure in other errors are those of files that the package ships", async () => {
    const project = createProject({ "src/main.ts": source });
    await build({
      absWorkingDir: project.root,
      entryPoints: ["src/main.ts"],
      outfile: project.path("dist/main.mjs"),
      bundle: true,
      packages: "external",
      platform: "node",
      format: "esm",
      sourcemap: true,
      plugins: [perdure()],
    });
    const { loose } = await run(project);
    const files = loose
      .split("\n")
      .flatMap((line) => /\(?(?:file:\/\/)?(\/\S+packages\/\S+?):\d+:\d+/.exec(line)?.[1] ?? []);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect(file).toMatch(/\/packages\/runtime\/dist\/[\w-]+\.mjs$/);
  });
});
