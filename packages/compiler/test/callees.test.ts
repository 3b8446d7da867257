/** Which calls hand their function over to the runtime, so that it can tell whether the function was compiled. */
import { describe, expect, test } from "vitest";
import { Session } from "../src/adapters/session/session.ts";
import { compileFile, type Files } from "./execute.ts";
import { temporaryProject } from "./temporary-project.ts";

const tasks = `export async function charge(x) { "use task"; return x }
export async function both(x) { return (await charge(x)) + (await charge(x)) }
export const api = { charge };
export class Bank { async pay() { "use task" } static async open() { "use task" } }
`;

/** What the calls hand over, in their order. */
function handedOver(code: string): string[] {
  return [...code.matchAll(/\$perdure_m\(\)\.(?:at|tag)\(([^()]*)\)/g)].map(([, args = ""]) => args);
}

const inMain = (text: string, more: Files = {}): string[] =>
  handedOver(compileFile({ "tasks.ts": tasks, "main.ts": text, ...more }, "main.ts")?.code ?? "");

describe("a task of another module is handed over", () => {
  const calls: Record<string, [string, string[]]> = {
    "by its name": [`import { charge } from "./tasks"; export const f = () => charge(1)`, ["0, charge"]],
    "by an alias": [`import { charge } from "./tasks"; const c = charge; export const f = () => c(1)`, ["0, c"]],
    "by a namespace": [`import * as t from "./tasks"; export const f = () => t.charge(1)`, ["0, t.charge"]],
    "by a namespace, without this": [
      `import * as t from "./tasks"; export const f = () => (0, t.charge)(1)`,
      ["0, t.charge"],
    ],
    "by require": [`const t = require("./tasks"); exports.f = () => t.charge(1)`, ["0, t.charge"]],
    "in call and apply": [
      `import { charge } from "./tasks"; export const f = () => charge.call(undefined, 1)`,
      ["0, charge"],
    ],
    "in a template": [`import { charge } from "./tasks"; export const f = (x) => charge\`a\${x}\``, ["0, x, charge"]],
    "as a method": [`import { api } from "./tasks"; export const f = () => api.charge(1)`, [`0, api, "charge"`]],
    "as a method of an instance": [
      `import { Bank } from "./tasks"; const bank = new Bank(); export const f = (x: Bank) => [bank.pay(), x["pay"](), Bank.open()]`,
      [`0, bank, "pay"`, `1, x, "pay"`, `2, Bank, "open"`],
    ],
    "as a method of an unknown object": [
      `import { Bank } from "./tasks"; export const f = (x) => [x.pay(), x.y.pay(), Bank]`,
      [`0, x, "pay"`, "1"],
    ],
    "as a method of a field": [
      `import { Bank } from "./tasks"; export class Shop { bank = new Bank(); async sell() { await this.bank.pay() } }`,
      [`0, this.bank, "pay"`],
    ],
  };
  test.each(Object.entries(calls))("%s", (_, [text, expected]) => expect(inMain(text)).toEqual(expected));
});

test("a task that is passed on is handed over where it is an argument", () => {
  const passed = `import { charge, both } from "./tasks"; export const f = (xs) => [xs.map(charge), xs.map(both), [charge], { charge }, new Map(charge!)]`;
  const { code = "" } = compileFile({ "tasks.ts": tasks, "main.ts": passed }, "main.ts") ?? {};
  expect(handedOver(code)).toEqual(["0, charge, null", "4, charge, null"]);
  expect(code).toContain("xs.map(($perdure_m().at(0, charge, null), charge)), xs.map(both), [charge], { charge }");
});

test("what the same module defines, what may be another function, and steps of the runtime are not handed over", () => {
  expect(inMain(`async function t() { "use task" } export const f = () => t()`)).toEqual(["0"]);
  expect(inMain(`import { charge } from "./tasks"; export const f = (o) => (o ? charge : o)(1)`)).toEqual([]);
  expect(inMain(`import { sleep } from "perdure"; export const f = () => sleep(1)`)).toEqual(["0"]);
  expect(inMain(`import { Bank } from "./tasks"; export class B extends Bank { go() { return super.pay() } }`)).toEqual(
    ["0"],
  );
});

test("a helper is handed over if another package defines it", () => {
  const main = `import { both } from "./jobs/tasks"; export const f = () => both(1)`;
  const files = { "jobs/tasks.ts": tasks, "package.json": `{ "name": "app" }` };
  expect(inMain(main, files)).toEqual(["0"]);
  const apart = { ...files, "jobs/package.json": `{ "name": "@acme/jobs" }` };
  expect(inMain(main, apart)).toEqual(["0, both"]);
  const info = compileFile({ "main.ts": main, ...apart }, "main.ts")?.info;
  expect(info?.sites).toEqual([["both", 1, expect.any(Number), "jobs/tasks.ts", "@acme/jobs"]]);
});

describe("installed packages", () => {
  const main = `import { charge } from "jobs";\nexport async function flow() {\n  "use workflow";\n  for (const n of [1, 2]) await charge(n);\n}\n`;
  const compiled = (files: Files): string[] => {
    const project = temporaryProject({ "main.ts": main, ...files });
    const result = new Session({ root: project.root }).compile(main, `${project.root}/main.ts`);
    return handedOver(result?.code ?? "");
  };

  test("are followed if they hold directives", () => {
    const at = "node_modules/jobs";
    expect(compiled({ [`${at}/package.json`]: `{ "name": "jobs" }`, [`${at}/index.js`]: tasks })).toEqual([
      "0, charge",
    ]);
    const behind = {
      [`${at}/package.json`]: `{ "name": "jobs", "peerDependencies": { "perdure": "*" }, "main": "index.js" }`,
      [`${at}/index.js`]: `export * from "./tasks.js";`,
      [`${at}/tasks.js`]: tasks,
    };
    expect(compiled(behind)).toEqual(["0, charge"]);
  });

  test("are not followed if they are compiled, or hold none", () => {
    const at = "node_modules/jobs";
    const text = `import * as $perdure from "perdure/internal"; export const charge = async () => {}`;
    expect(compiled({ [`${at}/package.json`]: `{ "name": "jobs" }`, [`${at}/index.js`]: text })).toEqual([]);
    expect(
      compiled({
        [`${at}/package.json`]: `{ "name": "jobs" }`,
        [`${at}/index.js`]: `export const charge = async () => {}`,
      }),
    ).toEqual([]);
  });
});

describe("module scripts of components", () => {
  const components: Record<string, string> = {
    "C.svelte": `<script lang="ts" module>\n  export async function charge(n: number) { "use task" }\n</script>\n<p>{1}</p>`,
    "D.svelte": `<script context="module">\n  export async function charge(n) { "use task" }\n</script>\n<script>let x = "</p>";</script>`,
    "E.vue": `<template><p>x</p></template>\n<script>\nexport async function charge(n) { "use task" }\nexport default {}\n</script>`,
    "H.vue": `<script lang="ts">\nexport async function charge(n: number) { "use task" }\n</script>`,
    "F.astro": `---\nexport async function charge(n: number) { "use task" }\n---\n<p>x</p>`,
  };

  test.each(Object.entries(components))("%s", (name, text) => {
    const main = `import { charge } from "./${name}"; export async function f() { "use workflow"; await charge(1) }`;
    const project = temporaryProject({ "main.ts": main, [name]: text });
    const result = new Session({ root: project.root }).compile(main, `${project.root}/main.ts`);
    expect(result?.info.sites).toEqual([["charge", 1, expect.any(Number), name]]);
    expect(handedOver(result?.code ?? "")).toEqual(["0, charge"]);
  });

  test("have none for what is not exported", () => {
    for (const [name, text] of Object.entries({
      "I.vue": `<script setup>async function charge() { "use task" }</script>`,
      "J.astro": `<p>x</p>`,
    })) {
      const main = `import { charge } from "./${name}"; export async function f() { "use workflow"; await charge(1) }`;
      const project = temporaryProject({ "main.ts": main, [name]: text });
      expect(new Session({ root: project.root }).compile(main, `${project.root}/main.ts`)?.info.sites).toEqual([]);
    }
  });
});

test("variables that are made of themselves, as in older packages, are followed to an end", () => {
  const text = `var shop = shop || {}; var first = second?.of || {}, second = first;
    async function charge() { "use task" }
    export async function order() { "use workflow"; try { await charge() } finally { shop.close(); first.close() } }`;
  expect(compileFile({ "main.ts": text }, "main.ts")?.code).toContain("shop.close()");
});
