import { describe, expect, test } from "vitest";
import { CompileError } from "../src/compile/compile-error.ts";
import type { CompileOptions } from "../src/compile/compile.ts";
import { notCompiled } from "../src/compile/not-compiled.ts";
import type { Diagnostic } from "../src/diagnostics/diagnostic.ts";
import { DIRECTIVE_WORDS } from "../src/directives/directive.ts";
import { createProject } from "../src/project/project.ts";
import { checkFiles, tsconfig } from "./check/check-project.ts";
import { compileFile, memoryHost, notFollowed, root } from "./execute.ts";

function diagnosticsOf(source: string, warnings?: CompileOptions["warnings"]): readonly Diagnostic[] {
  try {
    return compileFile({ "a.tsx": source }, "a.tsx", { ...(warnings && { warnings }) })?.diagnostics ?? [];
  } catch (error) {
    if (error instanceof CompileError) return error.diagnostics;
    throw error;
  }
}

const codesOf = (source: string, warnings?: CompileOptions["warnings"]): string[] =>
  diagnosticsOf(source, warnings).map(({ code, line }) => `${code}:${line}`);

const workflow = (...lines: string[]): string =>
  ["export async function f(x: any) {", '  "use workflow";', ...lines, "}", ""].join("\n");

describe("a comment that names the code of a warning", () => {
  test.each([
    ["on the line before", ["// perdure-ignore WORKFLOW_IO", "await fetch(x);"]],
    ["with a reason", ["// perdure-ignore WORKFLOW_IO: the page never changes", "await fetch(x);"]],
    ["with a reason as in ESLint", ["// perdure-ignore WORKFLOW_IO -- the page never changes", "await fetch(x);"]],
    ["with words after it", ["// perdure-ignore WORKFLOW_IO because it never changes", "await fetch(x);"]],
    ["on the same line", ["await fetch(x); // perdure-ignore WORKFLOW_IO: it never changes"]],
    ["in the line", ["await /* perdure-ignore WORKFLOW_IO */ fetch(x);"]],
    ["in front of the line", ["/* perdure-ignore WORKFLOW_IO */ await fetch(x);"]],
    [
      "above other comments and empty lines",
      ["/*\n * perdure-ignore WORKFLOW_IO\n */", "// the page", "", "await fetch(x);"],
    ],
    ["with two codes", ["// perdure-ignore WORKFLOW_IO, WORKFLOW_TIMER: both", "setTimeout(f), fetch(x);"]],
    [
      "with one comment for each code",
      ["// perdure-ignore WORKFLOW_IO: a", "// perdure-ignore WORKFLOW_TIMER: b", "setTimeout(f), fetch(x);"],
    ],
    [
      "before and on the line",
      ["// perdure-ignore WORKFLOW_IO: a", "setTimeout(f), fetch(x); // perdure-ignore WORKFLOW_TIMER"],
    ],
    ["for several on one line", ["// perdure-ignore WORKFLOW_IO", "fetch(x), fetch(x);"]],
  ])("turns it off %s", (_, lines) => {
    expect(codesOf(workflow(...lines))).toEqual([]);
    expect(codesOf(workflow(...lines).replaceAll("\n", "\r\n"))).toEqual([]);
    const without = workflow(...lines).replaceAll("perdure-ignore", "perdure");
    expect(codesOf(without).every((each) => /^WORKFLOW_(?:IO|TIMER):/.test(each))).toBe(true);
    expect(codesOf(without)).not.toEqual([]);
  });

  test("turns off nothing elsewhere, nothing else, and no error", () => {
    expect(codesOf(workflow("// perdure-ignore WORKFLOW_IO", "await fetch(x);", "await fetch(x);"))).toEqual([
      "WORKFLOW_IO:5",
    ]);
    expect(codesOf(workflow("// perdure-ignore WORKFLOW_IO", "setTimeout(f), fetch(x);"))).toEqual([
      "WORKFLOW_TIMER:4",
    ]);
    const written = workflow("let y;", 'const t = async () => { "use task"; y = x; };', "await t();");
    expect(codesOf(`// perdure-ignore-file TASK_WRITES_CAPTURED\n${written}`)).toEqual([
      "IGNORE_INVALID:1",
      "TASK_WRITES_CAPTURED:5",
    ]);
  });

  test("leaves the next of several that are reported once", () => {
    const changes =
      'export async function t(x: any) { "use task"; x.a = 1; // perdure-ignore TASK_CHANGES_ARGUMENT\n x.b = 2;\n x.c = 3; }';
    expect(codesOf(changes)).toEqual(["TASK_CHANGES_ARGUMENT:2"]);
    expect(codesOf(workflow("fetch(x); fetch(x);", "fetch(x);"))).toEqual(["WORKFLOW_IO:3"]);
  });

  test("turns it off in the whole file at its top", () => {
    const twice = workflow("await fetch(x);", "await fetch(x);", "setTimeout(f);");
    expect(codesOf(`// perdure-ignore-file WORKFLOW_IO: pages that never change\n${twice}`)).toEqual([
      "WORKFLOW_TIMER:6",
    ]);
    expect(
      codesOf(`#!/usr/bin/env node\n/* ours */\n/* perdure-ignore-file WORKFLOW_IO, WORKFLOW_TIMER */\n${twice}`),
    ).toEqual([]);
    expect(codesOf(`${twice}// perdure-ignore-file WORKFLOW_IO\n`)).toContain("IGNORE_INVALID:7");
  });

  test("that turns off nothing is reported, unless an error ended the search", () => {
    expect(codesOf(workflow("// perdure-ignore WORKFLOW_IO", "await x;", "await fetch(x);"))).toEqual([
      "IGNORE_UNUSED:3",
      "WORKFLOW_IO:5",
    ]);
    expect(codesOf(workflow("// perdure-ignore WORKFLOW_IO", "await fetch(x); 'use task';"))).toEqual([
      "DIRECTIVE_MISPLACED:4",
    ]);
    expect(codesOf(workflow("// perdure-ignore WORKFLOW_IO", "await x;"), { IGNORE_UNUSED: "error" })).toEqual([
      "IGNORE_UNUSED:3",
    ]);
  });

  test("stands above the levels of the project", () => {
    const ignored = workflow("await fetch(x); // perdure-ignore WORKFLOW_IO");
    expect(codesOf(ignored, { WORKFLOW_IO: "error" })).toEqual([]);
    expect(codesOf(ignored, { WORKFLOW_IO: "off" })).toEqual([]);
  });

  test("that is wrong is an error with a suggestion", () => {
    const [, problem] = diagnosticsOf(workflow("await fetch(x); // perdure-ignore WORKFLOW_OI"));
    expect(problem).toMatchObject({
      code: "IGNORE_INVALID",
      hint: expect.stringContaining('did you mean "WORKFLOW_IO"?'),
    });
    expect(codesOf("// perdure-ignore NONSENSE\nexport const a = 1;\n")).toEqual(["IGNORE_INVALID:1"]);
    expect(codesOf("export const a = '// perdure-ignore NONSENSE';\n")).toEqual([]);
  });
});

test("a comment turns off a warning of the type-aware check, and only the check looks for its use", () => {
  const source = 'export class Row { id = 1 }\nexport async function read() {\n  "use task";\n  return new Row();\n}\n';
  const ignored = source.replace("export async", "// perdure-ignore CLASS_NOT_REGISTERED: literals only\nexport async");
  const check = (text: string): string[] =>
    checkFiles({ "tsconfig.json": tsconfig(), "src/a.ts": text }).diagnostics.map(({ code }) => code);
  expect(check(source)).toEqual(["CLASS_NOT_REGISTERED"]);
  expect(check(ignored)).toEqual([]);
  expect(check(ignored.replace("new Row()", "1"))).toEqual(["IGNORE_UNUSED"]);
  expect(codesOf(ignored)).toEqual([]);
});

describe("a comment that names what only the end of a build can find", () => {
  const main = `import { charge } from "./jobs";
export async function f() {
  "use workflow";
  // perdure-ignore IMPORT_NOT_COMPILED: another build compiles it
  await charge(1);
  await charge(2);
}
`;

  function placesIn(source: string): string[] {
    const host = memoryHost({ "a.ts": source, "jobs.ts": `export async function charge(n: number) { "use task" }\n` });
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
    return notCompiled(`${root}/a.ts`, build).map(({ code, severity, line }) => `${code}:${severity}:${line}`);
  }

  test("is not unused for the compiler", () => {
    expect(compileFile({ "a.ts": main, "jobs.ts": "" }, "a.ts")?.diagnostics).toEqual([]);
  });

  test("turns off its own place only, or the whole file", () => {
    expect(placesIn(main)).toEqual(["IMPORT_NOT_COMPILED:error:6"]);
    expect(placesIn(main.replace("// perdure-ignore IMPORT_NOT_COMPILED", "//"))).toEqual([
      "IMPORT_NOT_COMPILED:error:5",
    ]);
    expect(placesIn(`// perdure-ignore-file IMPORT_NOT_COMPILED: another build compiles it\n${main}`)).toEqual([]);
  });

  test("also turns off an import that cannot be followed", () => {
    const order = `import { pay } from "virtual:pay";\nexport async function order() {\n  "use workflow";\n  await pay();\n}\n`;
    const pay = `export async function pay() { "use task" }\n`;
    const found = (text: string): string[] =>
      notFollowed({ "src/order.ts": text, "src/pay.ts": pay }).map(({ code }) => code);
    expect(found(order)).toEqual(["IMPORT_NOT_FOLLOWED"]);
    expect(found(`// perdure-ignore IMPORT_NOT_FOLLOWED: no clock there\n${order}`)).toEqual([]);
  });
});
