import { ABI_VERSION, module } from "perdure/internal";
import { expect, test } from "vitest";
import { errorClassName, errorPrototypeOf } from "../../packages/runtime/src/definitions/error-classes.ts";
import { createCodec } from "../../packages/runtime/src/values/codec.ts";

type ErrorClass = new (message: string) => Error;

const codec = createCodec([], { nameOf: errorClassName, prototypeOf: errorPrototypeOf });

/** Loads a module with these classes. */
function load(
  file: string,
  declared: Readonly<Record<string, ErrorClass>>,
  tested: readonly (readonly [string, () => unknown])[] = [],
): void {
  const info = { file, package: "shop", hash: "", imports: [], functions: [], loops: [], sites: [] };
  const handle = module(ABI_VERSION, info, tested);
  for (const [name, type] of Object.entries(declared)) handle.errorClass(type, name);
}

const classOf = (text: string): unknown => (codec.decode(text) as Error).constructor;

test("R8 a stored error names its class and the file of the class", () => {
  class Declined extends RangeError {}
  load("src/named.ts", { Declined });
  const text = codec.encode(new Declined("no"));
  expect(text).toContain(`"RangeError","shop src/named.ts#Declined"`);
  expect(classOf(text)).toBe(Declined);
});

test("R8 an error that was stored without its class comes back as before", () => {
  class Declined extends RangeError {}
  load("src/old.ts", { Declined });
  const text = `[["Error",1],{"type":2,"hidden":3},"RangeError",{"message":4},"no"]`;
  expect(codec.decode(text)).toMatchObject({ message: "no" });
  expect(classOf(text)).toBe(RangeError);
});

test("R8 a class that was moved to another file is found by its name, if it is the only one", () => {
  class Moved extends Error {}
  load("src/before.ts", { Moved });
  const text = codec.encode(new Moved("m"));
  class Now extends Error {}
  load("src/before.ts", {});
  expect(classOf(text)).toBe(Error);
  load("src/after.ts", { Moved: Now });
  expect(classOf(text)).toBe(Now);
  load("src/other.ts", { Moved: class extends Error {} });
  expect(classOf(text)).toBe(Error);
});

test("R8 a class without a name is not found in another file", () => {
  class First extends Error {}
  load("src/first.ts", { default: First });
  const text = codec.encode(new First("f"));
  load("src/first.ts", {});
  load("src/second.ts", { default: class extends Error {} });
  expect(classOf(text)).toBe(Error);
});

test("R8 a class that another file tests for has the name of the file that declares it", () => {
  class Excluded extends Error {}
  load("src/flow.ts", {}, [["./../errors/index.ts#Excluded", () => Excluded]]);
  const text = codec.encode(new Excluded("e"));
  expect(text).toContain(`"shop ../errors/index.ts#Excluded"`);
  expect(classOf(text)).toBe(Excluded);
});

test("R8 the class of a module that is evaluated again replaces the one before", () => {
  class First extends Error {}
  class Second extends Error {}
  load("src/reloaded.ts", { Reloaded: First });
  const text = codec.encode(new First("f"));
  load("src/reloaded.ts", { Reloaded: Second });
  expect(classOf(text)).toBe(Second);
  expect(classOf(codec.encode(new First("f")))).toBe(Second);
  expect([new Second("s") instanceof First, new First("f") instanceof Second]).toEqual([true, true]);
  class Derived extends First {}
  expect([new Derived("d") instanceof Second, new Second("s") instanceof Derived]).toEqual([true, false]);
  expect(new Error("e") instanceof First).toBe(false);
});

test("R8 a tested class is read when an error is stored or read, and again as long as it is not initialized", () => {
  class Late extends Error {}
  let type: ErrorClass | undefined;
  let reads = 0;
  const read = (): unknown => {
    reads++;
    if (!type) throw new ReferenceError("Cannot access 'Late' before initialization");
    return type;
  };
  load("src/tests.ts", {}, [
    ["late#Late", read],
    ["Missing", () => undefined],
    ["Map", () => Map],
  ]);
  expect(reads).toBe(0);
  expect(classOf(codec.encode(new Late("l")))).toBe(Error);
  type = Late;
  const text = codec.encode(new Late("l"));
  expect(text).toContain(`"late#Late"`);
  expect(classOf(text)).toBe(Late);
  expect(reads).toBe(2);
});

test("R8 a class that is none of errors is ignored", () => {
  const info = { file: "src/none.ts", hash: "", imports: [], functions: [], loops: [], sites: [] };
  const handle = module(ABI_VERSION, info);
  for (const type of [class {}, () => 1, Map]) expect(() => handle.errorClass(type, "None")).not.toThrow();
  expect(errorClassName(Map.prototype)).toBeUndefined();
});

test("R8 an accessor of the class does not keep an error from being decoded", () => {
  class Computed extends Error {
    readonly reason: string = "limit";
    override get message(): string {
      return `declined: ${this.reason}`;
    }
    get own(): string {
      return "computed";
    }
  }
  load("src/computed.ts", { Computed });
  const error = new Computed();
  Object.defineProperty(error, "own", { value: "own", enumerable: true });
  expect(codec.decode(codec.encode(error))).toMatchObject({ message: "declined: limit", own: "own" });
});
