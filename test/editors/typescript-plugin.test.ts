import { rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { compile, CompileError, type Diagnostic } from "unplugin-perdure";
import {
  argumentDescriptions,
  backoffDescriptions,
  choiceDescriptions,
  wordDescriptions,
} from "../../packages/compiler/src/directives/describe.ts";
import { argumentNames } from "../../packages/compiler/src/directives/directive.ts";
import { diagnosticMessages } from "../../packages/compiler/src/diagnostics/messages.ts";
import { createGeneratedDirectory, writeFiles } from "../directories.ts";
import { blocksOf, filesOf, readPage } from "../docs/page.ts";
import { OpenFile, type Message } from "./open-file.ts";
import { Tsserver } from "./tsserver.ts";

const modules = resolve(import.meta.dirname, "../../node_modules");

const tsconfig = (plugin: object = {}): string =>
  JSON.stringify({
    compilerOptions: {
      target: "es2022",
      module: "nodenext",
      allowImportingTsExtensions: true,
      allowJs: true,
      noEmit: true,
      strict: true,
      types: [],
      plugins: [{ name: "unplugin-perdure/typescript-plugin", ...plugin }],
    },
  });

const order = `export interface Order {
  id: string;
  readonly customer: Customer | undefined;
  lines: { sku: string }[];
  size: [width: number, height: number];
  total(): number;
}
export class Customer {
  name = "";
  private secret = "";
}
`;

describe.each(["typescript", "typescript-5.9"])("the plugin in the tsserver of %s", (typescript) => {
  const directory = createGeneratedDirectory("editors");
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  writeFiles(directory, {
    "tsconfig.json": tsconfig(),
    "package.json": JSON.stringify({ type: "module" }),
    "order.ts": order,
    "main.ts": "",
    "load.ts": "export const load = async (id: string) => id;\n",
  });
  let server: Tsserver;
  beforeAll(() => void (server = new Tsserver(join(modules, typescript), directory)));
  afterAll(() => server.stop());

  const open = (name = "main.ts", text = ""): OpenFile => {
    const file = new OpenFile(server, join(directory, name), text);
    onTestFinished(() => file.close());
    return file;
  };

  test("the words of a directive are offered where a directive can be", async () => {
    const file = open();
    const words = Object.keys(wordDescriptions).map((each) => `use ${each}`);
    const offered = await file.offered(`export async function f() {\n  "‸"\n}\n`);
    expect(offered.sort()).toEqual(words.sort());
    expect((await file.offered(`const f = async () => {\n  "use strict";\n  "us‸";\n};\n`)).sort()).toEqual(offered);
    expect((await file.offered(`class A {\n  async run() { 'use ‸' }\n}\n`)).sort()).toEqual(offered);
    expect((await file.offered(`"‸";\nexport async function f() {}\n`)).sort()).toEqual(offered);
    expect(await file.completed(`async function f() {\n  "use ‸";\n}\n`, "use task")).toBe(
      `async function f() {\n  "use task";\n}\n`,
    );
    expect(await file.documentation(`async function f() { "‸" }`, "use task")).toContain(wordDescriptions.task.text);
  });

  test("no directive is offered where none can be", async () => {
    const file = open();
    const places = [
      `function f() {\n  "‸"\n}\n`,
      `async function f() {\n  f();\n  "‸"\n}\n`,
      `async function f() {\n  const text = "‸";\n}\n`,
      `async function f() {\n  if (f) { "‸" }\n}\n`,
      `async function f() {\n  return "us‸";\n}\n`,
    ];
    for (const each of places) expect(await file.offered(each)).not.toContain("use task");
  });

  test("the arguments of a directive are offered, except those that are given", async () => {
    const file = open();
    const task = (text: string): string => `async function f() {\n  "use task${text}";\n}\n`;
    expect(await file.offered(task(": ‸"))).toEqual([...argumentNames.task]);
    expect(await file.offered(task(":‸"))).toEqual([...argumentNames.task]);
    expect(await file.offered(task(": timeout=30s, ‸"))).not.toContain("timeout");
    expect(await file.offered(task(": ‸, timeout=30s"))).not.toContain("timeout");
    expect(await file.completed(task(": timeout=30s, re‸"), "retries")).toBe(task(": timeout=30s, retries="));
    expect(await file.completed(task(": re‸x=3"), "retries")).toContain(`"use task: retries=`);
    expect(await file.completed(task("‸"), "use task: retries")).toBe(task(": retries="));
    // without the quote at its end
    expect(await file.offered(`async function f() {\n  "use workflow: ‸\n}\n`)).toEqual([...argumentNames.workflow]);
    expect(await file.offered(`async function f() {\n  "use nothing: ‸";\n}\n`)).toEqual([]);
  });

  test("each argument has a description with its default and an example", async () => {
    const file = open();
    for (const kind of ["task", "workflow"] as const)
      for (const [name, { text, standard, example }] of Object.entries(argumentDescriptions[kind])) {
        const shown = await file.documentation(`async function f() { "use ${kind}: ‸" }`, name);
        expect(shown).toContain(text);
        expect(shown).toContain(standard);
        expect(shown).toContain(example);
      }
  });

  test("values are offered for what an argument takes", async () => {
    const file = open();
    const task = (text: string): string => `async function f() {\n  "use task: ${text}";\n}\n`;
    expect(await file.offered(task("retries=‸"))).toContain("3");
    expect(await file.offered(task("timeout=‸"))).toContain("30s");
    const backoffs = Object.values(backoffDescriptions).map((each) => each.example);
    expect(await file.offered(task("backoff=‸"))).toEqual(backoffs);
    expect(await file.completed(task("backoff=lin‸, retries=1"), "linear(start=1s, step=2s)")).toBe(
      task("backoff=linear(start=1s, step=2s), retries=1"),
    );
    expect(await file.offered(task("backoff=exponential(‸)"))).toEqual(
      Object.keys(backoffDescriptions.exponential.arguments),
    );
    expect(await file.offered(task("backoff=exponential(base=2, ‸"))).toEqual(["max", "jitter"]);
    expect(await file.offered(task("backoff=exponential(max=‸)"))).toContain("5m");
    expect(await file.offered(task("backoff=exponential(jitter=‸)"))).toEqual(["true", "false"]);
    expect(await file.completed(task("backoff=constant(5‸)"), "30s")).toBe(task("backoff=constant(30s)"));
    expect(await file.completed(task(`timeout="1‸"`.replaceAll('"', "'")), "1h")).toBe(task("timeout='1h'"));
  });

  test("values are offered for when a workflow begins", async () => {
    const file = open();
    const workflow = (text: string): string => `async function f() {\n  "use workflow: ${text}";\n}\n`;
    expect(await file.offered(workflow("every=1h, catchUp=‸"))).toEqual(["none", "last", "all"]);
    expect(await file.offered(workflow("every=1h, overlap=‸"))).toEqual(["skip", "queue", "cancel-running", "allow"]);
    expect(await file.offered(workflow("queue=mail, hold=‸"))).toEqual(["true", "false"]);
    expect(await file.offered(workflow("rate=‸"))).toContain("10/1m");
    expect(await file.completed(workflow("cron='‸', timezone=UTC"), "0 6 * * *")).toBe(
      workflow("cron='0 6 * * *', timezone=UTC"),
    );
    expect(await file.completed(workflow("cron='0 6 * * *', timezone=Europe/Vi‸"), "Europe/Vienna")).toBe(
      workflow("cron='0 6 * * *', timezone=Europe/Vienna"),
    );
    expect((await file.hover(workflow("every=1h, overlap=cancel-‸running")))?.documentation).toContain(
      choiceDescriptions.overlap["cancel-running"].text,
    );
    expect(await file.hover(workflow("jitter=30‸s, every=1h"))).toMatchObject({ title: "30s = 30,000 ms" });
  });

  test("what is offered as a value is right", () => {
    const told: Diagnostic[] = [];
    for (const [name, words] of Object.entries(choiceDescriptions))
      for (const [word, { example }] of Object.entries(words)) {
        expect(example).toBe(`${name}=${word}`);
        told.push(...said(`export async function f() { "use workflow: every=1h, ${example}" }`, "/app/a.ts", "/app"));
      }
    expect(told).toEqual([]);
  });

  test("the examples in the descriptions are right", () => {
    const told: Diagnostic[] = [];
    const read = (directive: string): void => {
      const parameters = /\b(?:cron|every)=/.test(directive) ? "" : "order: { id: string }";
      const source = `export async function f(${parameters}) { "${directive}" }`;
      told.push(...said(source, "/app/a.ts", "/app"));
    };
    for (const { example } of Object.values(wordDescriptions)) read(example);
    for (const kind of ["task", "workflow"] as const)
      for (const { example, standard } of Object.values(argumentDescriptions[kind])) {
        read(`use ${kind}: ${example}`);
        if (standard?.includes("(")) read(`use ${kind}: backoff=${standard}`);
      }
    for (const { example } of Object.values(backoffDescriptions)) read(`use task: backoff=${example}`);
    expect(told).toEqual([]);
  });

  test("a placeholder is completed with the parameters and the members of their types", async () => {
    const file = open();
    const workflow = (id: string): string =>
      `import type { Order } from "./order.ts";\nexport async function f(order: Order, { key, at: [first, ...others] }: { key: string; at: string[] }, ...rest: Order[]) {\n  "use workflow: id=${id}";\n}\n`;
    expect(await file.offered(workflow("a-{‸}"))).toEqual(["order", "key", "first", "rest"]);
    expect(await file.offered(workflow("a-{‸"))).toEqual(["order", "key", "first", "rest"]);
    expect(await file.offered(workflow("'{order.‸}'"))).toEqual(["id", "customer", "lines", "size"]);
    expect(await file.offered(workflow("{order.customer.‸}"))).toEqual(["name"]);
    expect(await file.offered(workflow("{order.lines.0.‸}-{key}"))).toEqual(["sku"]);
    expect(await file.offered(workflow("{order.size.‸}"))).toEqual(["0", "1"]);
    expect(await file.offered(workflow("{rest.0.‸}"))).toEqual(["id", "customer", "lines", "size"]);
    expect(await file.offered(workflow("{order.id.‸}"))).toEqual([]);
    expect(await file.completed(workflow("a-{order.cu‸}-b"), "customer")).toBe(workflow("a-{order.customer}-b"));
    expect(await file.offered(workflow("{key}-‸"))).toEqual([]);
    expect(await file.completed(workflow("{key:‸}"), "yyyy-mm-dd")).toBe(workflow("{key:yyyy-mm-dd}"));
    const key = `async function f({ customer }: { customer: string }) {\n  "use task: queue=mail, key=a-{‸}";\n}\n`;
    expect(await file.offered(key)).toEqual(["customer"]);
    // doubled braces are text
    expect(await file.offered(workflow("{{‸"))).toEqual([]);
  });

  test("hovering shows what a word, an argument or a value means", async () => {
    const file = open();
    const text = (directive: string): string =>
      `import type { Order } from "./order.ts";\nasync function f(order: Order) {\n  "${directive}";\n}\n`;
    const task = await file.hover(text("use t‸ask: retries=3"));
    expect(task).toMatchObject({ at: "use task", title: `"use task"` });
    expect(task?.documentation).toContain(wordDescriptions.task.text);
    const retries = await file.hover(text("use task: timeout=5s, ret‸ries=3"));
    expect(retries).toMatchObject({ at: "retries", title: "retries" });
    expect(retries?.documentation).toContain("Default: 3.");
    expect(retries?.documentation).toContain("Example: `retries=");
    expect(await file.hover(text("use task: timeout=5‸m"))).toMatchObject({ at: "5m", title: "5m = 300,000 ms" });
    expect((await file.hover(text("use task: backoff=lin‸ear(start=1s, step=2s)")))?.documentation).toContain(
      backoffDescriptions.linear.text,
    );
    expect((await file.hover(text("use task: backoff=linear(start=1s, st‸ep=2s)")))?.documentation).toContain(
      backoffDescriptions.linear.arguments.step.text,
    );
    expect(await file.hover(text("use workflow: id={order.i‸d}"))).toMatchObject({ at: "id", title: "id: string" });
    expect(await file.hover(text("use workflow: id={ord‸er.id}"))).toMatchObject({
      at: "order",
      title: "order: Order",
    });
  });

  test("the definition of a placeholder is the parameter, or the property in its type", async () => {
    const file = open();
    const text = (id: string): string =>
      `import type { Order } from "./order.ts";\nexport async function f(order: Order, { key: [k] }: { key: string }) {\n  "use workflow: id=${id}";\n}\n`;
    expect(await file.definition(text("{or‸der.id}-{k}"))).toEqual({ at: "order", to: ["main.ts:2:25-30"] });
    expect(await file.definition(text("{order.id}-{k‸}"))).toEqual({ at: "k", to: ["main.ts:2:47-48"] });
    expect(await file.definition(text("{order.‸id}"))).toEqual({ at: "id", to: ["order.ts:2:3-5"] });
    expect(await file.definition(text("{order.customer.na‸me}"))).toEqual({ at: "name", to: ["order.ts:9:3-7"] });
    expect(await file.definition(text("ord‸er"))).toEqual({ at: "", to: [] });
    // TypeScript's own definitions stay
    expect(await file.definition(`import type { Ord‸er } from "./order.ts";`)).toMatchObject({
      to: ["order.ts:1:18-23"],
    });
  });

  test("the messages of the compiler are shown beside those of TypeScript, with the same code, place and category", async () => {
    const file = open();
    const text = `export async function f(id: string) {\n  "use workflow: di={id}";\n  f(1);\n  await fetch("x");\n}\n`;
    file.type(text);
    const all = await file.allMessages();
    expect(all.filter(({ code }) => code === undefined).map((each) => each.text)).toEqual(
      expect.arrayContaining([expect.stringContaining("is not assignable")]),
    );
    const own = all.filter(({ code }) => code !== undefined);
    expect(own).toEqual(expected(said(text, file.path, directory)));
    expect(own.map(({ code, category }) => [code, category])).toEqual([
      ["DIRECTIVE_ARGUMENT_UNKNOWN", "error"],
      ["UNAWAITED_CALL", "warning"],
      ["WORKFLOW_IO", "warning"],
    ]);
  });

  const pages = Object.keys(diagnosticMessages).flatMap((code) => {
    const [block] = blocksOf(readPage(`docs/diagnostics/${code}.md`)).filter(
      ({ lang, info }) => lang === "ts" && info.startsWith("wrong"),
    );
    return block ? [[code, filesOf(block)] as const] : [];
  });

  test("the messages about the wrong program on each page are those of a build", async () => {
    const shown = new Set<string>();
    for (const [code, files] of pages) {
      writeFiles(join(directory, code), files);
      for (const [name, text] of Object.entries(files)) {
        if (!/\.[jt]sx?$/.test(name)) continue;
        const file = open(join(code, name), text);
        const messages = await file.messages();
        const build = said(text, file.path, directory).filter((each) => each.code !== "PARSE_ERROR");
        expect(messages, code).toEqual(expected(build));
        for (const each of messages) shown.add(each.code ?? "");
        for (const { code, start, end, frame } of build)
          for (const [title, after] of Object.entries(await file.fixes(start, end))) {
            const left = said(after, file.path, directory);
            // what is turned off at one place may be said at the next one
            if (title.startsWith("Turn "))
              expect(left.map(marked), `${code}: ${title}`).not.toContain(marked({ frame }));
            else expect(left.length, `${code}: ${title}`).toBeLessThan(build.length);
          }
      }
    }
    const ofBuilds = ["IMPORT_NOT_FOLLOWED", "IMPORT_NOT_COMPILED", "COMPONENT_NOT_COMPILED"];
    const elsewhere = ["BROWSER_IMPORT", "DIRECTIVE_LOST", "PARSE_ERROR", "TSCONFIG_INVALID", ...ofBuilds];
    const byTypes = ["RESULT_NOT_STORABLE", "INPUT_NOT_STORABLE", "CLASS_NOT_KEPT", "CLASS_NOT_REGISTERED"];
    const ofOptions = ["DIRECTIVE_WORDS_SHARED"];
    const missing = Object.keys(diagnosticMessages).filter((code) => !shown.has(code));
    expect(missing.filter((code) => ![...elsewhere, ...byTypes, ...ofOptions].includes(code))).toEqual([]);
  });

  test("messages follow what is typed in other files before they are saved", async () => {
    const file = open();
    const load = open("load.ts", "export const load = async (id: string) => id;\n");
    const text = `import { load } from "./load.ts";\nexport async function f(id: string) {\n  "use workflow";\n  return await load(id);\n}\n`;
    file.type(text);
    expect(await file.messages()).toEqual([]);
    load.type(`export const load = async (id: string) => await fetch(id);\n`);
    expect((await file.messages()).map((each) => each.code)).toEqual(["WORKFLOW_IO"]);
    load.type(`export const load = async (id: string) => id;\n`);
    expect(await file.messages()).toEqual([]);
    file.type(text.replace("./load.ts", "./unsaved.ts"));
    const unsaved = open("unsaved.ts", `export async function load(id: string) { "use task"; return id; }\n`);
    file.type(text.replace("./load.ts", "./unsaved.ts").replace("return await", ""));
    expect((await file.messages()).map((each) => each.code)).toEqual(["UNAWAITED_CALL"]);
    unsaved.type(`export const load = async (id: string) => id;\n`);
    expect(await file.messages()).toEqual([]);
  });

  const fixed: readonly (readonly [name: string, before: string, title: string, after: string])[] = [
    [
      "misspelt words",
      `async function f() { "use tsak: retries=1" }`,
      `Change to "use task"`,
      `async function f() { "use task: retries=1" }`,
    ],
    [
      "a misspelt argument",
      `async function f() { "use task: retires=3" }`,
      `Change to "retries"`,
      `async function f() { "use task: retries=3" }`,
    ],
    [
      "a misspelt argument of a backoff",
      `async function f() { "use task: backoff=linear(start=1s, stpe=2s)" }`,
      `Change to "step"`,
      `async function f() { "use task: backoff=linear(start=1s, step=2s)" }`,
    ],
    [
      "a misspelt backoff",
      `async function f() { "use task: backoff=exponental(base=2)" }`,
      `Change to "exponential(base=2)"`,
      `async function f() { "use task: backoff=exponential(base=2)" }`,
    ],
    [
      "a colon for an equals sign",
      `async function f() { "use task: retries: 3" }`,
      `Change to "retries=3"`,
      `async function f() { "use task: retries=3" }`,
    ],
    [
      "an argument that is given twice",
      `async function f() { "use task: retries=1, retries=2" }`,
      `Remove the second "retries"`,
      `async function f() { "use task: retries=1" }`,
    ],
    [
      "a second directive",
      `async function f() {\n  "use task";\n  "use task";\n}`,
      `Remove "use task"`,
      `async function f() {\n  "use task";\n}`,
    ],
    [
      "a directive of the other kind",
      `async function f() {\n  "use task";\n  "use workflow";\n}`,
      `Remove "use workflow"`,
      `async function f() {\n  "use task";\n}`,
    ],
    [
      "a misspelt parameter",
      `async function f(order: { id: string }) { "use workflow: id=a-{oder.id}" }`,
      `Change to "order.id"`,
      `async function f(order: { id: string }) { "use workflow: id=a-{order.id}" }`,
    ],
    ["a function", `export function f() { "use task" }`, `Add "async"`, `export async function f() { "use task" }`],
    [
      "an arrow function",
      `const f = () => { "use workflow" }`,
      `Add "async"`,
      `const f = async () => { "use workflow" }`,
    ],
    [
      "a method",
      `class A { static run() { "use task" } }`,
      `Add "async"`,
      `class A { static async run() { "use task" } }`,
    ],
    [
      "a computed method",
      `const o = { ["run"]() { "use task" } }`,
      `Add "async"`,
      `const o = { async ["run"]() { "use task" } }`,
    ],
    [
      "an export under a directive",
      `"use task";\nexport function f() {}`,
      `Add "async"`,
      `"use task";\nexport async function f() {}`,
    ],
    [
      "a missing semicolon",
      `async function f() {\n  "use task"\n  [1].map(String);\n}`,
      "Add a semicolon",
      `async function f() {\n  "use task";\n  [1].map(String);\n}`,
    ],
    [
      "a call that nothing waits for",
      `async function t() { "use task" }\nasync function f() {\n  "use workflow: id=f";\n  t();\n}`,
      `Add "await"`,
      `async function t() { "use task" }\nasync function f() {\n  "use workflow: id=f";\n  await t();\n}`,
    ],
  ];

  test.each(fixed)("there is a fix for %s", async (_, before, title, after) => {
    const file = open();
    file.type(before);
    const messages = await file.messages();
    const fixes = await Promise.all(messages.map(({ start, end }) => file.fixes(start, end)));
    expect(Object.assign({}, ...fixes)).toHaveProperty([title], after);
    file.type(after);
    expect((await file.messages()).length).toBeLessThan(messages.length);
  });

  test("a call that nothing waits for can stay so", async () => {
    const file = open();
    const text = `async function t() { "use task" }\nasync function f() {\n  "use workflow";\n  t();\n}`;
    file.type(text);
    const fixes = await file.fixes(text.indexOf("t();"));
    expect(Object.values(fixes)).toContain(text.replace("t();", "void t();"));
  });

  test("a duration without a unit can be either of its readings", async () => {
    const file = open();
    const text = `async function f() {\n  "use task: timeout=30";\n}`;
    file.type(text);
    expect(await file.fixes(text.indexOf("30"))).toEqual({
      'Change to "30ms"': text.replace("30", "30ms"),
      'Change to "30s"': text.replace("30", "30s"),
    });
  });

  test("a warning can be turned off with a comment", async () => {
    const file = open();
    const text = `async function f() {\n  "use workflow";\n  return await fetch("x");\n}`;
    file.type(text);
    const after = (await file.fixes(text.indexOf("fetch")))["Turn WORKFLOW_IO off here"] ?? "";
    expect(after).toBe(text.replace("  return", "  // perdure-ignore WORKFLOW_IO\n  return"));
    file.type(after);
    expect(await file.messages()).toEqual([]);
    const template = text.replace(`await fetch("x")`, "`\n${await fetch(String())}`");
    file.type(template);
    expect(Object.keys(await file.fixes(template.indexOf("fetch")))).toEqual([]);
  });

  test("there is no fix in text with escapes, whose places are not known", async () => {
    const file = open();
    file.type(`async function f() { "use task: \\x72etires=3" }`);
    const [message] = await file.messages();
    expect(message?.code).toBe("DIRECTIVE_ARGUMENT_UNKNOWN");
    expect(await file.fixes(message?.start ?? 0, message?.end)).toEqual({});
  });

  test("an editor is told that there are fixes for the compiler's messages", async () => {
    const file = open();
    // editors ask without a file
    expect(await server.request<string[]>("getSupportedCodeFixes")).toContain("92000");
    expect(await server.request<string[]>("getSupportedCodeFixes", { file: file.path })).toContain("92000");
  });
});

describe("the options of the plugin", () => {
  function project(plugin: object, packageJson: object = {}): OpenFile {
    const directory = createGeneratedDirectory("editors");
    const server = new Tsserver(join(modules, "typescript"), directory);
    onTestFinished(() => {
      server.stop();
      rmSync(directory, { recursive: true, force: true });
    });
    writeFiles(directory, {
      "tsconfig.json": tsconfig(plugin),
      "package.json": JSON.stringify({ type: "module", ...packageJson }),
      "main.ts": "",
    });
    return new OpenFile(server, join(directory, "main.ts"), "");
  }
  const text = `export async function f() {\n  "use workflow";\n  await fetch("x");\n  setTimeout(f);\n}\n`;

  test("the levels of warnings come from tsconfig.json, or else from package.json", async () => {
    const file = project(
      { warnings: { WORKFLOW_IO: "off" } },
      { perdure: { warnings: { WORKFLOW_IO: "error", WORKFLOW_TIMER: "error" } } },
    );
    file.type(text);
    expect((await file.messages()).map(({ code, category }) => [code, category])).toEqual([
      ["WORKFLOW_TIMER", "error"],
    ]);
  });

  test("the words of the directives come from tsconfig.json", async () => {
    const file = project({ directives: { workflow: "use durable workflow" } });
    file.type(text);
    expect(await file.messages()).toEqual([]);
    file.type(text.replace("use workflow", "use durable workflow"));
    expect((await file.messages()).map(({ code }) => code)).toEqual(["WORKFLOW_IO", "WORKFLOW_TIMER"]);
    expect(await file.offered(`async function f() { "‸" }`)).toEqual(["use durable workflow", "use task"]);
  });

  test("the paths in messages start at the root of the options", async () => {
    const file = project({ root: ".." });
    const helper = new OpenFile(
      file.server,
      join(dirname(file.path), "load.ts"),
      `export const load = async () => await fetch("x");\n`,
    );
    file.type(
      `import { load } from "./load.ts";\nexport async function f() {\n  "use workflow";\n  return await load();\n}\n`,
    );
    const [message] = await file.messages();
    expect(message?.text).toContain(`fetch at ${basename(dirname(file.path))}/load.ts:1:`);
    helper.close();
  });

  test("a wrong option is reported in each file with directives", async () => {
    const file = project({ warnings: { WORKFLOW_IO: "of" } });
    file.type(text);
    const [message, ...more] = await file.messages();
    expect(more).toEqual([]);
    expect(message).toMatchObject({ code: "OPTION_INVALID", category: "error", start: 0 });
    expect(message?.text).toContain("warnings.WORKFLOW_IO");
    file.type("export const a = 1;\n");
    expect(await file.messages()).toEqual([]);
  });
});

/** What a build says. */
function said(source: string, id: string, root: string): readonly Diagnostic[] {
  try {
    return compile(source, { id, root })?.diagnostics ?? [];
  } catch (error) {
    if (error instanceof CompileError) return error.diagnostics;
    throw error;
  }
}

/** The marked line of a frame, without its number. */
const marked = ({ frame }: Pick<Diagnostic, "frame">): string => /^> +\d+ (.*\n.*\^)/m.exec(frame)?.[1] ?? frame;

const expected = (diagnostics: readonly Diagnostic[]): Message[] =>
  diagnostics.map(({ code, severity, message, hint, start, end }) => ({
    code,
    category: severity,
    text: `${message}\n→ ${hint} (${code})`,
    start,
    end,
  }));
