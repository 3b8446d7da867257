import fc from "fast-check";
import { expect, test } from "vitest";
import { snapshot } from "../../packages/runtime/src/values/snapshot.ts";

const data = fc.anything({
  withMap: true,
  withSet: true,
  withDate: true,
  withNullPrototype: true,
  withBigInt: true,
  withSparseArray: true,
});

test("a snapshot equals the value and shares no plain data with it", () => {
  fc.assert(
    fc.property(data, (value) => {
      const copy = snapshot(value);
      expect(copy).toStrictEqual(value);
      const parts = (root: unknown, found = new Set<object>()): Set<object> => {
        if (typeof root !== "object" || root === null || found.has(root)) return found;
        found.add(root);
        const inner = root instanceof Map ? [...root].flat() : root instanceof Set ? [...root] : Object.values(root);
        for (const each of inner) parts(each, found);
        return found;
      };
      const originals = parts(value);
      expect([...parts(copy)].filter((part) => originals.has(part))).toEqual([]);
    }),
  );
});

test("a snapshot preserves shared references, cycles, holes and unusual keys, and shares instances and functions", () => {
  class Client {}
  const shared = { n: 1 };
  const symbol = Symbol("s");
  const value = {
    a: shared,
    b: shared,
    list: [1, , 3], // oxlint-disable-line no-sparse-arrays
    client: new Client(),
    fn: (): void => {},
    bytes: Buffer.from("x"),
    ["__proto__"]: 1,
    [symbol]: 2,
  };
  Object.assign(value, { self: value });
  const copy = snapshot(value) as typeof value & { self: unknown };
  expect(copy.self).toBe(copy);
  expect(copy.a).toBe(copy.b);
  expect(copy.a).not.toBe(shared);
  expect(1 in copy.list).toBe(false);
  expect(copy.client).toBe(value.client);
  expect(copy.fn).toBe(value.fn);
  expect(copy.bytes).toBe(value.bytes);
  expect(Object.hasOwn(copy, "__proto__")).toBe(true);
  expect(copy[symbol]).toBe(2);
});
