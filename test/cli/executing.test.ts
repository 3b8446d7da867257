/** Programs that the command loads: built ones, and sources. */
import { sqliteStore } from "perdure";
import { expect, test } from "vitest";
import { generatedDirectory, temporaryDirectory } from "../directories.ts";
import { buildProgram } from "../programs.ts";
import { begin, perdure, storeIn } from "./command.ts";

const source = `
import { sleep } from "perdure";
export async function double(value: number): Promise<number> {
  "use task: retries=0";
  if (value < 0) throw new RangeError("negative");
  return value * 2;
}
export async function twice(id: string, value: number): Promise<{ value: number; at: Date }> {
  "use workflow: id=twice-{id}";
  return { value: await double(await double(value)), at: new Date(0) };
}
export async function waits(id: string): Promise<string> {
  "use workflow: id=waits-{id}";
  await sleep("300ms");
  return "waited";
}
`;

test("run starts a workflow of a built file, and prints its result; worker resumes the runs of others", async () => {
  const file = await buildProgram(source, "flows");
  const directory = temporaryDirectory("cli");
  const place = { store: storeIn(directory) };
  const first = ["run", file, "twice", "--args", `["a", 2]`];
  expect(await perdure(first, place)).toEqual({ code: 0, output: "{ value: 8, at: 1970-01-01T00:00:00.000Z }\n" });
  const [again, failed, several, unknown, wrong] = await Promise.all([
    perdure([...first, "--json"], place),
    perdure(["run", file, "twice", "--args", `["b", -1]`], place),
    perdure(["run", file], place),
    perdure(["worker", file, "--workflow", "other"], place),
    perdure(["run", file, "twice", "--args", `"a"`], place),
  ]);
  expect([again.code, JSON.parse(again.output)]).toEqual([
    0,
    { run: "twice-a", status: "completed", output: { value: 8, at: "1970-01-01T00:00:00.000Z" } },
  ]);
  expect(failed.code).toBe(1);
  const logged =
    "perdure error run twice-b of the workflow twice failed at double[0] (flows.ts:10:38): RangeError: negative\n";
  expect(failed.output).toBe(`${logged}twice-b: RangeError: negative\n  → perdure show 'twice-b'\n`);
  expect(several).toEqual({ code: 2, output: expect.stringContaining("name one: twice, waits") as string });
  expect(unknown).toEqual({ code: 2, output: expect.stringContaining("it has twice, waits") as string });
  expect(wrong.code).toBe(2);

  const killed = begin(["run", file, "waits", "--args", `["w"]`], place);
  const store = sqliteStore(place.store.slice("sqlite:".length));
  await store.open();
  while (store.getRun("waits-w") === undefined || killed.process.exitCode !== null)
    await new Promise((resolve) => setTimeout(resolve, 5));
  killed.process.kill("SIGKILL");
  await killed.ended;
  const worker = begin(["worker", file], place);
  const tail = await perdure(["tail", "waits-w"], place);
  expect(tail).toMatchObject({ code: 0, output: expect.stringContaining("completed 'waited'") as string });
  await worker.stop();
  expect(await worker.exits(0)).toMatch(/^worker \d+ resumes runs of twice, waits\n$/u);
  await store.close();
});

test("run loads TypeScript through the plugin, and refuses a file that was not compiled", async () => {
  const directory = generatedDirectory("cli-source", {
    "flow.ts": source,
    "flow.mjs": `export async function plain() { "use workflow"; return 1; }`,
    "program.mjs": `console.log("a program"); process.exitCode = 7;`,
    "package.json": `{ "name": "cli-source", "type": "module" }`,
  });
  const place = { cwd: directory, store: storeIn(directory) };
  const [typed, plain, program, missing] = await Promise.all([
    perdure(["run", "flow.ts", "twice", "--args", `["a", 2]`, "--json"], place),
    perdure(["run", "flow.mjs", "plain"], place),
    perdure(["run", "program.mjs"], place),
    perdure(["run", "gone.mjs"], place),
  ]);
  expect(typed).toMatchObject({ code: 0, output: expect.stringContaining(`"value":8`) as string });
  expect(plain).toMatchObject({ code: 2, output: expect.stringContaining("was not compiled") as string });
  expect(program).toEqual({ code: 7, output: "a program\n" });
  expect(missing).toMatchObject({ code: 2, output: expect.stringContaining("there is no file") as string });
});
