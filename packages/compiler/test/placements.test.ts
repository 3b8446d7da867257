import { describe, expect, it } from "vitest";
import { assertParses, compileFile, execute } from "./execute.ts";

/** Where a directive can stand, and the name that the function gets. `run` calls it as `f`. */
const places: Record<string, readonly [source: string, name: string]> = {
  "default class": [`export default class { async pay(x) { "use task"; return x } }`, "pay"],
  "default object": [`export default { async pay(x) { "use task"; return x } }`, "pay"],
  "conditional expression": [`export const f = Math ? async (x) => { "use task"; return x } : undefined;`, "f"],
  "array element": [`export const [f] = [async (x) => { "use task"; return x }];`, "anonymous"],
  "argument of a call": [`const memo = (g) => g; export const f = memo(async (x) => { "use task"; return x });`, "f"],
  "property of an argument": [`const tool = (t) => t.execute; export const f = tool({ execute: async (x) => { "use task"; return x } });`, "f.execute"],
  "destructured object": [`export const { f } = { f: async (x) => { "use task"; return x } };`, "f"],
  "default of a parameter": [`function make(g = async (x) => { "use task"; return x }) { return g } export const f = make();`, "g"],
  "default of a task's parameter": [`export async function f(x, g = async (y) => { "use task"; return y }) { "use task"; return g(x) }`, "f"],
  factory: [`const make = (n) => async (x) => { "use task"; return x + n }; export const f = make(0);`, "make"],
  "returned function": [`function make() { return async function inner(x) { "use task"; return x } } export const f = make();`, "inner"],
  "class expression": [`export const f = new (class Box { async go(x) { "use task"; return x } })().go;`, "Box.go"],
  "static field": [`class A { static f = async (x) => { "use task"; return x } } export const { f } = A;`, "A.f"],
  "assignment to a property": [`const api = {}; api.f = async (x) => { "use task"; return x }; export const f = api.f;`, "f"],
  "awkward method names": [`const o = { async async(x) { "use task"; return x }, async get(x) { "use task"; return x }, async "a-b"(x) { "use task"; return x }, async 12(x) { "use task"; return x } }; export const f = async (x) => { "use task"; return [await o.async(x), await o.get(x), await o["a-b"](x), await o[12](x)].every((y) => y === x) && x }`, "o.async"],
  "no spaces": [`export const f=async(x)=>{"use task";return x},g=async x=>{"use task"}`, "f"],
  "comments everywhere": [`export const f = /* ( */ async /* ( */ ( /* ) */ x /* ) */ ) /* { */ => /* { */ { /* a */ "use task" /* b */; /* c */ return x }`, "f"],
  "immediately called": [`export let f; (async function (x) { "use task"; return x })(1); f = async (x) => { "use task"; return x };`, "anonymous"],
  "typescript arrow": [`export const f = (async<T,>(x: T, ...more: T[]): Promise<T> => { "use task"; return x }) satisfies unknown;`, "f"],
  "typescript namespace": [`namespace N { export async function inner(x: number) { "use task"; return x } } export const f = async (x: number) => N.inner(x);`, "inner"],
};

describe("a directive", () => {
  for (const [place, [source, name]] of Object.entries(places)) {
    it(`in ${place}`, async () => {
      const file = place.startsWith("typescript") ? "main.ts" : "main.js";
      const result = compileFile({ [file]: source }, file);
      assertParses(result?.code ?? "", file);
      expect(result?.info.functions[0]).toMatchObject({ kind: "task", name });
      const { exports, trace } = execute({ [file]: source }, file, "compiled");
      const f = exports["f"] ?? Reflect.get(Object(exports["default"]), "pay") ?? new (exports["default"] as new () => { pay: unknown })().pay;
      expect(await (f as (x: number) => Promise<unknown>)(3)).toBe(3);
      expect(trace.some((line) => line.startsWith("task"))).toBe(true);
    });
  }
});
