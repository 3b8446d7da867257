import { deepStrictEqual } from "node:assert";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createCodec, versioned } from "../../packages/runtime/src/values/codec.ts";
import { anything, bare, chain, nested } from "./make.ts";

const values = versioned(createCodec());
const copyOf = <T>(value: T): T => values.decode(values.encode(value, "it returned")) as T;
const refusalOf = (value: unknown): string => {
  try {
    values.encode(value, "it returned");
  } catch (error) {
    return /^it returned (.*), which cannot be stored\n/.exec((error as Error).message)?.[1] ?? String(error);
  }
  return "stored";
};

const names = ["__proto__", "constructor", "prototype", "toString", "valueOf", "hasOwnProperty", "then", "length"];
const marked = ["\0", "\0__proto__", "\0\0__proto__", "\u0001own", "", "a.b", "0", "-1", "\ud800"];

test("R8 own keys of every name are kept, as own properties", () => {
  for (const name of [...names, ...marked])
    for (const of of [{}, bare()]) {
      const value: object = Object.defineProperty(of, name, { value: { deep: [name] }, enumerable: true });
      const copy = copyOf({ value, before: 1 }).value;
      expect(Object.getOwnPropertyDescriptor(copy, name)).toMatchObject({ value: { deep: [name] }, writable: true });
      expect(Object.keys(copy)).toEqual([name]);
      expect(Object.getPrototypeOf(copy)).toBe(Object.getPrototypeOf(value));
    }
  expect({}).not.toHaveProperty("deep");
});

test("R8 a value refused under such a key is refused for its own reason, with the path", () => {
  const under = (name: string): unknown => Object.defineProperty({}, name, { value: { f: () => 1 }, enumerable: true });
  expect(refusalOf({ a: under("__proto__") })).toBe(".a.__proto__.f: a function");
  expect(refusalOf([under("constructor")])).toBe("[0].constructor.f: a function");
  expect(refusalOf(under("\0x"))).toBe('["\\u0000x"].f: a function');
  // oxlint-disable-next-line unicorn/no-thenable
  expect(refusalOf({ then: () => 1 })).toBe("a promise (is an await missing?)");
  expect(refusalOf({ a: { toJSON: () => 1 } })).toBe(".a.toJSON: a function");
});

test("R8 any data comes back as it was, and once more the same", () => {
  fc.assert(
    fc.property(anything([...names, ...marked]), (value) => {
      const copy = copyOf(value);
      deepStrictEqual(copy, value); // vitest's own takes an own key `constructor` for a class
      expect(values.encode(copy, "")).toBe(values.encode(value, ""));
    }),
    { numRuns: 300 },
  );
});

test("R8 invalid dates, NaN and -0 are kept", () => {
  const [date, ...numbers] = copyOf([new Date(Number.NaN), Number.NaN, -0, 0] as const);
  expect(date.getTime()).toBe(Number.NaN);
  expect(numbers.map((each, i) => Object.is(each, [Number.NaN, -0, 0][i]))).toEqual([true, true, true]);
});

test("R8 strings are exact, with halves of surrogate pairs too", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.array(fc.integer({ min: 0, max: 0xffff })), (text, units) => {
      const halves = String.fromCharCode(...units);
      expect(copyOf({ [halves]: [text, halves, new Map([[halves, text]])] })).toEqual({
        [halves]: [text, halves, new Map([[halves, text]])],
      });
    }),
  );
});

test("R8 matches, arguments, boxed values, objects without a prototype", () => {
  const match = /(?<a>x)(y)?/.exec("--x");
  const copy = copyOf(match);
  expect(copy).toEqual(match);
  expect({ ...copy }).toEqual({ ...match });
  expect(Object.getPrototypeOf(copy?.groups)).toBe(null);
  const args = copyOf(
    (function (..._: unknown[]) {
      return arguments; // oxlint-disable-line prefer-rest-params
    })(1, { a: 2 }),
  );
  expect(Object.prototype.toString.call(args)).toBe("[object Arguments]");
  expect([args.length, ...args]).toEqual([2, 1, { a: 2 }]);
  expect(copyOf([new Number(-0), new String("s"), new Boolean(false), Object(2n)])).toEqual([
    new Number(-0),
    new String("s"),
    new Boolean(false),
    Object(2n),
  ]);
  const query = Object.assign(Object.create(Object.create(null)) as object, { a: "1" }); // as querystring.parse makes it
  expect(copyOf(query)).toEqual(Object.assign(bare(), { a: "1" }));
  expect(copyOf(runInNewContext("({ a: [1, new Map([[1, 2]])] })"))).toEqual({ a: [1, new Map([[1, 2]])] });
});

test("R8 own properties of arrays, maps, sets, dates, patterns and URLs are kept, in cycles too", () => {
  const array: unknown[] & { me?: unknown; note?: string } = [1, , 3]; // oxlint-disable-line no-sparse-arrays
  array.me = array;
  array.note = "n";
  const copy = copyOf(array);
  expect([copy.length, 1 in copy, copy.note, copy.me === copy]).toEqual([3, false, "n", true]);
  const map = Object.assign(new Map<unknown, unknown>([["b", 1]]), { b: 2 });
  map.set("self", map);
  const mapCopy = copyOf(map);
  expect([mapCopy.b, mapCopy.get("b"), mapCopy.get("self") === mapCopy, mapCopy.size]).toEqual([2, 1, true, 2]);
  for (const value of [new Set([1]), new Date(5), /a/g, new URL("http://x/"), new URLSearchParams("a=1")]) {
    const kept = copyOf(Object.assign(value, { own: [1] }));
    expect(kept).toMatchObject({ own: [1] });
    expect(String(kept)).toBe(String(value));
  }
});

test("R8 a getter is read once; one that throws is refused with its path", () => {
  let read = 0;
  const counted = Object.defineProperty({}, "n", { get: () => ++read, enumerable: true });
  expect(copyOf({ counted })).toEqual({ counted: { n: 1 } });
  expect(read).toBe(1);
  const broken = {
    get x(): never {
      throw new Error("not now");
    },
  };
  expect(refusalOf([{ broken }])).toBe("[0].broken.x: a getter that throws (not now)");
});

test("R8 what something is counts, not what it calls itself", () => {
  class Row {
    get [Symbol.toStringTag](): string {
      return "Map";
    }
  }
  class NoRoot {
    a = 1;
  }
  Object.setPrototypeOf(NoRoot.prototype, null);
  expect(refusalOf({ a: new Row() })).toBe(".a: an instance of Row");
  expect(refusalOf(new NoRoot())).toBe("an instance of NoRoot");
  expect(refusalOf({ a: new Proxy(new Map(), {}) })).toBe(".a: a Proxy of an instance of Map");
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  expect(refusalOf({ a: proxy })).toBe(".a: a Proxy that cannot be read");
  expect(refusalOf({ a: new Blob([]), b: 1 })).toBe(".a: an instance of Blob");
  expect(refusalOf({ a: (function* () {})() })).toBe(".a: an instance of Generator");
  expect(refusalOf({ a: Object.assign([1], { [Symbol("s")]: 1 }) })).toBe(".a: an object with symbol keys");
  expect(copyOf(new Proxy({ a: [1] }, {}))).toEqual({ a: [1] });
});

test.each([
  ["arrays", (inner: unknown) => [inner]],
  ["objects", (inner: unknown) => ({ inner })],
  ["maps", (inner: unknown) => new Map([[1, inner]])],
  ["keys of maps", (inner: unknown) => new Map([[inner, 1]])],
  ["sets", (inner: unknown) => new Set([inner])],
])("R8 %s nested 1000 deep are stored, and nested too deeply refused for that reason", (_, around) => {
  expect(values.encode(copyOf(nested(1000, around)), "")).toBe(values.encode(nested(1000, around), ""));
  for (const levels of [1100, 5_000, 20_000, 100_000]) {
    expect(refusalOf(nested(levels, around))).toMatch(/(?:^|: )data nested too deeply \(more than 1000 levels\)$/);
    expect(refusalOf(nested(levels, around)).length).toBeLessThan(300);
  }
});

test.each([
  ["arrays with own properties", (inner: unknown) => Object.assign([inner], { own: 1 })],
  ["errors in errors", (inner: unknown) => [new AggregateError([inner])]],
])("R8 %s nested too deeply make no RangeError", (_, around) => {
  for (const levels of [200, 500, 5_000])
    expect(refusalOf({ value: nested(levels, around) })).toMatch(/^stored$|nested too deeply \(/);
});

test("R8 a call from a deep stack is refused like data that is too deep, not with a RangeError", () => {
  const value = nested(990, (inner) => [inner]);
  const from = (frames: number): string => (frames === 0 ? refusalOf(value) : from(frames - 1));
  expect(from(0)).toBe("stored");
  for (let frames = 500; frames <= 5_000; frames += 500)
    expect(from(frames)).toMatch(/^stored$|^data nested too deeply for this stack$/);
});

test("R8 sparse arrays cost as much as they hold", () => {
  const sparse: unknown[] = [];
  sparse[4_000_000_000] = "last";
  const text = values.encode({ sparse }, "");
  expect(text.length).toBeLessThan(100);
  const copy = (values.decode(text) as { sparse: unknown[] }).sparse;
  expect([copy.length, copy[4_000_000_000], Object.keys(copy).length]).toEqual([4_000_000_001, "last", 1]);
});

test("R8 an error is stored whatever the depth of its causes, and says where they were cut", () => {
  let cause: unknown = copyOf(chain(5_000));
  let count = 0;
  for (; cause instanceof Error; cause = cause.cause) expect(cause.message).toBe(String(4_999 - count++));
  expect(count).toBeGreaterThan(300);
  expect(cause).toBe(`${4_999 - count} (not stored: data nested too deeply (more than 1000 levels))`);
  expect(copyOf(chain(20_000))).toBeInstanceOf(Error);
});

class Money {
  readonly cents: number;
  constructor(cents: number) {
    this.cents = cents;
  }
}
class Euro extends Money {}

test("R8 of registered classes, the most derived one wins, whatever their order", () => {
  for (const order of [
    [Money, Euro],
    [Euro, Money],
  ]) {
    const codec = createCodec(
      order.map((type) => ({
        type,
        encode: (money: unknown) => (money as Money).cents,
        decode: (cents: unknown) => new type(cents as number),
      })),
    );
    const [money, euro] = codec.decode(codec.encode([new Money(1), new Euro(2)])) as Money[];
    expect([money, euro].map((each) => each?.constructor)).toEqual([Money, Euro]);
  }
});

test("R8 the path of a refusal in an instance is that in its data; an encode() that throws is named", () => {
  const codec = versioned(
    createCodec([
      { type: Money, name: "M", encode: (money) => ({ inside: (money as Money).cents }), decode: () => null },
    ]),
  );
  const broken = { type: Money, encode: () => (null as unknown as { x: unknown }).x, decode: () => null } as never;
  expect(() => codec.encode({ a: new Money((() => 1) as never) }, "it returned")).toThrow(
    /^it returned \.a\.inside: a function,/,
  );
  expect(() => versioned(createCodec([broken])).encode({ a: new Money(1) }, "it returned")).toThrow(
    /^it returned \.a: an instance of Money whose encoding throws \(Cannot read/,
  );
});

test("R8 a codec of the user's: its path and message are quoted", () => {
  const refuse = (error: unknown) =>
    versioned({
      encode() {
        throw error;
      },
      decode: () => undefined,
    });
  expect(() => refuse(Object.assign(new Error("too secret"), { path: ".a.b" })).encode(1, "it returned")).toThrow(
    /^it returned \.a\.b: too secret,/,
  );
  expect(() => refuse(bare()).encode(1, "it returned")).toThrow(/^it returned an object,/);
});
