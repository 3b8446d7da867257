import { describe, expect, it } from "vitest";
import { checkForBrowser } from "../src/compile/browser.ts";
import { CompileError } from "../src/compile/compile-error.ts";
import { lostDirectives } from "../src/compile/lost-directives.ts";
import { memoryHost, root } from "./execute.ts";

const workflow = `export async function order() { "use workflow" }`;

type Imports = Readonly<Record<string, readonly string[]>>;

/** What is said of `/app/orders.js` when the modules import each other like this. */
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

describe("a module on its way to a browser", () => {
  it("is reached on the shortest way", () => {
    const imports = files({
      "main.js": ["a.js", "d.js"],
      "a.js": ["b.js"],
      "b.js": ["orders.js"],
      "d.js": ["orders.js"],
    });
    expect(said(workflow, imports)).toContain("imported by browser code: main.js → d.js → orders.js");
  });

  it("is reached through modules that import each other, from outside of them or not", () => {
    const circle = { "a.js": ["b.js"], "b.js": ["a.js", "orders.js"], "orders.js": ["a.js"] };
    expect(said(workflow, files({ ...circle, "main.js": ["a.js"] }))).toContain(
      "imported by browser code: main.js → a.js → b.js → orders.js",
    );
    expect(said(workflow, files(circle))).toMatch(/imported by browser code: .*b\.js → orders\.js/);
  });

  it("may have tasks only, or a directive for the whole file", () => {
    expect(said(`const f = async () => { "use task" };`)).toContain("orders.js contains tasks and is an entry point");
    expect(said(`"use workflow";\nexport async function f() {}`)).toContain("orders.js contains workflows");
  });

  it("is told what is wrong with its directives all the same", () => {
    expect(said(`async function f() { "use tasks" }`)).toContain("(DIRECTIVE_MISSPELT)");
    expect(said(`async function f( { "use task" }`)).toContain("(PARSE_ERROR)");
  });

  it("may hold what only looks like a directive", () => {
    for (const source of [
      `log("use workflow")`,
      `// "use task"`,
      `import { x } from "./x"; export const f = () => x()`,
    ])
      expect(said(source)).toBe("");
  });
});

describe("directives that another tool has taken out", () => {
  const lost = (source: string, disk: string | undefined, id = `${root}/a.js`) =>
    lostDirectives(source, { id, root, host: memoryHost(disk === undefined ? {} : { "a.js": disk }) });

  it("are found on the disk", () => {
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

  it("are not missed where there were none, where some are left, and in parts of files", () => {
    expect(lost("f()", `f("use task")`)).toBeUndefined();
    expect(lost("f()", undefined)).toBeUndefined();
    expect(lost(`export async function order(){"use workflow"}`, workflow)).toBeUndefined();
    expect(lost("f()", workflow, `${root}/a.js?part=2`)).toBeUndefined();
    expect(lost("f()", workflow, "virtual:a.js")).toBeUndefined();
  });

  it("are not missed where the file has been compiled", () => {
    expect(lost(`import * as $perdure from "perdure/internal"; f()`, workflow)).toBeUndefined();
  });
});
