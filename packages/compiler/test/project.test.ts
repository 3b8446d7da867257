import { DIRECTIVE_WORDS } from "../src/directives/directive.ts";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Session } from "../src/adapters/session/session.ts";
import { compile, createProject, nodeHost } from "../src/index.ts";
import { Packages } from "../src/project/packages.ts";
import { compileFile, type Files } from "./execute.ts";
import { temporaryProject } from "./temporary-project.ts";

const tasks = `export async function charge(x) { "use task"; return x }\nexport const api = { async refund(x) { "use task" } };\nexport class Billing { static async run() { "use task" } async pay() { "use task" } }\nexport default async (x) => { "use task" };\n`;

const sites = (files: Files, name = "main.ts"): string[] | undefined =>
  compileFile({ "tasks.ts": tasks, ...files }, name)?.info.sites.map(([site]) => site);
const scopes = (files: Files, name = "main.ts"): string[] | undefined =>
  compileFile({ "tasks.ts": tasks, ...files }, name)?.info.functions.map((each) => each.name);

describe("calls of imported tasks", () => {
  const calls: Record<string, [string, string[]]> = {
    "a named import": [`import { charge } from "./tasks"; export async function f() { await charge(1) }`, ["charge"]],
    "a renamed import": [
      `import { charge as c } from "./tasks.js"; export async function f() { await c(1) }`,
      ["charge"],
    ],
    "a default import": [`import go from "./tasks"; export async function f() { await go(1) }`, ["default"]],
    "a namespace import": [
      `import * as t from "./tasks"; export async function f() { await t.charge(1); await t.api.refund(1); await t.default(2); await t["charge"](1) }`,
      ["charge", "api.refund", "default", "charge"],
    ],
    "local aliases": [
      `import { charge, api } from "./tasks"; const go = charge, { refund } = api; export async function f() { await go(1); await refund(2) }`,
      ["charge", "api.refund"],
    ],
    "classes and instances": [
      `import { Billing as B } from "./tasks"; class C extends B { async go() { await this.pay(); await super.pay() } } export async function f(x: B) { await B.run(); await new B().pay(); const b = new C(); await b.pay(); await x.pay(); await b.go() }`,
      ["Billing.pay", "Billing.pay", "Billing.run", "Billing.pay", "Billing.pay", "Billing.pay", "go"],
    ],
    "a method call on an unknown object": [
      `import { Billing } from "./tasks"; export async function f(deps) { await deps.billing.pay() }`,
      ["Billing.pay"],
    ],
    "dynamic imports": [
      `export async function f() { const t = await import("./tasks"); await t.charge(1); await (await import("./tasks")).charge(2) }`,
      ["charge", "charge"],
    ],
    taskOptions: [
      `import { taskOptions as to } from "perdure"; const t = to(async () => { "use task" }, { retries: 1 }); export const f = async () => t()`,
      ["t"],
    ],
    "steps of the runtime": [
      `import { sleep, signal as s, configure } from "perdure"; import * as p from "perdure"; export async function f() { configure({}); await sleep(1); await s("x"); await p.start(f) }`,
      ["sleep", "signal", "start"],
    ],
    "a top-level call": [`import { charge } from "./tasks"; await charge(1)`, ["charge"]],
    require: [
      `const { charge } = require("./tasks"); const t = require("./tasks"); exports.f = async () => { await charge(1); await t.charge(1) }`,
      ["charge", "charge"],
    ],
    "a conditional callee": [
      `import { charge, api } from "./tasks"; export async function f(x) { await (x ? charge : api.refund)(1); await charge.call(null, 1) }`,
      ["charge"],
    ],
  };
  for (const [name, [source, expected]] of Object.entries(calls)) {
    test(`the calls in a module with ${name} are found`, () => expect(sites({ "main.ts": source })).toEqual(expected));
  }

  test("calls of imported tasks are found through barrel files, import cycles and helpers of other modules", () => {
    const files: Files = {
      "index.ts": `export * from "./more";\nexport { charge as pay } from "./tasks";\nexport * as all from "./tasks";\nexport { helper as default } from "./helper";`,
      "more.ts": `export * from "./index";\nexport * from "./tasks";`,
      "helper.ts": `import { pay } from "./index";\nexport async function helper() { return pay(1) }\nexport async function far() { return helper() }`,
      "main.ts": `import h, { pay, charge, all } from "./index"; import { far } from "./helper"; export async function f() { await pay(1); await charge(1); await all.charge(1); await h(); await far() }`,
    };
    expect(sites(files)).toEqual(["charge", "charge", "charge", "helper", "far"]);
    expect(compileFile({ "tasks.ts": tasks, ...files }, "main.ts")?.info.imports).toEqual(["helper.ts", "tasks.ts"]);
    expect(compileFile({ "tasks.ts": tasks, ...files }, "index.ts")).toBeUndefined();
  });
});

test("the analysis terminates on circular re-exports and long chains of conditional values", () => {
  const names = Array.from({ length: 12 }, (_, i) => `m${i}.ts`);
  const all = names.map((name) => `export * from "./${name}";`).join("\n");
  const files: Files = Object.fromEntries(
    names.map((name, i) => [name, i === 5 ? `${all}\nexport * from "./tasks";` : all]),
  );
  const choices = Array.from({ length: 30 }, (_, i) => `const c${i + 1} = x ? c${i} : c${i};`).join(" ");
  expect(
    sites({
      ...files,
      "main.ts": `import { charge, missing, sleep } from "./m0"; const c0 = charge; ${choices} export async function f(x) { await charge(1); missing(1); c30(1) }`,
    }),
  ).toEqual(["charge"]);
  expect(
    sites({
      "barrel.ts": `export * from "perdure"; export * from "./tasks"`,
      "main.ts": `import { charge, sleep } from "./barrel"; export async function f() { await charge(1); await sleep(1) }`,
    }),
  ).toEqual(["charge", "sleep"]);
});

describe("files that are left unchanged", () => {
  const untouched: Record<string, string> = {
    "no durable call": `import { other } from "./other"; export async function f(g) { await g(); await other() }`,
    "type-only imports": `import type { charge } from "./tasks"; export async function f(c: typeof charge) { await c(1) }`,
    "imports of packages and builtins only": `import fs from "node:fs"; import x from "some-package"; export const f = () => x(fs.readFileSync("a"))`,
    "a parameter that shadows an imported task": `import { charge } from "./tasks"; export const f = (charge: any) => charge.x;`,
  };
  for (const [name, source] of Object.entries(untouched)) {
    test(`a file with ${name} is left unchanged`, () =>
      expect(
        compileFile({ "tasks.ts": tasks, "other.ts": `export const other = () => 1`, "main.ts": source }, "main.ts"),
      ).toBeUndefined());
  }

  test("a file that was compiled before is left unchanged", () => {
    for (const name of ["main.ts", "main.cjs"]) {
      const source =
        name === "main.ts"
          ? `export async function f() { "use task" }\nexport const g = () => f()`
          : `exports.f = async () => { "use task" }`;
      const once = compileFile({ [name]: source }, name)?.code ?? "";
      expect(once).not.toBe("");
      expect(compileFile({ [name]: once }, name)).toBeUndefined();
    }
  });
});

describe("clock and random values in modules without durable code", () => {
  const files = {
    "id.ts": `export const id = () => crypto.randomUUID();`,
    "log.ts": `export const log = (text: string) => text + Date.now();`,
    "top.ts": `export const loadedAt = Date.now();`,
    "middle.ts": `export * from "./id";\nexport { loadedAt } from "./top";`,
    "flow.ts": `import { id } from "./middle";\nexport async function flow() { "use workflow"; return id() }`,
  };
  const touched = (name: string, all: Files = files) => compileFile(all, name)?.code.includes(".recorded(") ?? false;

  test("uses of the clock and of random values are compiled if a workflow imports the module, in any order of compilation", () => {
    expect(touched("id.ts")).toBe(true);
    expect(touched("log.ts")).toBe(false);
    expect(touched("top.ts")).toBe(false); // evaluated with the module, outside any run
    expect(touched("id.ts", { ...files, "flow.ts": files["flow.ts"].replace("workflow", "task") })).toBe(false);
    expect(compileFile(files, "flow.ts")?.info.imports).toEqual(["id.ts"]);
  });

  test("the modules that a workflow imports are found on disk, and again after a file changes", () => {
    const project = temporaryProject({
      ...files,
      "node_modules/x/flow.js": files["flow.ts"],
      "src/deep/other.ts": files["log.ts"],
    });
    const session = new Session({ root: project.root });
    session.serves = true;
    const outcome = (name: string) =>
      session.compile(readFileSync(project.path(name), "utf8"), project.path(name))?.code.includes(".recorded(");
    expect([outcome("id.ts"), outcome("src/deep/other.ts")]).toEqual([true, undefined]);
    project.write(
      "src/new.ts",
      `import { log } from "./deep/other";\nexport async function f() { "use workflow"; return log("x") }`,
    );
    project.write("flow.ts", files["flow.ts"].replace("workflow", "task"));
    session.invalidate(project.path("flow.ts"));
    expect(session.outdated().sort()).toEqual([project.path("id.ts"), project.path("src/deep/other.ts")]);
    expect([outcome("id.ts"), outcome("src/deep/other.ts")]).toEqual([undefined, true]);
  });
});

describe("scopes of helper functions", () => {
  test("unknown calls create scopes only in modules that can reach durable code", () => {
    const source = `export async function f(cb, { g }) { await cb(); await g() }\nexport const h = (fs, i) => fs[i]();\nexport const k = (x) => x.y();\nexport const m = (n) => parseInt(n);`;
    expect(scopes({ "main.ts": source })).toBeUndefined();
    expect(scopes({ "main.ts": `import { charge } from "./tasks"; charge;\n${source}` })).toEqual(["f", "h"]);
  });

  test("a scope is named after its function or the call it is passed to", () => {
    const source = `import { charge } from "./tasks";
      export const a = async () => charge(1);
      export const o = { m() { return charge(1) }, p: () => charge(1) };
      export class C { static s = () => charge(1); get g() { return charge(1) } }
      export async function f(items) {
        await Promise.all(items.map(async (i) => charge(i)));
        await charge(1).then(() => charge(2));
        await (async () => { await charge(1) })();
        await new Promise((resolve) => charge(1).then(resolve));
        return async () => charge(1);
      }
      export default () => charge(1);`;
    expect(scopes({ "main.ts": source })).toEqual([
      "a",
      "m",
      "p",
      "s",
      "g",
      "f",
      "map",
      "then",
      "anonymous",
      "Promise",
      "anonymous",
      "default",
    ]);
  });

  test("no scopes are created in tasks, whose calls of tasks are sites", () => {
    const source = `import { charge } from "./tasks"; export async function t(xs) { "use task"; for (const x of xs) await charge(x); return xs.map(async (x) => charge(x)) }`;
    expect(compileFile({ "tasks.ts": tasks, "main.ts": source }, "main.ts")?.info).toMatchObject({
      functions: [{ name: "t" }],
      loops: [],
      sites: [
        ["charge", 1, 103, "tasks.ts"],
        ["charge", 1, 141, "tasks.ts"],
      ],
    });
  });
});

describe("a project on disk", () => {
  test("imports are resolved as in TypeScript, and those of installed packages if they hold directives", () => {
    const project = temporaryProject({
      "package.json": JSON.stringify({ name: "app", type: "module", imports: { "#jobs/*": "./src/jobs/*.ts" } }),
      "tsconfig.json": JSON.stringify({ compilerOptions: { paths: { "@/*": ["./src/*"] } } }),
      "src/jobs/a.ts": tasks,
      "node_modules/installed/package.json": JSON.stringify({ name: "installed", main: "index.js" }),
      "node_modules/installed/index.js": tasks,
      "node_modules/plain/package.json": JSON.stringify({ name: "plain", main: "index.js" }),
      "node_modules/plain/index.js": `export const g = async () => 1;`,
      "src/main.ts": `import { charge as a } from "@/jobs/a"; import { charge as b } from "#jobs/a"; import { charge as c } from "./jobs/a.js"; import { charge as d } from "./jobs/a.ts?x"; import { charge as e } from "installed"; import { g } from "plain"; import v from "virtual:x"; import w from "\\0w";
        export async function f() { await a(); await b(); await c(); await d(); await e(); await g(); v(w) }`,
    });
    const id = project.path("src/main.ts");
    const result = compile(readFileSync(id, "utf8"), { id: `${id}?v=1`, root: project.root });
    expect(result?.info.sites).toHaveLength(5);
    expect(result?.info.file).toBe("src/main.ts");
    expect(result?.info.imports).toEqual(["node_modules/installed/index.js", "src/jobs/a.ts"]);
  });

  test("packages without directives are opaque, whatever their strings begin with", () => {
    const project = temporaryProject({
      "node_modules/sdk/package.json": JSON.stringify({ name: "sdk", main: "index.js" }),
      "node_modules/sdk/index.js": `"use strict"; let calls = 0; exports.ask = async () => { calls++; return fetch({ role: "user", text: "Use tasks" }) };`,
      "main.ts": `import { ask } from "sdk"; export async function flow() { "use workflow"; return ask() }`,
    });
    const id = project.path("main.ts");
    const result = compile(readFileSync(id, "utf8"), { id, root: project.root });
    expect(result?.diagnostics).toEqual([]);
    expect(result?.info).toMatchObject({ sites: [], imports: [] });
  });

  test("an installed file is read once to find that it holds no directive", () => {
    const project = temporaryProject({
      "node_modules/sdk/package.json": JSON.stringify({ name: "sdk", main: "index.js" }),
      "node_modules/sdk/index.js": `export const ask = 1;`,
    });
    const reads: string[] = [];
    const packages = new Packages({
      readFile: (path) => (reads.push(path.slice(project.root.length + 1)), nodeHost.readFile(path)),
    });
    const file = project.path("node_modules/sdk/index.js");
    expect([packages.follows(file), packages.follows(file)]).toEqual([false, false]);
    expect(reads).toEqual(["node_modules/sdk/package.json", "node_modules/sdk/index.js"]);
  });

  test("summaries of modules are kept until a file changes", () => {
    const files = temporaryProject({
      "tasks.ts": `export const charge = async () => 1`,
      "helper.ts": `import { charge } from "./tasks"; export const help = () => charge()`,
      "main.ts": `import { help } from "./helper"; export const f = async () => help()`,
    });
    const reads: string[] = [];
    const host = {
      readFile: (path: string) => (reads.push(path.slice(files.root.length + 1)), nodeHost.readFile(path)),
    };
    const project = createProject(host, DIRECTIVE_WORDS, () => "/app");
    const id = files.path("main.ts");
    const run = () => compile(readFileSync(id, "utf8"), { id, root: files.root, host, project });
    expect(run()).toBeUndefined();
    expect(project.dependencies(id)).toEqual([files.path("helper.ts"), files.path("tasks.ts")]);
    const before = reads.length;
    files.write("tasks.ts", tasks);
    expect(run()).toBeUndefined();
    expect(reads.length).toBe(before);
    project.invalidate(files.path("tasks.ts"));
    expect(run()?.info.sites).toEqual([["help", 1, 63]]);
    expect(reads.slice(before)).toEqual(["tasks.ts", "package.json"]);
  });
});

describe("the fingerprint of a module", () => {
  const hash = (source: string) => compileFile({ "main.ts": source }, "main.ts")?.info.hash;
  const base = hash(`export async function f(a: string) { "use task"; return ["x y", a + 1] }`);

  test("layout, comments, quotes and types do not change the fingerprint", () => {
    expect(hash(`// c\nexport async function f(a) {\n  'use task';\n  return (['x y', (a + 1),]);\n}\n`)).toBe(base);
  });

  test("every other change of the code changes the fingerprint", () => {
    for (const body of [
      `return ["xy", a + 1]`,
      `return ["x y", a + 2]`,
      `return ["x y", a - 1]`,
      `return ["x y", b + 1]`,
    ]) {
      expect(hash(`export async function f(a: string) { "use task"; ${body} }`)).not.toBe(base);
    }
    expect(hash(`export async function f(a: string) { "use task: retries=1"; return ["x y", a + 1] }`)).not.toBe(base);
  });

  const files = {
    "tasks.ts": `import { rate } from "./rates";\nexport async function charge(x) { "use task"; return x * rate }`,
    "rates.ts": `export const rate = 2;`,
    "index.ts": `export * from "./names"; export type { T } from "./types"`,
    "names.ts": `import { suffix } from "./deep"; export const name = "n" + suffix`,
    "deep.ts": `import "./main"; export const suffix = "s"`,
    "types.ts": `export type T = 1; export const unused = 1`,
    "main.ts": `import { charge } from "./tasks"; import { name } from "./index"; import type { T } from "./types"; export async function f(x: T) { "use workflow"; await charge(x); return name }`,
  };
  const hashes = (changed: Files = {}) =>
    ["main.ts", "tasks.ts"].map((name) => compileFile({ ...files, ...changed }, name)?.info.hash);
  const [main, charging] = hashes();

  test("the fingerprint does not cover imported packages and imported compiled modules", () => {
    const imports = `import { charge } from "./tasks"; import x from "some-package"; `;
    const own = (given: Files) =>
      compileFile({ ...files, ...given, "main.ts": `${imports}export const f = () => charge(x)` }, "main.ts")?.info
        .hash;
    expect(own({})).toBe(own({ "rates.ts": `export const rate = 3;` }));
  });

  test("the fingerprint covers imported uncompiled modules, directly, transitively and in cycles", () => {
    for (const change of [
      { "index.ts": `export const name = 1` },
      { "names.ts": `export const name = "m"` },
      { "deep.ts": `import "./main"; export const suffix = "t"` },
    ]) {
      const [changedMain, sameCharging] = hashes(change);
      expect(changedMain).not.toBe(main);
      expect(sameCharging).toBe(charging);
    }
    const [sameMain, changedCharging] = hashes({ "rates.ts": `export const rate = 3` });
    expect([sameMain, changedCharging !== charging]).toEqual([main, true]);
  });

  test("the fingerprint does not cover type-only imports, nor layout, comments and types of imported modules", () => {
    const change = {
      "deep.ts": `// c\nimport "./main";\nexport const suffix: string = ('s');\n`,
      "types.ts": `export type T = 2`,
      "rates.ts": `export const rate = /* two */ 2`,
    };
    expect(hashes(change)).toEqual([main, charging]);
  });

  test("the fingerprint does not depend on the directory of the project", () => {
    for (let i = 0; i < 2; i++) {
      const { root, path } = temporaryProject(files);
      expect(compile(files["main.ts"], { id: path("main.ts"), root })?.info.hash).toBe(main);
    }
  });
});
