import { transformSync } from "esbuild";
import { describe, expect, test } from "vitest";
import { checkForBrowser, leftIn, stubForBrowser } from "../src/compile/browser.ts";
import { CompileError } from "../src/compile/compile-error.ts";
import { lostDirectives } from "../src/compile/lost-directives.ts";
import { memoryHost, root } from "./execute.ts";

const workflow = `export async function order() { "use workflow" }`;

type Imports = Readonly<Record<string, readonly string[]>>;

/** The message for `/app/orders.js` when the modules import each other like this. */
function said(source: string, imports: Imports = {}): string {
  const importers = (path: string) =>
    Object.entries(imports).flatMap(([file, imported]) => (imported.includes(path) ? [file] : []));
  try {
    checkForBrowser(source, { id: `${root}/orders.js`, root, importers });
    return "";
  } catch (error) {
    if (error instanceof CompileError) return error.message;
    throw error;
  }
}

const files = (imports: Imports): Imports =>
  Object.fromEntries(
    Object.entries(imports).map(([file, imported]) => [`${root}/${file}`, imported.map((each) => `${root}/${each}`)]),
  );

describe("a durable module in a browser build", () => {
  test("the message names the shortest import path from browser code to the module", () => {
    const imports = files({
      "main.js": ["a.js", "d.js"],
      "a.js": ["b.js"],
      "b.js": ["orders.js"],
      "d.js": ["orders.js"],
    });
    expect(said(workflow, imports)).toContain("imported by browser code: main.js → d.js → orders.js");
  });

  test("the message names an import path through an import cycle, with or without an entry outside of it", () => {
    const circle = { "a.js": ["b.js"], "b.js": ["a.js", "orders.js"], "orders.js": ["a.js"] };
    expect(said(workflow, files({ ...circle, "main.js": ["a.js"] }))).toContain(
      "imported by browser code: main.js → a.js → b.js → orders.js",
    );
    expect(said(workflow, files(circle))).toMatch(/imported by browser code: .*b\.js → orders\.js/);
  });

  test("modules with only tasks and modules with a file-level directive are refused in a browser build", () => {
    expect(said(`const f = async () => { "use task" };`)).toContain("orders.js contains tasks and is an entry point");
    expect(said(`"use workflow";\nexport async function f() {}`)).toContain("orders.js contains workflows");
  });

  test("directive and syntax errors are reported in a browser build, too", () => {
    expect(said(`async function f() { "use tasks" }`)).toContain("(DIRECTIVE_MISSPELT)");
    expect(said(`async function f( { "use task" }`)).toContain("(PARSE_ERROR)");
  });

  test("text that only looks like a directive is accepted in a browser build", () => {
    for (const source of [
      `log("use workflow")`,
      `// "use task"`,
      `import { x } from "./x"; export const f = () => x()`,
    ])
      expect(said(source)).toBe("");
  });
});

describe("a durable function in code for browsers", () => {
  const stub = (source: string, name = "orders.js") => stubForBrowser(source, { id: `${root}/${name}`, root });
  const code = (source: string): string => stub(source)?.code ?? "";

  test("it throws an error that says where it belongs", async () => {
    const { order } = evaluate<{ order(): Promise<void> }>(code(workflow), "order");
    await expect(order()).rejects.toThrow(
      "order is a workflow: it runs on a server, and this is browser code. Call it there (an endpoint, a server action) (BROWSER_IMPORT at orders.js:1:33)",
    );
  });

  test.each([
    ["a function", `async function f(x) {\n  "use task";\n  return used(x);\n}`],
    ["an arrow", `const f = async (x) => {\n  "use task"; return used(x) };`],
    ["a method", `class A {\n  static async f() { "use task"; used() } }`],
    ["an export under a directive of the file", `"use task";\nexport const f = async (x) => used(x);`],
    ["a closure of a plain function", `const make = () => async () => { "use workflow"; used() };`],
  ])("the body of %s is replaced, and every line stays where it is", (_, source) => {
    expect(code(source)).toContain("(BROWSER_IMPORT at ");
    expect(code(source)).not.toContain("used");
    expect(code(source).split("\n")).toHaveLength(source.split("\n").length);
  });

  test("imports that only durable functions use are removed, all others stay", () => {
    const source = `import { readFile } from "node:fs";\nimport { a } from "./a.js";\nimport "./b.js";\nimport { c } from "./c.js";\nasync function f() { "use task"; readFile(a) }\nexport const page = () => a;\n`;
    expect(code(source)).not.toContain("node:fs");
    for (const kept of ["./a.js", "./b.js", "./c.js", "page = () => a"]) expect(code(source)).toContain(kept);
  });

  test.each(["orders.js", "app/(shop)/[id]/actions.ts", "it's/größe 1.ts"])(
    "%s is found in minified output",
    (name) => {
      const output = transformSync(stub(workflow, name)?.code ?? "", { minify: true, loader: "ts" }).code;
      expect(leftIn(output)).toEqual([{ file: name, line: 1, column: 33 }]);
    },
  );

  test("nothing is replaced without a directive, and a wrong directive is an error", () => {
    expect(stub(`log("use workflow")`)).toBeUndefined();
    expect(() => stub(`async function f() { "use tasks" }`)).toThrow("(DIRECTIVE_MISSPELT)");
  });
});

/** The value of a declaration of a script. */
const evaluate = <T>(script: string, name: string): T =>
  Object.fromEntries([[name, new Function(`${script.replace("export ", "")}; return ${name};`)()]]) as T;

describe("directives removed by another tool", () => {
  const lost = (source: string, disk: string | undefined, id = `${root}/a.js`) =>
    lostDirectives(source, { id, root, host: memoryHost(disk === undefined ? {} : { "a.js": disk }) });

  test("a directive removed by another tool is found in the file on disk", () => {
    expect(lost(`export async function order(){}`, workflow)).toMatchObject({
      code: "DIRECTIVE_LOST",
      file: "a.js",
      line: 1,
      column: 33,
    });
    expect(lost(`export async function f(){}`, `"use task";\nexport async function f() {}`)).toMatchObject({
      line: 1,
      column: 1,
    });
  });

  test("no removed directive is reported if the file has none, if some are left, or for a part of a file", () => {
    expect(lost("f()", `f("use task")`)).toBeUndefined();
    expect(lost("f()", undefined)).toBeUndefined();
    expect(lost(`export async function order(){"use workflow"}`, workflow)).toBeUndefined();
    expect(lost("f()", workflow, `${root}/a.js?part=2`)).toBeUndefined();
    expect(lost("f()", workflow, "virtual:a.js")).toBeUndefined();
  });

  test("no removed directive is reported if the file was compiled", () => {
    expect(lost(`import * as $perdure from "perdure/internal"; f()`, workflow)).toBeUndefined();
  });
});
