import fc from "fast-check";
import { CompileError } from "../../src/compile/compile-error.ts";
import type { CompileResult } from "../../src/compile/compile.ts";
import type { Files } from "../execute.ts";

/** The modules that a random project may have. */
export const names = ["a", "b", "c", "d", "e", "f"] as const;
type Name = (typeof names)[number];

/** How one module refers to another. `N` stands for its name, and each use is a function body that the import makes possible. */
const imports: readonly (readonly [declaration: string, use: string])[] = [
  [`import { run } from "./N.ts";`, "await run(1);"],
  [`import { run as other } from './N'`, "const alias = other; await alias(2);"],
  [`import * as all from "./N.js";`, "await all.run(3); await all.default?.(3);"],
  [`import go, { Box } from "./N.ts";`, "await go(4); await new Box().run(4);"],
  [`import type { Box } from "./N.ts";`, "(x as Box)?.run(5);"],
  [`import { type Box, type Shape } from "./N.ts";`, "const kept: Shape | Box | undefined = undefined; void kept;"],
  [`import type\n  Whole from "./N.ts";`, "void (x as Whole);"],
  [`import { type as word } from "./N.ts";`, "await word(6);"],
  [`export * from "./N.ts";`, ""],
  [`export { run as again } from "./N.ts";`, ""],
  [`export type { Shape as Other } from "./N.ts";`, ""],
  ["", `const lazy = await import("./N.ts"); await lazy.run(7);`],
  ["", 'const quoted = await import(/* webpackChunkName: "N" */ (`./N.ts`)); await quoted.run(8);'],
  ["", `const { run: required } = require("./N.ts"); await required(9);`],
  ["", `const odd = (require)("./N.ts"); await odd.run(10);`],
  ["", `const escaped = await import("./\\u004e.ts".replace("N", "N"));`],
  ["// import { run } from './N.ts'", ""],
  [`const text = "from './N.ts'";`, "void text;"],
  [
    `import /* why */ {\n  // from "./z.ts"\n  run as commented,\n} /* it */ from /* is */ "./N.ts";`,
    "await commented(11);",
  ],
  [`import type { Shape } from "./N.ts"; import { Box as Real } from "./N.ts";`, "await new Real().run(12);"],
];

/** What a module exports as `run`. */
const functions = [
  `export async function run(x) { "use task"; return x }`,
  `export async function run(x) { "use workflow: id=w-{x}"; USE }`,
  `export async function run(x) { USE return x }`,
  `export const run = async (x) => { try { USE } catch { return Date.now() } };`,
  `export const run = async (x) => { USE return Math.random() + x };`,
  `export function run(x) { return fetch(String(x)) }\nexport async function other(x) { USE }`,
  `const make = () => async (x) => x;\nexport const run = make();\nexport async function other(cb, x) { await cb(x); USE }`,
  `export const run = { async call(x) { USE } }.call;`,
  `export const run = async (x) => { for (const each of [x]) { USE } };`,
  `export const run = async (x) => "uses of " + x;`,
] as const;

const extras = [
  "",
  `export class Box { async run(x) { return x } }`,
  `export class Box { async run(x) { "use task"; return x } }`,
  `export class Box extends Error { #secret = 1; async run(x) { return x instanceof RangeError ? this.#secret : x } }`,
  `import { sleep } from "perdure";\nexport async function nap() { await sleep("1s") }`,
  `export interface Shape { run(x: number): void }`,
  `export default async (x) => { await x?.() };`,
  `import { randomUUID } from "node:crypto";\nexport const id = () => randomUUID();`,
] as const;

const link = fc.record({ to: fc.constantFrom(...names), how: fc.constantFrom(...imports) });

export const moduleTexts: fc.Arbitrary<string> = fc
  .record({
    links: fc.array(link, { maxLength: 3 }),
    body: fc.constantFrom(...functions),
    extra: fc.subarray([...extras], { maxLength: 2 }),
  })
  .map(({ links, body, extra }) => {
    const named = links.map(({ to, how: [declaration, use] }) =>
      [declaration, use].map((each) => each.replaceAll("N", to)),
    );
    const uses = named.map(([, use]) => `{ ${use ?? ""} }`).join(" ");
    return [...named.map(([declaration]) => declaration), ...extra, body.replace("USE", uses)].join("\n");
  });

/** Some modules that import each other. A name may be that of no module. */
export const projects: fc.Arbitrary<Files> = fc
  .dictionary(fc.constantFrom<Name>(...names), moduleTexts, { minKeys: 2 })
  .map((modules) => Object.fromEntries(Object.entries(modules).map(([name, text]) => [`src/${name}.ts`, text])));

/** What the compiler makes of a file, without positions in the text that its last line shifts. */
export function outcome(compile: () => CompileResult | undefined): unknown {
  try {
    const result = compile();
    return result && { code: result.code, info: result.info, map: result.map.mappings, warnings: codes(result) };
  } catch (error) {
    if (error instanceof CompileError) return { errors: codes(error) };
    throw error;
  }
}

const codes = ({ diagnostics }: Pick<CompileResult, "diagnostics">): string[] =>
  diagnostics.map(({ code, file, line, column, message }) => `${file}:${line}:${column} ${code} ${message}`);
