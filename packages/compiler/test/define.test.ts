import { expect, test } from "vitest";
import { execute } from "./execute.ts";

test("every durable function is registered under its entry and keeps its name and length", () => {
  const { exports, defined } = execute(
    {
      "main.ts": `
        export default async function () { "use workflow" }
        export const arrow = async (a, b = 1) => { "use task" };
        export const memoized = memo(async () => { "use task" });
        export const api = { async charge(o) { "use task" }, nested: { refund: async () => { "use task" } } };
        export class Billing { async run() { "use task" } static async all() { "use workflow" } "odd key"() {} async "quoted key"() { "use task" } async #hidden() { "use task" } }
        function memo(f) { return f }
        export async function plain() {}`,
    },
    "main.ts",
    "compiled",
  );
  const names = [...defined].map(([fn, name]) => [
    (fn as { name: string }).name,
    (fn as { length: number }).length,
    name,
  ]);
  expect(names).toMatchInlineSnapshot(`
    [
      [
        "default",
        0,
        "default",
      ],
      [
        "arrow",
        1,
        "arrow",
      ],
      [
        "",
        0,
        "memoized",
      ],
      [
        "refund",
        0,
        "api.nested.refund",
      ],
      [
        "charge",
        1,
        "api.charge",
      ],
      [
        "all",
        0,
        "Billing.all",
      ],
      [
        "run",
        0,
        "Billing.run",
      ],
      [
        "quoted key",
        0,
        "Billing.quoted key",
      ],
    ]
  `);
  expect(defined.has(exports["plain"])).toBe(false);
});

test("nested functions are registered each time their block is entered", async () => {
  const { exports, defined } = execute(
    {
      "main.js": `
        export function make() { "use strict"; return inner; async function inner() { "use task" } }
        export function pick(x) { switch (x) { case 1: async function a() { "use task" } return a; default: return null } }
        export function block(x) { if (x) { async function a() { "use workflow" } return a } else { async function a() { "use task" } return a } }`,
    },
    "main.js",
    "compiled",
  );
  const call = (name: string, arg: unknown): unknown => (exports[name] as (x: unknown) => unknown)(arg);
  expect(defined.get(call("make", 0))).toBe("inner");
  expect(call("make", 0)).not.toBe(call("make", 0));
  expect(defined.get(call("pick", 1))).toBe("a");
  expect(defined.get(call("block", 1))).toBe("a");
  expect(defined.get(call("block", 0))).toBe("a");
});
