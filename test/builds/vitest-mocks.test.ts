/** What Vitest puts in place of tasks, and packages that it does not compile by itself. */
import { spawnSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { fileOf } from "../readme.ts";
import { project } from "./project.ts";

const packages = resolve(import.meta.dirname, "../../packages");
const page = "packages/compiler/README.md";

const tested = (mock: string, name: string, body: string): string => `import { start } from "perdure";
import { expect, test, vi } from "vitest";
import { remind } from "./reminder.ts";

${mock}

test(${JSON.stringify(name)}, async () => {
  const run = await start(remind, ["ada"]);
${body}
});
`;

const stops = `  await expect(run.result()).rejects.toMatchObject({ code: "CALLEE_NOT_COMPILED", hint: expect.stringContaining("asTask(original, fake)") });
  expect((await run.info()).blocked).toBeDefined();`;
const completes = `  expect(await run.result()).toBe("sent ada, wrapped ada");`;

const files = {
  "vitest.config.js": fileOf(page, "vitest.config.js").replace("perdure()", `perdure({ packages: ["@acme/paper"] })`),
  "perdure.setup.js": fileOf(page, "perdure.setup.js"),
  "node_modules/@acme/paper/package.json": `{ "name": "@acme/paper", "type": "module", "exports": "./index.js" }`,
  "node_modules/@acme/paper/index.js": `export async function wrap(text) {\n  "use task";\n  return "wrapped " + text;\n}\n`,
  "src/mail.ts": `export async function send(text: string): Promise<string> {\n  "use task";\n  return "sent " + text;\n}\n`,
  "src/reminder.ts": `import { wrap } from "@acme/paper";
import { send } from "./mail.ts";

export async function remind(who: string): Promise<string> {
  "use workflow: id=remind-{who}";
  return (await send(who)) + ", " + (await wrap(who));
}
`,
  "src/plain.test.ts": tested("", "a package that the options name is compiled", completes),
  "src/factory.test.ts": tested(
    `vi.mock("./mail.ts", () => ({ send: async () => "no task" }));`,
    "a plain function in place of a task stops the run",
    stops,
  ),
  "src/fn.test.ts": tested(
    `vi.mock("./mail.ts", async (original) => ({ ...(await original()), send: vi.fn(async () => "no task") }));`,
    "so does a mock of it",
    stops,
  ),
  "src/auto.test.ts": tested(`vi.mock("./mail.ts");`, "so does an automatic mock", stops),
  "src/spy.test.ts": tested(`vi.mock("./mail.ts", { spy: true });`, "a spy is right", completes),
  "src/through.test.ts": tested(
    `vi.mock("./mail.ts", async (original) => {
  const mail = await original<typeof import("./mail.ts")>();
  return { ...mail, send: vi.fn((text: string) => mail.send(text)) };
});`,
    "a mock that calls the task is right",
    completes,
  ),
  "src/as-task.test.ts": tested(
    `vi.mock("./mail.ts", async (original) => {
  const { asTask } = await import("perdure/testing");
  const mail = await original<typeof import("./mail.ts")>();
  return { ...mail, send: asTask(mail.send, async (text) => "sent " + text) };
});`,
    "a function that asTask makes a task of is right",
    completes,
  ),
};

test("substitutes of tasks are told from tasks in Vitest", () => {
  const root = project(files);
  for (const part of ["package.json", "dist"])
    cpSync(join(packages, "runtime", part), join(root, "node_modules/perdure", part), { recursive: true });
  const vitest = resolve(import.meta.dirname, "../../node_modules/vitest/vitest.mjs");
  const { VITEST: _1, VITEST_WORKER_ID: _2, VITEST_POOL_ID: _3, NODE_ENV: _4, ...env } = process.env;
  const { stdout, stderr } = spawnSync(process.execPath, [vitest, "run", "--root", root, "--reporter", "json"], {
    cwd: root,
    env,
    encoding: "utf8",
  });
  expect(stdout, stderr).toMatch(/^\{/);
  expect(JSON.parse(stdout), stdout + stderr).toMatchObject({ numFailedTests: 0, numPassedTests: 7 });
});
