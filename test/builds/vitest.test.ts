import { spawnSync } from "node:child_process";
import { cpSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { fileOf, filesOf } from "../readme.ts";
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

/** Every choice of `toFake` that a test may make, with a run that sleeps, a real wait in `close()`, and a store in a file. */
const timers = {
  "vitest.config.js": fileOf(page, "vitest.config.js"),
  "perdure.setup.js": `import { close } from "perdure"; import { setup } from "perdure/testing"; import { afterEach, beforeEach, vi } from "vitest";
beforeEach(() => void setup());
afterEach(() => close());
afterEach(() => void vi.useRealTimers());
`,
  "src/mail.ts": files["src/mail.ts"],
  "src/reminder.ts": files["src/reminder.ts"],
  "src/timers.test.ts": `import { close, configure, start } from "perdure";
import { advance } from "perdure/testing";
import { expect, test, vi } from "vitest";
import { remind } from "./reminder.ts";

const remindOf = async (who: string) => {
  const run = await start(remind, [who]);
  await advance("3d");
  expect(await run.result()).toBe("sent " + who);
};

test.each([
  ["everything", undefined],
  ["the date", { toFake: ["Date"] }],
  ["setImmediate", { toFake: ["setImmediate"] }],
  ["microtasks and the monotonic clock", { toFake: ["queueMicrotask", "performance", "setTimeout", "clearTimeout"] }],
  ["time that goes on", { shouldAdvanceTime: true }],
] as const)("fake timers: %s", async (name, options) => {
  vi.useFakeTimers(options as Parameters<typeof vi.useFakeTimers>[0]);
  await remindOf(name);
}, 4000);

test("a store in a file, and its own clock, under fake timers", async () => {
  await close();
  vi.useFakeTimers({ now: 0 });
  configure({ store: "sqlite:timers.db" });
  const { send } = await import("./mail.ts");
  const run = await start(direct, ["ada"]);
  expect(await run.result()).toMatchObject({ text: "sent ada" });
  expect((await run.info()).createdAt.getTime()).toBeGreaterThan(Date.UTC(2020, 0));
  await close();

  async function direct(who: string) {
    "use workflow: id=direct-{who}";
    return { text: await send(who), at: Date.now() };
  }
}, 4000);
`,
  "src/before.test.ts": `import { expect, test, vi } from "vitest";

test("fake timers that are installed before Perdure is loaded", async () => {
  vi.resetModules();
  vi.useFakeTimers();
  const [{ start }, { advance }, { remind }] = [await import("perdure"), await import("perdure/testing"), await import("./reminder.ts")];
  const run = await start(remind, ["ada"]);
  await advance("3d");
  expect(await run.result()).toBe("sent ada");
}, 4000);
`,
};

const coverage = {
  "vitest.config.js": `import perdure from "unplugin-perdure/vite";
import { defineConfig } from "vitest/config";
export default defineConfig({
  plugins: process.env.PLAIN ? [] : [perdure()],
  test: {
    setupFiles: ["./perdure.setup.js"],
    coverage: { enabled: true, provider: "v8", include: ["src/*"], exclude: ["**/*.test.ts"], reporter: ["json"], reportsDirectory: process.env.PLAIN ? "plain" : "compiled" },
  },
});
`,
  "perdure.setup.js": fileOf(page, "perdure.setup.js"),
  "src/bank.ts": `export class Bank {
  async pay(x: number): Promise<number> {
    "use task";
    return x;
  }
  static async refund(x: number): Promise<number> {
    "use task";
    return arguments.length + x;
  }
}
export class Savings extends Bank {
  override async pay(x: number): Promise<number> {
    "use task";
    return super.pay(x);
  }
  async plain(x: number): Promise<number> {
    return await this.pay(x);
  }
}
export const arrow = async (x: number): Promise<number> => {
  "use task";
  return x;
};
export const shop = {
  async sell(x: number): Promise<number> {
    "use task";
    return x;
  },
};
async function helper(x: number): Promise<number> {
  return await arrow(x);
}
async function* items(x: number): AsyncGenerator<number> {
  yield await arrow(x);
}
export async function flow(x: number): Promise<number> {
  "use workflow: id=more-{x}";
  let sum = (await helper(x)) + (await new Bank().pay(x)) + (await shop.sell(x));
  for await (const y of items(x)) sum += y;
  const all = await Promise.all([1, 2].map(async (y) => arrow(y)));
  return sum + all.length;
}
export async function defaults(x: number, y = arrow(x)): Promise<number> {
  return x + (await y);
}
export default async function (x: number): Promise<number> {
  "use task";
  return x;
}
export const list = [
  async (x: number): Promise<number> => {
    "use task";
    return x;
  },
];
`,
  "src/shop.js": `export class Shop {
  async sell(x) {
    "use task";
    return x;
  }
}
export async function buy(x) {
  "use workflow: id=buy-{x}";
  return await new Shop().sell(x);
}
`,
  "src/bank.test.ts": `import { expect, test } from "vitest";
import { flow } from "./bank.ts";
import { buy } from "./shop.js";
test("flow", async () => expect(await flow(1)).toBe(6));
test("buy", async () => expect(await buy(1)).toBe(1));
`,
};

interface CoverageOfFile {
  readonly fnMap: Readonly<
    Record<string, { readonly line: number; readonly decl: { readonly start: { readonly line: number } } }>
  >;
  readonly f: Readonly<Record<string, number>>;
}

/** The line of each function that is counted, and whether it was called. */
function countedFunctions(root: string, folder: string): string[] {
  const report = JSON.parse(readFileSync(join(root, folder, "coverage-final.json"), "utf8")) as Record<
    string,
    CoverageOfFile
  >;
  return Object.values(report)
    .flatMap(({ fnMap, f }) =>
      Object.entries(fnMap).map(([id, { decl }]) => `${decl.start.line} ${f[id] ? "called" : "not called"}`),
    )
    .toSorted();
}

interface Report {
  readonly numFailedTests: number;
  readonly numPassedTests: number;
}

function runVitest(
  files: Readonly<Record<string, string>>,
  added: NodeJS.ProcessEnv = {},
  root = project(files),
): { readonly root: string; readonly output: string; readonly report: Report } {
  // copied, because Vite and Vitest would treat a link as source code
  for (const part of ["package.json", "dist"])
    cpSync(join(packages, "runtime", part), join(root, "node_modules/perdure", part), { recursive: true });
  const vitest = resolve(import.meta.dirname, "../../node_modules/vitest/vitest.mjs");
  const { VITEST: _1, VITEST_WORKER_ID: _2, VITEST_POOL_ID: _3, NODE_ENV: _4, ...env } = process.env;
  const { stdout, stderr } = spawnSync(process.execPath, [vitest, "run", "--root", root, "--reporter", "json"], {
    cwd: root,
    env: { ...env, ...added },
    encoding: "utf8",
  });
  expect(stdout, stderr).toMatch(/^\{/m);
  return { root, output: stdout + stderr, report: JSON.parse(stdout.slice(stdout.indexOf("{"))) as Report };
}

test("the Vitest setup in the README works in a project", () => {
  const { report, output } = runVitest(files);
  expect(report, output).toMatchObject({ numFailedTests: 0, numPassedTests: 4 });
});

test("the tests in docs/testing-with-vitest.md pass", () => {
  const { report, output } = runVitest(filesOf("docs/testing-with-vitest.md"));
  expect(report, output).toMatchObject({ numFailedTests: 0, numPassedTests: 5 });
});

test("runs, advance() and close() work under every choice of fake timers", () => {
  const { report, output } = runVitest(timers);
  expect(report, output).toMatchObject({ numFailedTests: 0, numPassedTests: 7 });
});

test("coverage counts each durable function once, on the line of the plain program", () => {
  const { root, report, output } = runVitest(coverage);
  expect(report, output).toMatchObject({ numFailedTests: 0, numPassedTests: 2 });
  const compiled = countedFunctions(root, "compiled");
  runVitest(coverage, { PLAIN: "1" }, root);
  expect(compiled).toEqual(countedFunctions(root, "plain"));
  expect(compiled).toHaveLength(15);
});
