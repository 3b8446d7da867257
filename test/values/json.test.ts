/** Which values are stored as JSON: those of which JSON keeps everything. */
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { createCodec } from "../../packages/runtime/src/values/codec.ts";
import { jsonOf } from "../../packages/runtime/src/values/plain.ts";

const shared = { a: 1 };
const cycle: unknown[] = [];
cycle.push(cycle);
const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

const never = (): never => {
  throw new Error("it was read");
};

const lost: Record<string, unknown> = {
  undefined,
  "undefined in an object": { a: undefined },
  "-0": -0,
  "-0 in an array": [-0],
  NaN: NaN,
  infinity: [Infinity],
  bigint: 1n,
  symbol: Symbol("s"),
  function: { a: () => 1 },
  date: new Date(0),
  map: { a: new Map() },
  error: new Error("e"),
  "an instance of a class": new (class Money {
    readonly amount = 1;
  })(),
  "a class that extends Array": new (class List extends Array {})(),
  "an object without a prototype": Object.create(null),
  "an object of another realm": runInNewContext("({ a: 1 })"),
  "an object that appears twice": { a: shared, b: shared },
  "a cycle": cycle,
  holes: [1, , 2], // oxlint-disable-line no-sparse-arrays
  "an array with a property": Object.assign([1], { a: 1 }),
  "an array with a hole and a property": Object.assign([1, ,], { a: 1 }), // oxlint-disable-line no-sparse-arrays
  "a key that is a symbol": { [Symbol("s")]: 1 },
  "a getter": Object.defineProperty({}, "a", { get: never, enumerable: true }),
  "a getter of an array": Object.defineProperty([1], 0, { get: never, enumerable: true }),
  "a proxy": new Proxy({}, { get: never, ownKeys: never, getPrototypeOf: never }),
  "toJSON of its own": { toJSON: () => 1 },
  arguments: (function () {
    return arguments; // oxlint-disable-line prefer-rest-params
  })(),
  "the strings of a template": ((strings: TemplateStringsArray) => strings)`a`,
  "deep data": nested(200),
};

test.each(Object.entries(lost))("%s is not stored as JSON", (_, value) => {
  expect(jsonOf(value)).toBeUndefined();
});

test.each([
  [null],
  [true],
  [0.1],
  ["text \0 \u2028 \ud800"],
  [[]],
  [{}],
  [[[1, "a"], { b: [null, { c: false }] }]],
  [JSON.parse(`{ "__proto__": 1, "constructor": 2, "toString": "x" }`)],
])("%j is", (value) => {
  const json = jsonOf(value);
  expect(json).toBe(JSON.stringify(value));
  expect(createCodec().decode(`=${json}`)).toEqual(value);
});

test("an object that all objects inherit toJSON from is not stored as JSON", () => {
  onTestFinished(() => void Reflect.deleteProperty(Object.prototype, "toJSON"));
  Object.defineProperty(Object.prototype, "toJSON", { value: () => 1, configurable: true });
  expect([jsonOf({ a: 1 }), jsonOf([1])]).toEqual([undefined, undefined]);
});

test("any value comes back the same from JSON, or is left to the other format", () => {
  const anything = fc.anything({
    withSparseArray: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withBigInt: true,
  });
  fc.assert(
    fc.property(anything, (value) => {
      const json = jsonOf(value);
      if (json !== undefined) expect(JSON.parse(json)).toStrictEqual(value);
      else expect(createCodec().encode(value).startsWith("=")).toBe(false);
    }),
    { numRuns: 2_000 },
  );
});

test("JSON is stored as it is, which tools can read, and what is repeated stays one object", () => {
  const codec = createCodec();
  expect(codec.encode({ charged: 5 })).toBe(`={"charged":5}`);
  const both = codec.decode(codec.encode({ a: shared, b: shared })) as { a: object; b: object };
  expect(both.a).toBe(both.b);
});
