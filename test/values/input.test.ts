import { deepStrictEqual } from "node:assert";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fingerprint, fingerprintOfArguments, fullFingerprint } from "../../packages/runtime/src/values/fingerprint.ts";
import { snapshot } from "../../packages/runtime/src/values/snapshot.ts";
import { anything, bare, nested } from "./make.ts";

const full = (value: unknown): string => fullFingerprint(value, "stored");
const both = (value: unknown): string[] => [fingerprint(value), full(value)];

test.each([
  ["arrays", (inner: unknown) => [inner]],
  ["objects", (inner: unknown) => ({ inner })],
  ["maps", (inner: unknown) => new Map([[inner, 1]])],
  ["sets", (inner: unknown) => new Set([inner])],
])("R1 %s of any depth have a fingerprint, and a copy", (_, around) => {
  const [deep, same, other] = [20_000, 20_000, 19_999].map((levels) => nested(levels, around));
  expect(full(deep)).toBe(full(same));
  expect(full(deep)).not.toBe(full(other));
  expect(fingerprint(deep)).toBe(fingerprint(same));
  const copy = snapshot(deep);
  expect(copy === deep).toBe(false); // vitest's own comparison needs stack for each level
  expect(full(copy)).toBe(full(deep));
});

test("R1 a sparse array costs as much as it holds", () => {
  const sparse: unknown[] = [];
  sparse[4_000_000_000] = { last: 1 };
  const copy = snapshot({ sparse }).sparse;
  expect([copy.length, Object.keys(copy), copy[4_000_000_000]]).toEqual([4_000_000_001, ["4000000000"], { last: 1 }]);
  expect(both({ sparse })).toEqual(both({ sparse: copy }));
  copy[4_000_000_000] = { last: 2 };
  expect(full({ sparse })).not.toBe(full({ sparse: copy }));
});

test("R1 inputs that differ have different fingerprints: halves of surrogate pairs, holes, own properties of arrays", () => {
  const pairs: [unknown, unknown][] = [
    ["\ud800", "\ud801"],
    [{ "\udfff": 1 }, { "\ufffd": 1 }],
    [
      [, 1], // oxlint-disable-line no-sparse-arrays
      [undefined, 1],
    ],
    [Object.assign([1], { a: 1 }), Object.assign([1], { a: 2 })],
    [JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":2}')],
  ];
  for (const [a, b] of pairs) {
    expect(fingerprint(a)).not.toBe(fingerprint(b));
    expect(full(a)).not.toBe(full(b));
  }
  // the cut of long text may split a pair
  expect(fingerprint("😀".repeat(20_000))).toBe(fingerprint("😀".repeat(20_000)));
});

test("R1 a fingerprint never throws", () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const detached = new ArrayBuffer(8);
  const view = new Uint8Array(detached);
  structuredClone(detached, { transfer: [detached] });
  const hostile: unknown[] = [
    proxy,
    new Proxy(new Map(), {}),
    new Proxy(new Date(), {}),
    {
      get x(): never {
        throw new Error("no");
      },
    },
    Object.defineProperty([1], 0, {
      get: () => {
        throw new Error("no");
      },
    }),
    Object.assign(new Error(), { message: Symbol("s"), name: bare() }),
    detached,
    view,
    new SharedArrayBuffer(4),
    new Uint8Array(new SharedArrayBuffer(4)),
    Object.create({ [Symbol.toStringTag]: "Map" }) as object,
  ];
  for (const value of hostile)
    for (const around of [value, [value], { a: value }, new Map([[value, value]])]) {
      expect(both(around)).toEqual(both(around));
      snapshot(around);
    }
});

test("R1 the copy of any data is equal, and shares nothing that can be changed", () => {
  fc.assert(
    fc.property(anything(["__proto__", "constructor"]), (value) => {
      const copy = snapshot(value);
      deepStrictEqual(copy, value);
      expect(both(copy)).toEqual(both(value));
    }),
  );
  const inner = { list: [1] };
  const given = { inner, again: inner, self: undefined as unknown, ["__proto__"]: { a: [1] } };
  given.self = given;
  const copy = snapshot(given);
  inner.list.push(2);
  expect(copy.inner.list).toEqual([1]);
  expect([copy.again === copy.inner, copy.self === copy]).toEqual([true, true]);
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
});

test("a copy keeps what it is given: arguments, matches, templates, classes that extend built-in ones", () => {
  const args = (function (..._: unknown[]) {
    return arguments;
  })([1], 2); // oxlint-disable-line prefer-rest-params
  const copy = snapshot(args);
  expect([Object.prototype.toString.call(copy), copy.length, [...copy]]).toEqual(["[object Arguments]", 2, [[1], 2]]);
  expect(copy[0]).not.toBe(args[0]);
  const match = /(?<a>x)/.exec("x");
  expect({ ...snapshot(match) }).toEqual({ ...match });
  class Stack extends Array<number> {}
  class Day extends Date {}
  const instances = [new Stack(1, 2), new Day(1), new URL("http://x/"), new Uint8Array(2), () => 1];
  expect(snapshot(instances).every((each, i) => each === instances[i])).toBe(true);
  expect(snapshot(runInNewContext("[new Date(5), new Map([[1, [2]]])]"))).toEqual([new Date(5), new Map([[1, [2]]])]);
});

test("a copy reads a getter once, and keeps one that throws", () => {
  let read = 0;
  const given = {
    get n() {
      return ++read;
    },
    get bad(): number {
      throw new Error("no");
    },
  };
  const copy = snapshot(given);
  expect([copy.n, copy.n, read]).toEqual([1, 1, 1]);
  expect(() => copy.bad).toThrow("no");
});

test("R1 arguments that differ have different fingerprints, however much they are alike", () => {
  const texts = ["", "a", "b", "ab", "ba", "1", "-1", "true", "undefined", "\u0000", "\ud800"];
  const numbers = Array.from({ length: 4_000 }, (_, index) => index - 2_000);
  const lists: unknown[][] = [[], [0], [-0], [NaN], [Infinity], [1e300], [true], [false], [0.1 + 0.2], [0.3]];
  for (const text of texts) lists.push([text], [text, text], ["x".repeat(64) + text]);
  for (const first of texts) for (const second of texts) if (first !== second) lists.push([first, second]);
  for (const number of numbers) lists.push([number, 100], [100, number, 0], [`order-${number}`], ["a", number]);
  const different = new Set(
    lists.map((list) => JSON.stringify(list.map((each) => [typeof each, Object.is(each, -0), String(each)]))),
  );
  expect(new Set(lists.map(fingerprintOfArguments)).size).toBe(different.size);
});

test("R1 arguments have the same fingerprint in every process, and objects among them count", () => {
  expect(fingerprintOfArguments([1, "a", true])).toBe(fingerprintOfArguments([1, "a", true]));
  expect(fingerprintOfArguments([{ a: 1, b: 2 }])).toBe(fingerprintOfArguments([{ b: 2, a: 1 }]));
  expect(fingerprintOfArguments([{ a: 1 }])).not.toBe(fingerprintOfArguments([{ a: 2 }]));
  expect(fingerprintOfArguments([7, "order", false, -0])).toMatchInlineSnapshot(`"2012003805-1653138483"`);
});
