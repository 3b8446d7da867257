import fc from "fast-check";
import { expect, test } from "vitest";
import { createCodec, versioned } from "../../packages/runtime/src/values/codec.ts";

const values = versioned(createCodec());
const copyOf = <T>(value: T): T => values.decode(values.encode(value, "it returned")) as T;
const refusalOf = (value: unknown): string => {
  try {
    return values.encode(value, "it returned") && "stored";
  } catch (error) {
    return /^it returned (.*), which cannot be stored\n/.exec((error as Error).message)?.[1] ?? String(error);
  }
};

test("R8 a view of a large buffer stores the view", () => {
  const large = new Uint8Array(20_000_000).fill(7);
  const text = values.encode({ head: large.subarray(3, 13) }, "");
  expect(text.length).toBeLessThan(100);
  const { head } = values.decode(text) as { head: Uint8Array };
  expect([head.length, head.byteOffset, head.buffer.byteLength, head[9]]).toEqual([10, 0, 10, 7]);
});

test("R8 views of every type and place come back with their type and contents", () => {
  const types = [
    Int8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    DataView,
  ];
  const buffer = Uint8Array.from({ length: 64 }, (_, i) => i * 3).buffer;
  for (const Type of types) {
    const size = "BYTES_PER_ELEMENT" in Type ? Type.BYTES_PER_ELEMENT : 1;
    for (const offset of [0, 8, 24]) {
      const copy = copyOf(new (Type as unknown as Uint8ArrayConstructor)(buffer, offset, 16 / size));
      expect(copy).toBeInstanceOf(Type);
      expect(copy.buffer.byteLength).toBe(16);
      expect([...new Uint8Array(copy.buffer)]).toEqual([...new Uint8Array(buffer, offset, 16)]);
    }
  }
  expect(copyOf(new Uint8Array(buffer, 64))).toHaveLength(0);
});

test("R8 views that overlap share their bytes afterwards, and others do not", () => {
  const buffer = new ArrayBuffer(64);
  const [a, b, view, apart] = copyOf([
    new Uint8Array(buffer, 3, 8),
    new Float64Array(buffer, 8, 2),
    new DataView(buffer, 10, 4),
    new Uint8Array(buffer, 40, 4),
  ] as const);
  a[5] = 9; // byte 8 of the old buffer
  expect(new Uint8Array(b.buffer, b.byteOffset)[0]).toBe(9);
  expect([a.buffer === b.buffer, a.buffer === view.buffer, a.buffer === apart.buffer]).toEqual([true, true, false]);
  expect(a.buffer.byteLength).toBe(24); // bytes 3 to 24, and zeros before them so that offsets stay multiples of 8
  expect(apart.buffer.byteLength).toBe(4);
});

test("R8 views share a buffer that is stored whole", () => {
  const buffer = new ArrayBuffer(16);
  const [part, whole] = copyOf([new Uint8Array(buffer, 8, 4), buffer] as const);
  expect([part.buffer === whole, part.byteOffset, part.length]).toEqual([true, 8, 4]);
  const views = copyOf({ all: new Uint8Array(buffer), part: new Uint16Array(buffer, 2, 1) });
  expect([views.part.buffer === views.all.buffer, views.part.byteOffset]).toEqual([true, 2]);
});

test("R8 of a buffer nothing is stored but what its views show", () => {
  const range = fc.tuple(fc.nat(100), fc.nat(100)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
  fc.assert(
    fc.property(fc.array(range, { minLength: 1, maxLength: 6 }), (ranges) => {
      const bytes = Uint8Array.from({ length: 120 }, (_, i) => i + 1);
      const copies = copyOf(ranges.map(([from, to]) => bytes.subarray(from, to)));
      copies.forEach((copy, i) => expect([...copy]).toEqual([...bytes.subarray(...(ranges[i] as [number, number]))]));
      const stored = new Set(copies.map(({ buffer }) => buffer));
      const shown = new Set(ranges.flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i)));
      const kept = [...stored].flatMap((buffer) => [...new Uint8Array(buffer)]).filter((byte) => byte !== 0);
      expect(kept.length).toBe(shown.size);
      // writing through one view is seen through the others exactly as before
      for (const copy of copies) copy.fill(0);
      expect([...stored].every((buffer) => new Uint8Array(buffer).every((byte) => byte === 0))).toBe(true);
    }),
  );
});

test("R8 a Buffer comes back as a Buffer, without the memory that it shared", () => {
  const secret = Buffer.from("password=hunter2");
  const given = { small: Buffer.from("public"), empty: Buffer.alloc(0), large: Buffer.alloc(50_000, 1) };
  expect(given.small.buffer).toBe(secret.buffer); // Node's pool
  const text = values.encode(given, "");
  expect(text).not.toContain(secret.toString("base64").slice(2, 18));
  const copy = values.decode(text) as typeof given;
  expect([Buffer.isBuffer(copy.small), Buffer.isBuffer(copy.empty), Buffer.isBuffer(copy.large)]).toEqual([
    true,
    true,
    true,
  ]);
  expect(copy.small.toString()).toBe("public");
  expect(copy.small.buffer.byteLength).toBe(6);
  expect(copy.empty.buffer.byteLength).toBe(0);
  expect(copy.large.equals(given.large)).toBe(true);
});

test("R8 memory that cannot be stored is refused with its path", () => {
  const detached = new ArrayBuffer(8);
  const view = new Uint8Array(detached);
  structuredClone(detached, { transfer: [detached] });
  expect(refusalOf({ a: [new SharedArrayBuffer(4)] })).toBe(".a[0]: a SharedArrayBuffer");
  expect(refusalOf({ a: new Uint8Array(new SharedArrayBuffer(4)) })).toBe(".a: a SharedArrayBuffer");
  expect(refusalOf({ a: new Uint8Array(new SharedArrayBuffer(4), 1, 1) })).toBe(".a: a SharedArrayBuffer");
  expect(refusalOf({ a: Buffer.from(new SharedArrayBuffer(4)) })).toBe(".a: a SharedArrayBuffer");
  expect(refusalOf({ a: detached })).toBe(".a: a detached ArrayBuffer");
  expect(refusalOf({ a: view })).toBe(".a: a detached ArrayBuffer");
});
