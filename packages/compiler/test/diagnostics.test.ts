import { diagnosticMessages } from "@perdure/protocol";
import { describe, expect, it } from "vitest";
import { CompileError } from "../src/compile.ts";
import { compileFile, type Files } from "./execute.ts";

/** One program for each thing the compiler says; several ways to say it have a number. */
const programs: Record<string, string | Files> = {
  PARSE_ERROR: `export async function f( {\n  "use task";\n}\n`,
  DIRECTIVE_MISSPELT: `export async function f() {\n  "use tasks";\n}\n`,
  "DIRECTIVE_MISPLACED 2": `"use task";\nasync function f() {}\nmodule.exports = { f };\n`,
  "DIRECTIVE_MISSPELT 2": `const a = async () => { "Use Workflow" };\nconst b = async () => { "use  task" };\nconst c = async () => { 'use-task: retries=1' };\nconst d = async () => { "use worklfow" };\nasync function e() { log(); "use taks" }`,
  DIRECTIVE_MISPLACED: `async function f() {\n  await g();\n  "use task";\n}\nif (x) { "use workflow: id=a" }\nconst a = async () => ("use task");\nasync function h() { ("use task") }\nasync function i() { \`use task\` }\nclass A { static { "use task" } }\n`,
  DIRECTIVE_DUPLICATE: `async function f() { "use task"; "use task: retries=1"; }`,
  DIRECTIVE_CONFLICT: `async function f() {\n  "use strict";\n  "use task";\n  "use workflow";\n}`,
  DIRECTIVE_SYNTAX: `async function f() { "use task: retries=1,"; }\nasync function g() { "use task:" }\nasync function h() { "use task: 3x y" }\nasync function i() { "use task: backoff=exponential(2)" }`,
  DIRECTIVE_ARGUMENT_UNKNOWN: `async function f() { "use task: retires=3"; }\nasync function g() { "use workflow: name=x" }\nasync function h() { "use task: backoff=linear(start=1s, stop=2s)" }\nasync function i() { "use task: 3" }`,
  DIRECTIVE_ARGUMENT_INVALID: `async function f() { "use task: retries=-1, timeout=0s, backoff=expnential(base=2)" }\nasync function g() { 'use task: retries=1.5, timeout="5 minutes"' }\nasync function h() { "use task: backoff=exponential(base=0, jitter=maybe)" }\nasync function i() { "use workflow: id={a" }\nasync function j() { "use workflow: id=" }`,
  DIRECTIVE_ARGUMENT_MISSING: `async function f() { "use task: backoff=exponential" }\nasync function g() { "use task: backoff=linear(start=1s)" }\nasync function h() { "use task: backoff=constant()" }`,
  DIRECTIVE_ARGUMENT_DUPLICATE: `async function f() { "use task: retries=1, retries=2" }`,
  PLACEHOLDER_UNKNOWN: `async function f(source, { order }, ...rest) {\n  "use workflow: id=a-{sorce}-{order.id}-{rest.0}-{rest}";\n}\nasync function g() { "use workflow: id={x}" }\nasync function h(a) { "use workflow: id={a b}-{}" }`,
  TASK_NOT_ASYNC: `export function f() {\n  "use task";\n  return 1;\n}\nconst g = () => { "use task" };`,
  TASK_IS_GENERATOR: `export async function* f() {\n  "use task";\n}`,
  WORKFLOW_NOT_ASYNC: `const api = { run() { "use workflow" } };`,
  WORKFLOW_IS_GENERATOR: `function* f() { "use workflow" }`,
  PLACE_UNSUPPORTED: `class A {\n  constructor() { "use task" }\n  get x() { "use task"; return 1 }\n  async [name]() { "use workflow" }\n  [field] = async () => { "use task" };\n}\nconst o = { set y(v) { "use task" }, async [k]() { "use task" } };`,
  "PLACE_UNSUPPORTED 2": { "a.ts": `class A {\n  async charge(@Body() order: Order) {\n    "use task";\n  }\n}\n` },
  SUPER_IN_GENERATOR: `async function t() { "use task" }\nclass A extends B {\n  async *list() {\n    yield super.list();\n    await t();\n  }\n}\n`,
  MODULE_EXPORT_NOT_ASYNC: `"use task";\nexport async function fine() {}\nexport function sync() {}\nexport const value = 1;\nexport class Thing {\n  x = 1;\n}\nexport { other } from "./other";\nexport * from "./more";\n`,
  DIRECTIVE_WORDS_SHARED: `import { sleep } from "workflow";\nexport async function f() {\n  "use workflow";\n}\n`,
  "DIRECTIVE_WORDS_SHARED 2": { "a.js": `export async function f() { "use workflow" }`, "package.json": `{ "dependencies": { "workflow": "5" } }` },
  UNAWAITED_CALL: `import { sleep } from "perdure";\nasync function ship(x) { "use task" }\nexport async function f() {\n  "use workflow";\n  ship(1);\n  (sleep(5));\n  void ship(2);\n  await ship(3);\n  ship(4).catch(log);\n}\n`,
  TASK_WRITES_CAPTURED: `let total = 0;\nexport async function main() {\n  let seen;\n  async function f(x) {\n    "use task";\n    let own = 0;\n    own += x;\n    total += x;\n    ({ seen } = x);\n    [1].forEach(() => { seen++ });\n    for (total of [1]) own++;\n  }\n}\n`,
};

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

describe("what the compiler says", () => {
  for (const [name, program] of Object.entries(programs)) {
    it(name, () => {
      const text = report(program);
      expect(text).toContain(`(${name.split(" ")[0]})`);
      expect(text).toMatchSnapshot();
    });
  }

  it("has an example for every code", () => {
    expect(Object.keys(diagnosticMessages).filter((code) => !(code in programs))).toEqual([]);
  });

  it("takes other words", () => {
    const directives = { task: "use durable task" };
    const compile = (source: string) => compileFile({ "a.js": source }, "a.js", { directives });
    expect(compile(`async function f() { "use task"; "use server"; "use cache" }`)).toBeUndefined();
    expect(compile(`async function f() { "use durable task: retries=1" }`)?.info.functions).toMatchObject([{ kind: "task", options: { retries: 1 } }]);
    expect(() => compile(`async function f() { "use durable-task" }`)).toThrow('did you mean "use durable task"?');
    expect(() => compile(`async function f() { "use workflows" }`)).toThrow('did you mean "use workflow"?');
  });
});
