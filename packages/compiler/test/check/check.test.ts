import { symlinkSync, mkdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { check } from "../../src/check/index.ts";
import { checkFiles, said, tsconfig, typescriptProject } from "./check-project.ts";

/** Declares a task for each type, whose messages contain the name of the type. */
const results = (types: Readonly<Record<string, string>>, before = ""): string =>
  `${before}\n${Object.entries(types)
    .map(([name, type]) => `export async function ${name}(): Promise<${type}> { "use task"; throw 0 }`)
    .join("\n")}\n`;

describe("the type check of storable types", () => {
  test("types that can be stored produce no diagnostics", () => {
    const before = `
      declare const brand: unique symbol;
      interface Tree { readonly value: string; readonly children: readonly Tree[]; parent?: Tree }
      type Endless<T> = { value: T; next: Endless<T[]> };
      type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
      enum Color { Red, Blue = "blue" }
      interface Row { id: number; at: Date }
      class Model { id = 1; method() {} }
      type Data<T> = { [K in keyof T as T[K] extends Function ? never : K]: T[K] };`;
    const types = {
      primitives: `[string, number, bigint, boolean, undefined, null, "a" | 1 | 1n | true, \`x\${string}\`, Color, Color.Red, void, never]`,
      builtIn: `{ at: Date; url: URL; query: URLSearchParams; pattern: RegExp; bytes: Uint8Array; floats: Float64Array<ArrayBuffer>; buffer: ArrayBuffer; view: DataView }`,
      errors: `Error | TypeError | AggregateError | { cause: RangeError }`,
      containers: `Map<string, Set<Date>> | ReadonlyMap<Row, ReadonlySet<Row[]>> | Iterable<Row> | ArrayLike<string>`,
      records: `Record<string, number> & { [key: number]: 1; optional?: readonly Row[] }`,
      tuples: `readonly [first: string, ...rest: Row[]] | [Row?]`,
      branded: `(string & { __brand: "id" }) | (number & { [brand]: true }) | (Row & { [brand]: "row" })`,
      recursive: `[Tree, Json, Endless<string>]`,
      mapped: `Partial<Row> | Pick<Row, "id"> | Readonly<Row> | Data<Model> | Omit<Model, "method">`,
      unjudged: `[any, unknown, object, {}, Object]`,
    };
    const generic = `export async function generic<T, U extends { call(): void }>(x: T): Promise<{ x: T; u: U; k: keyof T; i: T[keyof T]; c: T extends string ? 1 : () => void }> { "use task"; throw x }`;
    expect(
      said(
        checkFiles({
          "tsconfig.json": tsconfig({ lib: ["es2023", "dom"] }),
          "src/a.ts": results(types, `${before}\n${generic}`),
        }),
      ),
    ).toEqual([]);
  });

  test("every task and workflow of a large project is checked", () => {
    const module = (
      i: number,
    ): string => `${i > 0 ? `import { load${i - 1}, type Row${i - 1} } from "./m${i - 1}.js";` : ""}
      export interface Row${i} { id: string; at: Date; tags: Set<string>; ${i > 0 ? `before?: Row${i - 1}` : ""} }
      export async function load${i}(id: string) { "use task"; const row: Row${i} = { id, at: new Date(), tags: new Set() }; return { row, more: [${i > 0 ? `await load${i - 1}(id)` : ""}] }; }
      export const flow${i} = async (input: { rows: Row${i}[] }) => { "use workflow"; return Promise.all(input.rows.map(({ id }) => load${i}(id))); };`;
    const files = Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`src/m${i}.ts`, module(i)]));
    expect(checkFiles(files)).toEqual({ diagnostics: [], functions: 240 });
  });
});

test("parts that cannot be stored are found anywhere in a type", () => {
  const before = `
    import { Socket } from "node:net"; import { createReadStream, type ReadStream, type Stats } from "node:fs"; import type { EventEmitter } from "node:events"; import { URL as NodeUrl } from "node:url";
    const key = Symbol("key"); class Plain { id = 1 } class Hidden { private id = 1 } class Derived extends Plain { run() {} } abstract class Base<T> { abstract value: T; abstract get(): T }
    type Handler = (event: string) => void; interface Service { readonly name: string; stop?(): void }`;
  const types = {
    socket: `{ client: { socket: Socket } }`,
    list: `readonly { on: Handler }[]`,
    tuple: `[string, handler?: Handler, ...rest: symbol[]]`,
    union: `string | { a: 1 } | { b: { c: Handler | null } }`,
    map: `Map<Service, Set<() => void>>`,
    record: `Record<string, { "content-type": Handler }>`,
    indexed: `{ [n: number]: symbol }`,
    intersection: `{ a: Date } & { b: { c(): void } }`,
    newable: `typeof Plain`,
    keyed: `{ [key]: 1 }`,
    iterator: `Generator<string>`,
    disposable: `{ [Symbol.dispose](): void }`,
    promises: `[Promise<string>, PromiseLike<string>, { where(): void; then(done: () => void): void }]`,
    weak: `WeakSet<object> | WeakRef<Date>`,
    web: `{ response?: Response; headers: Headers; body: ReadableStream; signal: AbortSignal; data: FormData }`,
    node: `{ stream: ReadStream; stats: Stats; events: EventEmitter; out: NodeJS.WritableStream; timer: NodeJS.Timeout }`,
    classes: `[Hidden, Derived, Base<string>]`,
    data: `{ plain: Plain }`,
    mixed: `Plain & { extra: symbol } & { run(): void }`,
    kept: `{ url: NodeUrl; errno: NodeJS.ErrnoException; body: Buffer }`,
    functions: `Function | typeof Math.max`,
  };
  const more = `
    export const inferred = async (path: string) => { "use task"; return { path, stream: createReadStream(path) } };
    export const api = { async method() { "use task"; return { emit: () => 1 } }, named: async function () { "use task"; return Symbol() } };
    export class Job { async self() { "use task"; return this } static async all() { "use task"; return [new Hidden()] } stop = async () => { "use task"; return new WeakMap() } }
    export default async () => { "use task"; return new Proxy({ f() {} }, {}) };
    export async function task(socket: Socket) { "use task"; return socket.remotePort }
    export async function flow(this: Socket, id: string, socket?: Socket, ...rest: (() => void)[]) { "use workflow"; return id }`;
  const files = {
    "tsconfig.json": tsconfig({ types: undefined, lib: ["es2023", "esnext.disposable"] }),
    "src/a.ts": results(types, before) + more,
  };
  expect(said(checkFiles(files, { packages: ["@types/node"] }))).toMatchInlineSnapshot(`
    [
      "RESULT_NOT_STORABLE socket returns .client.socket: Socket (a class that is not registered), which cannot be stored",
      "RESULT_NOT_STORABLE list returns [number].on: a function, which cannot be stored",
      "RESULT_NOT_STORABLE tuple returns [number]: a symbol, [1]: a function, which cannot be stored",
      "RESULT_NOT_STORABLE union returns .b.c: a function, which cannot be stored",
      "RESULT_NOT_STORABLE map returns .keys().stop: a function, .get(…).values(): a function, which cannot be stored",
      "RESULT_NOT_STORABLE record returns [string]["content-type"]: a function, which cannot be stored",
      "RESULT_NOT_STORABLE indexed returns [number]: a symbol, which cannot be stored",
      "RESULT_NOT_STORABLE intersection returns .b.c: a function, which cannot be stored",
      "RESULT_NOT_STORABLE newable returns a function, which cannot be stored",
      "RESULT_NOT_STORABLE keyed returns an object with symbol keys, which cannot be stored",
      "RESULT_NOT_STORABLE iterator returns Generator (an object with methods), which cannot be stored",
      "RESULT_NOT_STORABLE disposable returns an object with symbol keys, which cannot be stored",
      "RESULT_NOT_STORABLE promises returns [0]: a promise (is an await missing?), [1]: a promise (is an await missing?), [2]: a promise (is an await missing?), which cannot be stored",
      "RESULT_NOT_STORABLE weak returns WeakSet (a class that is not registered), WeakRef (a class that is not registered), which cannot be stored",
      "RESULT_NOT_STORABLE web returns .headers: Headers (a class that is not registered), .body: ReadableStream (a class that is not registered), .signal: AbortSignal (a class that is not registered) and 2 more, which cannot be stored",
      "RESULT_NOT_STORABLE node returns .stream: ReadStream (a class that is not registered), .stats: Stats (a class that is not registered), .events: EventEmitter (a class that is not registered) and 2 more, which cannot be stored",
      "RESULT_NOT_STORABLE classes returns [0]: Hidden (a class that is not registered), [1]: Derived (a class that is not registered), [2]: Base (a class that is not registered), which cannot be stored",
      "CLASS_NOT_REGISTERED data returns .plain: Plain (a class that is not registered): an object literal of that shape can be stored, an instance of the class cannot",
      "RESULT_NOT_STORABLE mixed returns .run: a function, .extra: a symbol, which cannot be stored",
      "CLASS_NOT_REGISTERED mixed returns Plain (a class that is not registered): an object literal of that shape can be stored, an instance of the class cannot",
      "RESULT_NOT_STORABLE functions returns a function, which cannot be stored",
      "RESULT_NOT_STORABLE inferred returns .stream: ReadStream (a class that is not registered), which cannot be stored",
      "RESULT_NOT_STORABLE api.method returns .emit: a function, which cannot be stored",
      "RESULT_NOT_STORABLE api.named returns a symbol, which cannot be stored",
      "RESULT_NOT_STORABLE Job.self returns Job (a class that is not registered), which cannot be stored",
      "RESULT_NOT_STORABLE Job.all returns [number]: Hidden (a class that is not registered), which cannot be stored",
      "RESULT_NOT_STORABLE Job.stop returns WeakMap (a class that is not registered), which cannot be stored",
      "RESULT_NOT_STORABLE default returns .f: a function, which cannot be stored",
      "INPUT_NOT_STORABLE flow takes socket: Socket (a class that is not registered), which cannot be stored",
      "INPUT_NOT_STORABLE flow takes rest[number]: a function, which cannot be stored",
    ]
  `);
});

describe("the type check of classes", () => {
  const classes = `export class Money { constructor(readonly cents: number) {} plus(x: Money) { return x } }\nexport class Euro extends Money {}\nexport class Box<T> { constructor(private value: T) {} }\nexport class Other { x() {} }`;
  const tasks = results(
    { money: "Money", euro: "Euro[]", box: "Box<() => void>", other: "Other" },
    `import type { Money, Euro, Box, Other } from "./classes.js";`,
  );
  const only = (files: Readonly<Record<string, string>>, options = {}): string[] =>
    checkFiles({ "src/classes.ts": classes, "src/tasks.ts": tasks, ...files }, options).diagnostics.map(({ message }) =>
      message.replace(/ returns.*/, ""),
    );
  const perdure = {
    "node_modules/perdure/package.json": `{ "name": "perdure", "type": "module", "types": "./index.d.ts" }`,
    "node_modules/perdure/index.d.ts": `export interface ClassCodec<T = unknown> { readonly type: abstract new (...args: never[]) => T; encode(instance: T): unknown; decode(data: unknown): T }
      export declare function configure(options: { classes?: readonly ClassCodec[] }): void;
      export interface Schema<T> { readonly make: (value: unknown) => T }
      export declare function taskOptions<A extends unknown[], T>(fn: (...args: A) => Promise<unknown>, options: { result: Schema<T> }): (...args: A) => Promise<T>;
      export declare function taskOptions<F>(fn: F, options: { retries?: number }): F;`,
  };

  test("registered classes and their subclasses can be stored", () => {
    expect(only({})).toEqual(["money", "euro", "box", "other"]);
    expect(only({}, { classes: ["Money"] })).toEqual(["box", "other"]);
    const codec = `encode: (x) => x, decode: (x) => x as never`;
    expect(
      only({
        ...perdure,
        "src/main.ts": `import { configure } from "perdure"; import { Money, Box } from "./classes.js"; configure({ classes: [{ type: Money, ${codec} }, { type: Box, ${codec} }] })`,
      }),
    ).toEqual(["other"]);
    expect(
      only({
        ...perdure,
        "src/main.ts": `import * as perdure from "perdure"; import { codecs as classes } from "./codecs.js"; perdure.configure({ classes })`,
        "src/codecs.ts": `import type { ClassCodec } from "perdure"; import { Money as M, Other } from "./classes.js"; const money: ClassCodec<M> = { type: M, ${codec} }; const rest = [{ type: Other, ${codec} }]; export const codecs = [money, ...rest];`,
      }),
    ).toEqual(["box"]);
  });

  test("a class can be the output of a result schema", () => {
    const source = `import { taskOptions, type Schema } from "perdure"; import { Money, Other } from "./classes.js"; declare const schema: Schema<Money>;
      async function made(): Promise<Money> { "use task"; return JSON.parse("1") } taskOptions(made, { result: schema });
      async function raw(): Promise<Other> { "use task"; return new Other() } export const typed = taskOptions(raw, { result: schema });
      export const inline = taskOptions(async (): Promise<Money> => { "use task"; throw 0 }, { result: schema });
      export const retried = taskOptions(async (): Promise<Money> => { "use task"; throw 0 }, { retries: 1 });`;
    expect(only({ ...perdure, "src/tasks.ts": source })).toEqual(["raw", "retried"]);
  });

  test("a class with the name of a storable built-in cannot be stored", () => {
    const source = results(
      { date: "Date", error: "Error", map: "Map", url: "URL" },
      `class Date { now() {} } class Error { m() {} } interface Map { m(): void } class URL { private x = 1 }`,
    );
    expect(said(checkFiles({ "src/a.ts": `export {};${source}` }))).toEqual([
      "RESULT_NOT_STORABLE date returns Date (a class that is not registered), which cannot be stored",
      "RESULT_NOT_STORABLE error returns Error (a class that is not registered), which cannot be stored",
      "RESULT_NOT_STORABLE map returns .m: a function, which cannot be stored",
      "RESULT_NOT_STORABLE url returns URL (a class that is not registered), which cannot be stored",
    ]);
  });
});

describe("the type check of a project", () => {
  const client = `export class Client { close() {} }\n`;
  const task = (from: string): string =>
    `import { Client } from "${from}";\nexport async function open() {\n  "use task";\n  return new Client();\n}\n`;
  const places = (result: ReturnType<typeof check>): string[] =>
    result.diagnostics.map(({ code, file, line, column }) => `${code} ${file}:${line}:${column}`);

  test("the type check resolves paths, package imports and declaration files", () => {
    const files = {
      "package.json": `{ "type": "module", "imports": { "#clients/*": "./lib/*.ts" } }`,
      "tsconfig.json": tsconfig({ paths: { "@/*": ["./lib/*"] }, module: "esnext", moduleResolution: "bundler" }),
      "lib/client.ts": client,
      "node_modules/vendor/package.json": `{ "name": "vendor", "type": "module", "exports": { ".": { "import": "./index.js" } } }`,
      "node_modules/vendor/index.d.ts": `export declare class Client { private handle; }`,
      "src/a.ts": task("@/client"),
      "src/b.ts": task("#clients/client"),
      "src/c.ts": `import type { Client } from "vendor";\nexport async function open(): Promise<Client> { "use task"; throw 0 }`,
    };
    expect(places(checkFiles(files))).toEqual([
      "RESULT_NOT_STORABLE src/a.ts:2:23",
      "RESULT_NOT_STORABLE src/b.ts:2:23",
      "RESULT_NOT_STORABLE src/c.ts:2:31",
    ]);
  });

  test("the type check resolves packages by the module format of each file", () => {
    const files = {
      "node_modules/vendor/package.json": `{ "name": "vendor", "exports": { ".": { "import": "./index.mjs", "require": "./index.cjs" } } }`,
      "node_modules/vendor/index.d.mts": `export declare const made: { (): void };`,
      "node_modules/vendor/index.d.cts": `export declare const made: symbol;`,
      "src/a.mts": `import { made } from "vendor"; export async function f() { "use task"; return made }`,
      "src/b.cts": `import { made } from "vendor"; export async function f() { "use task"; return made }`,
    };
    expect(said(checkFiles(files))).toEqual([
      "RESULT_NOT_STORABLE f returns a function, which cannot be stored",
      "RESULT_NOT_STORABLE f returns a symbol, which cannot be stored",
    ]);
  });

  test("the type check follows project references, which need not be built", () => {
    const composite = { composite: true, outDir: "dist", rootDir: "src" };
    const project = typescriptProject({
      "tsconfig.json": tsconfig({}, { files: [], references: [{ path: "app" }, { path: "core/tsconfig.json" }] }),
      "core/tsconfig.json": tsconfig(composite, { include: ["src"], references: [{ path: "../app" }] }), // a circular reference, which TypeScript itself refuses
      "core/package.json": `{ "name": "core", "type": "module", "exports": "./dist/client.js" }`,
      "core/src/client.ts": client,
      "core/src/task.ts": task("./client.js"),
      "app/tsconfig.json": tsconfig(composite, { include: ["src"], references: [{ path: "../core" }] }),
      "app/package.json": `{ "name": "app", "type": "module" }`,
      "app/src/a.ts": task("core"),
    });
    mkdirSync(project.path("app/node_modules"));
    symlinkSync(project.path("core"), project.path("app/node_modules/core"));
    const expected = ["RESULT_NOT_STORABLE app/src/a.ts:2:23", "RESULT_NOT_STORABLE core/src/task.ts:2:23"];
    expect(places(check({ tsconfig: project.root }))).toEqual(expected);
    expect(places(check({ tsconfig: project.path("app/tsconfig.json"), root: project.root }))).toEqual(expected);
  });

  test("the type check supports JavaScript, other directive words and excluded files", () => {
    const files = {
      "tsconfig.json": tsconfig({ allowJs: true }),
      "src/a.js": `export async function open() {\n  "use durable task";\n  return () => 1;\n}\nexport async function other() { "use task"; return () => 1 }\n`,
      "src/legacy/b.ts": `export async function open() { "use durable task"; return () => 1 }`,
      "src/module.ts": `"use durable task";\nexport const one = async () => Symbol();\nexport async function two() { return () => 1 }\nasync function three() { return () => 1 }\nthree();\n`,
    };
    const directives = { task: "use durable task" };
    const legacy = "RESULT_NOT_STORABLE src/legacy/b.ts:1:23";
    const others = ["RESULT_NOT_STORABLE src/module.ts:2:14", "RESULT_NOT_STORABLE src/module.ts:3:23"];
    expect(places(checkFiles(files, { directives }))).toEqual(["RESULT_NOT_STORABLE src/a.js:1:23", legacy, ...others]);
    expect(places(checkFiles(files, { directives, include: /\.ts$/, exclude: ["**/legacy/**", /module/] }))).toEqual(
      [],
    );
    expect(places(checkFiles(files, { directives, include: ["**/legacy/**", /module\.ts$/] }))).toEqual([
      legacy,
      ...others,
    ]);
  });

  test("the type check skips compiled files, generators and functions without a directive", () => {
    const body = `{ "use task"; return () => 1 }`;
    const source = `export async function* a() ${body}\nexport function b() ${body}\nexport async function c() { return () => 1 }\nexport async function d() { return () => 1; "use task" }\n`;
    expect(
      checkFiles({
        "src/a.ts": source,
        "src/b.ts": `import * as $perdure from "perdure/internal"; export async function e() ${body}`,
      }),
    ).toEqual({ diagnostics: [], functions: 0 });
  });
});
