import { spawnSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { fileOf } from "../readme.ts";
import { project } from "./project.ts";

const packages = resolve(import.meta.dirname, "../../packages");
const page = "packages/compiler/README.md";

const files = {
  "vitest.config.js": fileOf(page, "vitest.config.js"),
  "perdure.setup.js": fileOf(page, "perdure.setup.js"),
  "src/mail.ts": `export async function send(text: string): Promise<string> {
  "use task: retries=1, backoff=constant(1h)";
  return "sent " + text;
}
`,
  "src/reminder.ts": `import { sleep } from "perdure";
import { send } from "./mail.ts";

export async function remind(who: string): Promise<string> {
  "use workflow: id=remind-{who}";
  await sleep("3d");
  return send(who);
}
`,
  "src/reminder.test.ts": `import { getRun, start } from "perdure";
import { advance } from "perdure/testing";
import { expect, test } from "vitest";
import { remind } from "./reminder.ts";

test("the reminder is sent after three days", async () => {
  const run = await start(remind, ["ada"]);
  await advance("2d");
  expect(await run.status()).not.toBe("completed");
  await advance("1d");
  expect(await run.result()).toBe("sent ada");
});

test("each test has a store of its own", async () => {
  await expect(getRun("remind-ada")).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
});
`,
  "src/mocked.test.ts": `import { start } from "perdure";
import { advance } from "perdure/testing";
import { expect, test, vi } from "vitest";
import { remind } from "./reminder.ts";

const sent = vi.hoisted((): string[] => []);
vi.mock("./mail.ts", () => ({
  send: async (text: string) => {
    "use task: retries=1, backoff=constant(1h)";
    sent.push(text);
    if (sent.length === 1) throw new Error("no network");
    return "mocked " + text;
  },
}));

test("a mocked task is retried like any other task", async () => {
  const run = await start(remind, ["ada"]);
  await advance("3d");
  expect(sent).toEqual(["ada"]);
  await advance("1h");
  expect(await run.result()).toBe("mocked ada");
  expect(sent).toEqual(["ada", "ada"]);
});
`,
  // an environment like jsdom and happy-dom
  "node_modules/vitest-environment-page/package.json": `{ "name": "vitest-environment-page", "type": "module", "main": "index.js" }`,
  "node_modules/vitest-environment-page/index.js": `export default { name: "page", viteEnvironment: "client", setup: () => ({ teardown() {} }) };\n`,
  "src/page.test.ts": `// @vitest-${"environment"} page
import { crashEverywhere } from "perdure/testing";
import { expect, test } from "vitest";
import { remind } from "./reminder.ts";

test("a workflow can be tested in a DOM environment", async () => {
  expect(await crashEverywhere(remind, ["ada"])).toMatchObject({
    steps: ["crash-everywhere sleep[0]", "crash-everywhere send[0]"],
  });
});
`,
};

interface Report {
  readonly numFailedTests: number;
  readonly numPassedTests: number;
}

test("the Vitest setup in the README works in a project", () => {
  const root = project(files);
  // copied, because Vite and Vitest would treat a link as source code
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
  const report: Report = JSON.parse(stdout);
  expect(report, stdout + stderr).toMatchObject({ numFailedTests: 0, numPassedTests: 4 });
});
