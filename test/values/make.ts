import fc from "fast-check";

/** An object without a prototype. */
export const bare = (): object => Object.create(null) as object;

/** Data nested `levels` deep. */
export function nested(levels: number, around: (inner: unknown) => unknown): unknown {
  let value: unknown = 0;
  for (let i = 0; i < levels; i++) value = around(value);
  return value;
}

/** An error with a chain of causes. Its message is their number. */
export function chain(errors: number): Error {
  let error = new Error("0");
  for (let i = 1; i < errors; i++) error = new Error(String(i), { cause: error });
  return error;
}

/** Data of every storable kind, with some of `keys`. No invalid dates: two of them are not equal as keys of maps. */
export const anything = (keys: readonly string[]): fc.Arbitrary<unknown> =>
  fc.anything({
    key: fc.oneof(fc.string(), fc.constantFrom(...keys)),
    values: [
      fc.boolean(),
      fc.integer(),
      fc.double(),
      fc.bigInt(),
      fc.string({ unit: "binary" }),
      fc.constantFrom(null, undefined),
      fc.date({ noInvalidDate: true }),
    ],
    withBoxedValues: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withSparseArray: true,
    withTypedArray: true,
  });
