import { describe, expect, test } from "vitest";
import { checkForBrowser } from "../src/compile/browser.ts";
import { CompileError } from "../src/compile/compile-error.ts";
import type { CompileOptions } from "../src/compile/compile.ts";
import { lostDirectives, lostInComponent } from "../src/compile/lost-directives.ts";
import { notCompiled } from "../src/compile/not-compiled.ts";
import { DIRECTIVE_WORDS } from "../src/directives/directive.ts";
import { createProject } from "../src/project/project.ts";
import { checkMessages } from "../src/diagnostics/check-messages.ts";
import { diagnosticMessages } from "../src/diagnostics/messages.ts";
import { compileFile, memoryHost, notFollowed, root, type Files } from "./execute.ts";

/** One program for each diagnostic; variants of one code are numbered. */
const programs: Record<string, string | Files> = {
  PARSE_ERROR: `export async function f( {\n  "use task";\n}\n`,
  DIRECTIVE_MISSPELT: `export async function f() {\n  "use tasks";\n}\n`,
  "DIRECTIVE_MISPLACED 2": `"use task";\nasync function f() {}\nmodule.exports = { f };\n`,
  "DIRECTIVE_MISSPELT 2": `const a = async () => { "Use Workflow" };\nconst b = async () => { "use  task" };\nconst c = async () => { 'use-task: retries=1' };\nconst d = async () => { "use worklfow" };\nasync function e() { log(); "use taks" }`,
  "DIRECTIVE_MISSPELT 3": `async function a() { "use task; retries=1" }\nconst b = async () => "use workflow(id=a)";\nclass A { static { "use workflow - id=a" } async m() { log(); 'use\u00a0task retries=1' } }\nasync function c() { \`use task, retries=1\` }\nconst fine = async () => "use task names in lists";\n`,
  "DIRECTIVE_MISSPELT 4": `"use workflow; id=x";\nexport async function f() {}\n`,
  "DIRECTIVE_MISPLACED 3": `async function a(id) { \`use workflow: id=order-\${id}\` }\nasync function b(n) { "use task: retries=" + n; }\nasync function c() { "use task", log() }\n`,
  DIRECTIVE_MISPLACED: `async function f() {\n  await g();\n  "use task";\n}\nif (x) { "use workflow: id=a" }\nconst a = async () => ("use task");\nasync function h() { ("use task") }\nasync function i() { \`use task\` }\nclass A { static { "use task" } }\n`,
  DIRECTIVE_DUPLICATE: `async function f() { "use task"; "use task: retries=1"; }`,
  DIRECTIVE_CONFLICT: `async function f() {\n  "use strict";\n  "use task";\n  "use workflow";\n}`,
  DIRECTIVE_SYNTAX: `async function f() { "use task: retries=1,"; }\nasync function g() { "use task:" }\nasync function h() { "use task: 3x y" }\nasync function i() { "use task: backoff=exponential(2)" }`,
  DIRECTIVE_ARGUMENT_UNKNOWN: `async function f() { "use task: retires=3"; }\nasync function g() { "use workflow: nmae=x" }\nasync function h() { "use task: backoff=linear(start=1s, stop=2s)" }\nasync function i() { "use task: 3" }`,
  DIRECTIVE_ARGUMENT_INVALID: `async function f() { "use task: retries=-1, timeout=0s, backoff=expnential(base=2)" }\nasync function g() { 'use task: retries=1.5, timeout="5 fortnights"' }\nasync function h() { "use task: backoff=exponential(base=0, jitter=maybe)" }\nasync function i() { "use workflow: id={a" }\nasync function j() { "use workflow: id=" }`,
  "DIRECTIVE_ARGUMENT_INVALID 2": `async function f() { "use task: timeout=30, backoff=exponential(base=2, max=60)" }`,
  DIRECTIVE_ARGUMENT_MISSING: `async function f() { "use task: backoff=exponential" }\nasync function g() { "use task: backoff=linear(start=1s)" }\nasync function h() { "use task: backoff=constant()" }`,
  "DIRECTIVE_ARGUMENT_INVALID 4": `async function a() { "use task: queue=send mail, priority=1.5" }
async function b() { "use task: concurrency=0, rate=10/60, key={order" }
async function c() { "use task: rate=10/m, perKey=-1, key=x" }
async function d() { "use workflow: queue=, hold=yes, timeout=60" }
async function e() { "use workflow: cron='0 25 * * *', timezone=Europe/Viena, jitter=0s, catchUp=lats, overlap=cancel" }
async function f() { "use workflow: every=500ms" }
`,
  "DIRECTIVE_ARGUMENT_MISSING 2": `async function a(x) { "use task: key={x}, priority=5" }
async function b() { "use task: perKey=1" }
async function c() { "use workflow: hold=true" }
async function d() { "use workflow: timezone=UTC, every=1h" }
async function e() { "use workflow: jitter=1s, catchUp=all, overlap=skip" }
`,
  DIRECTIVE_ARGUMENTS_CONFLICT: `async function a(x) { "use task: queue=mail, concurrency=5" }
async function b(x) { "use workflow: rate=1/1s, queue=mail, perKey=1, key={x}" }
async function c() { "use workflow: every=1h, cron='0 6 * * *'" }
`,
  "PLACEHOLDER_UNKNOWN 2": `async function f(order) { "use task: queue=mail, key={oder.customer}" }
async function g({ customer }) { "use workflow: id={order}, perKey=1, key=a-{custmer:yyyy-mm-dd}" }
`,
  WORKFLOW_NOT_SCHEDULABLE: `export async function a(region) {
  "use workflow: every=1h";
}
export async function b(day = "today", { to }, ...rest) { "use workflow: cron='0 6 * * *'" }
export const make = () => async () => { "use workflow: id=x, every=1h" };
export class Report {
  async send() { "use workflow: id=x, every=1h" }
  static async build() { "use workflow: every=1h" }
}
export async function fine(day = "today", ...rest) { "use workflow: every=1h" }
`,
  "WORKFLOW_NOT_SCHEDULABLE 2": `export const jobs = [async () => { "use workflow: every=1h"; }, async () => {
  "use workflow: every=2h";
}];
`,
  "WORKFLOW_NOT_SCHEDULABLE 3": {
    "a.ts": `export async function a(this: void, day?: Date, { to }: { to: string } = { to: "" }) { "use workflow: every=1h" }
export async function b(day: Date | undefined, { to }: { to: string }) { "use workflow: every=1h" }
export async function c(day?: Date, ...[to]: string[]) { "use workflow: every=1h" }
`,
  },
  DIRECTIVE_ARGUMENT_DUPLICATE: `async function f() { "use task: retries=1, retries=2" }`,
  PLACEHOLDER_UNKNOWN: `async function f(source, { order }, ...rest) {\n  "use workflow: id=a-{sorce}-{order.id}-{rest.0}-{rest}";\n}\nasync function g() { "use workflow: id={x}" }\nasync function h(a) { "use workflow: id={a b}-{}" }`,
  PLACEHOLDER_FORMAT: `async function f(day) { "use workflow: id=a-{day:yyyy-MM-dd}-{day:hh:mm}-{day:}-{day:yyyy yyyy}-{day:day}" }`,
  NAME_NOT_UNIQUE: `export async function charge() { "use task: name=charge" }\nexport async function bill() { "use task: name=charge" }\nexport const api = { async run() { "use task" }, async walk() { "use workflow: name=api.run" } };\n`,
  "NAME_NOT_UNIQUE 2": `"use task: name=x";\nexport async function a() {}\nexport async function b() {}\n`,
  "DIRECTIVE_ARGUMENT_INVALID 3": `async function f() { "use task: name=charge card" }\nasync function g() { "use workflow: name=a/b" }\nasync function h() { "use task: name=for" }\nasync function i() { "use task: name=" }`,
  TASK_NOT_ASYNC: `export function f() {\n  "use task";\n  return 1;\n}\nconst g = () => { "use task" };`,
  TASK_IS_GENERATOR: `export async function* f() {\n  "use task";\n}`,
  WORKFLOW_NOT_ASYNC: `const api = { run() { "use workflow" } };`,
  WORKFLOW_IS_GENERATOR: `function* f() { "use workflow" }`,
  PLACE_UNSUPPORTED: `class A {\n  constructor() { "use task" }\n  get x() { "use task"; return 1 }\n}\nconst o = { set y(v) { "use task" } };`,
  DIRECTIVE_CONTINUED: `async function f(x) {\n  "use task" // no semicolon\n  (x ?? log)();\n}\nconst g = async () => {\n  "use workflow: id=a"\n  [1, 2].forEach(log);\n};\n`,
  WORKFLOW_NEEDS_ID: `export const make = (name) => async (question) => {\n  "use workflow";\n  return name + question;\n};\n`,
  "WORKFLOW_NEEDS_ID 2": `export class A {\n  ask = async function (q) { "use workflow"; return this.name + q; };\n}\nA.prototype.tell = async function () { "use workflow"; return [1].map(() => this.name); };\nexport async function say() { "use workflow"; return this.name; }\nexport async function fine() { "use workflow: id=fine"; return this.name; }\nexport const one = { async run() { "use workflow"; return this.name; } };\n`,
  WORKFLOW_NAME_SHARED: `export const jobs = [async () => { "use workflow"; }, async () => {\n  "use workflow";\n}];\n`,
  COMPILED_IN_PART: `import * as a from "perdure/internal";\nasync function f() {\n  "use task: retries=1";\n}\n`,
  "COMPILED_IN_PART 2": `function m() { return m.m ??= require("perdure/internal").module(2, {}) }\nasync function f() { "use workflow" }\n`,
  MODULE_EXPORT_NOT_ASYNC: `"use task";\nexport async function fine() {}\nexport function sync() {}\nexport const value = 1;\nexport class Thing {\n  x = 1;\n}\nexport { other } from "./other";\nexport * from "./more";\n`,
  DIRECTIVE_WORDS_SHARED: `import { sleep } from "workflow";\nexport async function f() {\n  "use workflow";\n}\n`,
  "DIRECTIVE_WORDS_SHARED 2": {
    "a.js": `export async function f() { "use workflow" }`,
    "package.json": `{ "dependencies": { "workflow": "5" } }`,
  },
  UNAWAITED_CALL: `import { sleep } from "perdure";\nasync function ship(x) { "use task" }\nexport async function f() {\n  "use workflow";\n  ship(1);\n  (sleep(5));\n  void ship(2);\n  await ship(3);\n  ship(4).catch(log);\n}\n`,
  WORKFLOW_IO: `import { readFile as read } from "fs/promises";\nimport * as http from "node:http";\nconst get = fetch;\nasync function load() { "use task"; return fetch("fine") }\nexport async function f(url) {\n  "use workflow";\n  await load();\n  await get(url);\n  await read(url);\n  http.get(url);\n  const each = async (x) => new WebSocket(x);\n  { const fetch = load; await fetch() }\n}\nexport const plain = () => fetch("fine");\n`,
  "WORKFLOW_IO 2": {
    "a.ts": `import { total } from "./price";\nimport prices from "./price";\n\nexport async function order(id: string) {\n  "use workflow";\n  return (await total(id)) + prices.length;\n}\n`,
    "price.ts": `import { load } from "./load";\nexport default [];\nexport const total = async (id: string) => [await load(id)].map(double)[0];\nfunction double(x: number) {\n  return x * 2;\n}\n`,
    "load.ts": `export async function load(id: string): Promise<number> {\n  return (await fetch(id)).status;\n}\n`,
  },
  WORKFLOW_TIMER: `import { setTimeout as wait } from "node:timers/promises";\nimport { setInterval as every } from "timers";\nexport async function f() {\n  "use workflow";\n  setTimeout(() => {}, 5);\n  await wait(5);\n  every(() => {}, 5);\n  queueMicrotask(() => {});\n}\n`,
  WORKFLOW_ENVIRONMENT: `import { env, argv } from "node:process";\nimport os from "node:os";\nexport async function f() {\n  "use workflow";\n  if (process.env.NODE_ENV !== "production") helper();\n  return [process.env.HOME, env, argv[2], os.cpus().length];\n}\nfunction helper() {\n  return process.cwd();\n}\n`,
  WORKFLOW_CLOCK: `import { randomBytes } from "node:crypto";\nexport async function f(schema) {\n  "use workflow";\n  schema.parse(Date);\n  return [process.hrtime(), randomBytes(4), Date.now(), x instanceof Date, new Date(5), Math.max(1, 2)];\n}\n`,
  WORKFLOW_STATE: `let count = 0;\nlet fixed = 1;\nconst cache = new Map(), names = ["a"];\nasync function t() { "use task"; cache.set("x", 1) }\nexport async function f() {\n  "use workflow";\n  await t();\n  return [next(), cache.get("x"), fixed, names[0]];\n}\nconst next = () => count++;\n`,
  WORKFLOW_MODEL: {
    "flow.ts": `import { embed, generateText, streamText } from "ai";
import * as ai from "ai";
import { openai } from "@ai-sdk/openai";
import { researcher } from "./agents";
import { models, settings } from "./models";

const summarize = async (text: string) => (await generateText({ model: "openai/gpt-5", prompt: text })).text;

export async function flow(cond: boolean) {
  "use workflow";
  await researcher.generate({ prompt: "x" });
  await summarize("x");
  await embed({ model: models.embedding, value: "x" });
  streamText({ ...settings, prompt: "x" });
  const agent = new ai.Experimental_Agent({ model: cond ? openai("a") : ai.gateway("b") });
  await agent.stream({ prompt: "x" });
}
`,
    "agents.ts": `import { ToolLoopAgent } from "ai";
import { models } from "./models";
export const researcher = new ToolLoopAgent({ model: models.fast });
`,
    "models.ts": `import { createOpenAI } from "@ai-sdk/openai";
import { openrouter } from "@openrouter/ai-sdk-provider";
const openai = createOpenAI();
export const models = { fast: openai("fast"), embedding: openai.embedding("e") };
export const settings = { model: openrouter.chat("r") };
`,
  },
  TASK_CHANGES_ARGUMENT: {
    "a.ts": `export async function t(order: Order, { items }: { items: string[] }, seen: Set<string>, redis: Redis) {\n  "use task";\n  order.total = 1;\n  order.lines[0].count++;\n  delete order.draft;\n  Object.assign(order, {});\n  items.push("x");\n  seen.add("x");\n  [order.a] = [1];\n  redis.set("x", 1);\n  const copy = { ...order };\n  copy.total = 2;\n  [...items].sort();\n}\n`,
  },
  IGNORE_INVALID: `// perdure-ignore WORKFLOW_OI: a page that may change\n// perdure-ignore TASK_WRITES_CAPTURED\n// perdure-ignore: for now\n/* perdure-disable-next-line WORKFLOW_IO */\nexport async function f() { "use workflow" }\n// perdure-ignore-file WORKFLOW_IO\n`,
  IGNORE_UNUSED: `// perdure-ignore-file WORKFLOW_TIMER: none here\nexport async function f() {\n  "use workflow";\n  // perdure-ignore WORKFLOW_IO: too early\n  const url = "x";\n  await fetch(url);\n}\n`,
  ERROR_PRIVATE_MEMBERS: `class Declined extends Error {\n  static #count = 0;\n  #card = "";\n  #mask() { return "***" }\n  get card() { return this.#card }\n}\nclass Store extends Map { #size = 0; }\nasync function pay() { "use task"; throw new Declined() }\n`,
  TASK_CHANGES_CAPTURED: `export async function main() {\n  "use workflow";\n  const results = [], own = {};\n  async function t(x) {\n    "use task";\n    const mine = [];\n    mine.push(x);\n    results.push(x);\n    own.x = x;\n  }\n  await t(1);\n  results.push(2);\n}\n`,
  TASK_WRITES_CAPTURED: `export async function main() {\n  "use workflow";\n  let seen, total = 0;\n  async function f(x) {\n    "use task";\n    let own = 0;\n    own += x;\n    total += x;\n    ({ seen } = x);\n    [1].forEach(() => { seen++ });\n    for (total of [1]) own++;\n    seen ??= x;\n  }\n}\n`,
  TASK_WRITES_OUTSIDE: `let last, log = "";\nexport async function f(x) {\n  "use task";\n  last = x;\n  ({ last } = x);\n  for (log of x) await last;\n}\nexport const make = (n = 0) => async () => { "use task"; n++; };\n`,
};

const order = `export async function order() {\n  "use workflow";\n}\n`;

/** Diagnostics that depend on another tool or on a browser build. */
const others: Record<string, () => string> = {
  BROWSER_IMPORT: () =>
    messageOf(() =>
      checkForBrowser(order, {
        id: `${root}/a.js`,
        root,
        importers: (path) => (path === `${root}/a.js` ? [`${root}/main.js`] : []),
      }),
    ),
  COMPONENT_NOT_COMPILED: () => {
    const text = `<template>\n  <p>"use task"</p>\n</template>\n<script setup>\nasync function f() {\n  "use task";\n}\n</script>\n`;
    const lost = lostInComponent({ id: `${root}/A.vue`, root, host: memoryHost({ "A.vue": text }) });
    return lost ? new CompileError([lost]).message : "";
  },
  IMPORT_NOT_FOLLOWED: () =>
    new CompileError(
      notFollowed({
        "src/order.ts": `import { pay } from "virtual:pay";\nexport async function order() {\n  "use workflow";\n  await pay();\n}\n`,
        "src/pay.ts": `export async function pay() { "use task" }\n`,
      }),
    ).message,
  IMPORT_NOT_COMPILED: () => {
    const files = {
      "a.js": `import { charge } from "./jobs";\nexport async function f() { "use workflow"; await charge(1); await charge(2) }\n`,
      "jobs.js": `export async function charge() { "use task" }\n`,
    };
    const host = memoryHost(files);
    const project = createProject(host, DIRECTIVE_WORDS, () => root);
    const build = {
      root,
      host,
      project,
      warnings: undefined,
      includes: () => true,
      chooses: () => false,
      isCompiled: () => false,
    };
    return new CompileError(notCompiled(`${root}/a.js`, build)).message;
  },
  DIRECTIVE_LOST: () => {
    const lost = lostDirectives("export async function order() {}", {
      id: `${root}/a.js`,
      root,
      host: memoryHost({ "a.js": order }),
    });
    return lost ? new CompileError([lost]).message : "";
  },
};

function messageOf(run: () => void): string {
  try {
    run();
    return "";
  } catch (error) {
    if (error instanceof CompileError) return error.message;
    throw error;
  }
}

function report(program: string | Files): string {
  const files: Files = typeof program === "string" ? { "a.js": program } : program;
  const name = Object.keys(files)[0] ?? "";
  try {
    const result = compileFile(files, name);
    return (result?.diagnostics ?? []).map((each) => new CompileError([each]).message).join("\n\n");
  } catch (error) {
    if (error instanceof CompileError) return error.message;
    throw error;
  }
}

describe("compiler diagnostics", () => {
  for (const [name, program] of Object.entries(programs)) {
    test(`the output matches the snapshot for ${name}`, () => {
      const text = report(program);
      expect(text).toContain(`(${name.split(" ")[0]})`);
      expect(text).toMatchSnapshot();
    });
  }

  for (const [name, message] of Object.entries(others)) {
    test(`the output matches the snapshot for ${name}`, () => {
      expect(message()).toContain(`(${name})`);
      expect(message()).toMatchSnapshot();
    });
  }

  test("every diagnostic code has an example", () => {
    expect(
      Object.keys(diagnosticMessages).filter((code) => !(code in programs || code in others || code in checkMessages)),
    ).toEqual([]);
  });

  test("a project can turn a warning off or into an error", () => {
    const source = `export async function f() { "use workflow"; await fetch("x"); setTimeout(f); return process.env.X }`;
    const codes = (warnings: CompileOptions["warnings"]) =>
      compileFile({ "a.js": source }, "a.js", { ...(warnings && { warnings }) })?.diagnostics.map((each) => each.code);
    expect(codes(undefined)).toEqual(["WORKFLOW_IO", "WORKFLOW_TIMER", "WORKFLOW_ENVIRONMENT"]);
    expect(codes({ WORKFLOW_TIMER: "off", WORKFLOW_IO: "warning" })).toEqual(["WORKFLOW_IO", "WORKFLOW_ENVIRONMENT"]);
    expect(() => codes({ WORKFLOW_TIMER: "error" })).toThrow(/error: f uses setTimeout/);
  });

  test("calls of the AI SDK with durable models, with models that may be durable, and in tasks are right", () => {
    const source = `import { customProvider, generateText, streamText, tool, ToolLoopAgent, wrapLanguageModel } from "ai";
import { openai } from "@ai-sdk/openai";
import { durableModel, durableTools } from "perdure-ai";
import { MockLanguageModelV4 } from "ai/test";

const model = durableModel(openai("gpt-5"));
const other = wrapLanguageModel({ model: openai("gpt-5"), middleware });
const agent = new ToolLoopAgent({ model, tools: durableTools({}) });
const provider = customProvider({ languageModels: { fast: model } });
async function ask() { "use task"; return generateText({ model: openai("gpt-5"), prompt: "x" }) }
const searcher = (client) => tool({ execute: () => fetch(client) });

export async function flow(given, cond, client) {
  "use workflow";
  await agent.generate({ prompt: "x" });
  await generateText({ model, prompt: "x" });
  await generateText({ model: given, prompt: "x" });
  await generateText({ model: cond ? given : openai("gpt-5"), prompt: "x" });
  await generateText({ model: openai("gpt-5"), ...given });
  streamText({ model: provider.languageModel("fast"), prompt: "x" });
  streamText({ model: new MockLanguageModelV4(), prompt: "x" });
  streamText({ model: wrapLanguageModel({ model: openai("gpt-5"), middleware }), prompt: "x" });
  streamText({ model, prompt: "x" }).toTextStreamResponse({ model: "gpt-5" });
  await ask();
  const ownModel = durableModel(openai("gpt-5", { fetch: (url) => fetch(url) }));
  const tools = durableTools({
    load: tool({ execute: ({ url }) => fetch(url) }),
    search: searcher(client),
    ask: tool({ execute: () => generateText({ model: openai("gpt-5"), prompt: "x" }) }),
  });
  await new ToolLoopAgent({ model: ownModel, tools }).generate({ prompt: "x" });
}
`;
    expect(compileFile({ "a.js": source }, "a.js")?.diagnostics).toEqual([]);
  });

  test("what is done with the result of a durable call is workflow code", () => {
    const source = `import { usageOf } from "perdure-ai";
export async function flow(run) {
  "use workflow";
  return usageOf(run).then((usage) => fetch(usage));
}
`;
    expect(compileFile({ "a.js": source }, "a.js")?.diagnostics).toMatchObject([{ code: "WORKFLOW_IO" }]);
  });

  test("a project can use other words for the directives", () => {
    const directives = { task: "use durable task" };
    const compile = (source: string) => compileFile({ "a.js": source }, "a.js", { directives });
    expect(compile(`async function f() { "use task"; "use server"; "use cache" }`)).toBeUndefined();
    expect(compile(`async function f() { "use durable task: retries=1" }`)?.info.functions).toMatchObject([
      { kind: "task", options: { retries: 1 } },
    ]);
    expect(() => compile(`async function f() { "use durable-task" }`)).toThrow('did you mean "use durable task"?');
    expect(() => compile(`async function f() { "use workflows" }`)).toThrow('did you mean "use workflow"?');
  });
});
