import { describe, expect, test } from "vitest";
import { CompileError } from "../src/compile/compile-error.ts";
import { compileFile } from "./execute.ts";

function codesOf(source: string): string[] {
  try {
    return (compileFile({ "a.ts": source }, "a.ts")?.diagnostics ?? []).map(({ code }) => code);
  } catch (error) {
    if (error instanceof CompileError) return error.diagnostics.map(({ code }) => code);
    throw error;
  }
}

const inTask = (statement: string): string => `async function t(x: any): Promise<any> { "use task"; ${statement} }`;

/** Assignments that make a value once for each process. */
const fills = [
  "v ??= x;",
  "v ||= x;",
  "if (!v) v = x;",
  "if (v === undefined) { const made = x; v = made; }",
  "v || (v = x);",
  "v ?? (v = x, 1);",
  "const c = v ? v : (v = x); return c;",
  "if (v) return v; v = x;",
  "if (v) { x(); return v; } try { v = x; } catch {}",
  "try { if (v == null) v = x } finally {}",
];
/** Assignments that make the next value from the one before. */
const counts = [
  "v++;",
  "--v;",
  "v += x;",
  "v = v + 1;",
  "v = Math.max(v, x);",
  "[1].forEach(() => { v++ });",
  "v = [...v, x];",
];
const sets = [
  "v = x;",
  "({ v } = x);",
  "[v] = x;",
  "for (v of x) ;",
  "if (x) v = x;",
  "x || (v = x);",
  "if (v) x(); v = x;",
  "v = x.v;",
  "v = { v: x };",
  "if (x.v) v = x;",
];

describe("a task that assigns to a variable of the module", () => {
  test.each([...fills, ...counts])("is fine: %s", (statement) => {
    expect(codesOf(`let v: any;\n${inTask(statement)}`)).toEqual([]);
    expect(codesOf(`{ let v: any;\n${inTask(statement)} }`)).toEqual([]);
    expect(codesOf(`class A { static { let v: any; const t = async (x) => { "use task"; ${statement} } } }`)).toEqual(
      [],
    );
  });

  test.each(sets)("gets a warning: %s", (statement) => {
    expect(codesOf(`let v: any;\n${inTask(statement)}`)).toEqual(["TASK_WRITES_OUTSIDE"]);
  });
});

describe("a task that assigns to a variable of a function that makes tasks", () => {
  const factory = (statement: string): string => `export function make() { let v: any; return ${inTask(statement)} }`;

  test.each(fills)("is fine: %s", (statement) => expect(codesOf(factory(statement))).toEqual([]));

  test.each([...counts, ...sets])("gets a warning: %s", (statement) =>
    expect(codesOf(factory(statement))).toEqual(["TASK_WRITES_OUTSIDE"]),
  );
});

describe("a task that assigns to a variable of the run is refused", () => {
  test.each([...fills, ...counts, ...sets])("%s", (statement) => {
    const workflow = (inner: string): string => `export async function w(a: any) { "use workflow: id=w"; ${inner} }`;
    expect(codesOf(workflow(`let v: any; ${inTask(statement)} await t(1);`))).toEqual(["TASK_WRITES_CAPTURED"]);
    expect(codesOf(workflow(`for (let v of a) { ${inTask(statement)} await t(1); }`))).toEqual([
      "TASK_WRITES_CAPTURED",
    ]);
    // a helper that calls it, a function in a workflow, and a parameter
    expect(codesOf(`async function h() { let v: any; ${inTask(statement)} await t(1); }`)).toEqual([
      "TASK_WRITES_CAPTURED",
    ]);
    expect(
      codesOf(workflow(`const make = () => { let v: any; ${inTask(statement)} return t; }; await make()(1);`)),
    ).toEqual(["TASK_WRITES_CAPTURED"]);
    expect(
      codesOf(`export async function w(v: any) { "use workflow: id=w"; ${inTask(statement)} await t(1); }`),
    ).toEqual(["TASK_WRITES_CAPTURED"]);
  });
});

test("a project can turn the warning off, and not the error", () => {
  const source = `let v: any;\n${inTask("v = x;")}`;
  const warnings = { TASK_WRITES_OUTSIDE: "off" } as const;
  expect(compileFile({ "a.ts": source }, "a.ts", { warnings })?.diagnostics).toEqual([]);
});
