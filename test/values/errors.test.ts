import { runInNewContext } from "node:vm";
import { CancelledError, FatalError, PerdureError, RetryableError, TimeoutError } from "perdure";
import { expect, test } from "vitest";
import { createCodec, versioned } from "../../packages/runtime/src/values/codec.ts";
import { bare } from "./make.ts";

const values = versioned(createCodec());
const copyOf = <T>(value: T): T => values.decode(values.encode(value, "it threw")) as T;
/** The error with fields of any type. */
const broken = (error: Error, fields: Record<string, unknown>): Error => {
  for (const [key, value] of Object.entries(fields))
    Object.defineProperty(error, key, { value, configurable: true, writable: true, enumerable: false });
  return error;
};

test("R8 an error of any name comes back as an error of that name", () => {
  for (const name of ["toString", "__proto__", "constructor", "valueOf", "hasOwnProperty", "", "Custom", "TypeError"]) {
    const copy = copyOf(broken(new Error("boom"), { name }));
    expect(copy).toBeInstanceOf(Error);
    expect(Object.getPrototypeOf(copy)).toBe(Error.prototype);
    expect([copy.name, copy.message]).toEqual([name, "boom"]);
  }
});

test("R8 an error's class is that of its prototype, not of its name", () => {
  class Declined extends RangeError {
    override name = "TypeError";
  }
  const copy = copyOf(new Declined("no"));
  expect(copy).toBeInstanceOf(RangeError);
  expect([copy.name, Object.keys(copy)]).toEqual(["TypeError", ["name"]]);
  class Fields extends Error {
    override get name(): string {
      return "Inherited";
    }
    override get message(): string {
      return "made";
    }
  }
  expect(String(copyOf(new Fields()))).toBe("Inherited: made");
  const foreign = copyOf(runInNewContext("new TypeError('there')") as Error);
  expect(foreign).toBeInstanceOf(TypeError);
  expect(foreign.message).toBe("there");
});

test.each([
  new FatalError("f"),
  new RetryableError("r", { retryAfter: "1m" }),
  new TimeoutError("t"),
  new CancelledError({ code: 1 }),
  new PerdureError("RUN_NOT_FOUND", { run: "x" }),
  new AggregateError([new TypeError("a"), "b"], "several"),
  new URIError("u", { cause: undefined }),
  Object.assign(new Error(), { code: "ENOENT", errno: -2, __proto__: Error.prototype }),
])("R8 %s comes back with its class, own properties and stack", (error: Error) => {
  const copy = copyOf(error);
  expect(Object.getPrototypeOf(copy)).toBe(Object.getPrototypeOf(error));
  const of = (each: Error): unknown[] =>
    Object.getOwnPropertyNames(each)
      .toSorted()
      .map((key) => [key, Object.prototype.propertyIsEnumerable.call(each, key), String((each as never)[key])]);
  expect(of(copy)).toEqual(of(error));
});

test("R8 own fields named like those of other errors stay own fields", () => {
  class ValidationError extends Error {
    errors: unknown;
    constructor(errors: unknown) {
      super("invalid");
      this.name = "ValidationError";
      this.errors = errors;
    }
  }
  for (const errors of [{ email: "missing" }, [{ path: ["a"] }], null, "text", undefined]) {
    const copy = copyOf(new ValidationError(errors));
    expect(copy).not.toBeInstanceOf(AggregateError);
    expect([copy.name, copy.message, copy.errors]).toEqual(["ValidationError", "invalid", errors]);
    expect(Object.keys(copy).toSorted()).toEqual(["errors", "name"]);
  }
  // as Zod 4 makes it
  const zod = broken(new Error("[]"), { issues: [{ code: "custom" }], _zod: { def: () => 1 }, toString: () => "zod" });
  const copy = copyOf(zod) as Error & { issues?: unknown };
  expect([copy.issues, String(copy)]).toEqual([[{ code: "custom" }], "Error: []"]);
  const own = Object.defineProperty(new Error("m"), "__proto__", { value: { a: 1 }, enumerable: true });
  expect(Object.getOwnPropertyDescriptor(copyOf(own), "__proto__")?.value).toEqual({ a: 1 });
});

test("R8 a DOMException is one again", () => {
  for (const error of [
    AbortSignal.abort().reason,
    new DOMException("m", "DataCloneError"),
    new DOMException("m", "x"),
  ]) {
    const copy = copyOf(error as DOMException);
    expect(copy).toBeInstanceOf(DOMException);
    expect([copy.name, copy.message, copy.code]).toEqual([error.name, error.message, error.code]);
    expect(copy.stack).toBe(error.stack);
  }
});

test("R8 cycles through errors are kept", () => {
  const self = new Error("self") as Error & { data?: unknown };
  self.cause = self;
  self.data = { of: [self] };
  const copy = copyOf(self);
  expect(copy.cause).toBe(copy);
  expect(copy.data).toEqual({ of: [copy] });
  expect((copy.data as { of: unknown[] }).of[0]).toBe(copy);
  const [a, b] = [new Error("a"), new TypeError("b")];
  [a.cause, b.cause] = [b, a];
  const pair = copyOf({ list: [b, a] });
  expect(pair.list[0]?.cause).toBe(pair.list[1]);
  expect(pair.list[1]?.cause).toBe(pair.list[0]);
  const group = new AggregateError([], "g");
  group.errors.push(group);
  const groupCopy = copyOf(group);
  expect(groupCopy.errors[0]).toBe(groupCopy);
});

test("R8 an error is not lost with a field that cannot be stored", () => {
  const throwing = Object.defineProperties(Object.assign(new Error("g"), { ok: 1 }), {
    boom: {
      enumerable: true,
      get: () => {
        throw new Error("no");
      },
    },
    cause: {
      get: () => {
        throw new Error("no");
      },
    },
  });
  expect(copyOf(throwing)).toMatchObject({ message: "g", ok: 1, cause: "(the cause of this error cannot be read)" });
  expect(copyOf(throwing)).not.toHaveProperty("boom");
  const fields = {
    socket: { on: () => 1 },
    f: () => 1,
    s: Symbol("s"),
    p: Promise.resolve(),
    response: new Response(),
  };
  const copy = copyOf(
    Object.assign(new Error("m"), fields, { status: 404, inner: Object.assign(new Error("i"), { f: () => 1, n: 1 }) }),
  );
  expect(Object.keys(copy)).toEqual(["status", "inner"]);
  expect(copy.inner).toMatchObject({ message: "i", n: 1 });
});

test("R8 causes and collected errors that cannot be stored become text that says so", () => {
  const causeOf = (cause: unknown): unknown => copyOf(new Error("m", { cause })).cause;
  expect(causeOf(new Response(null, { status: 503 }))).toBe("(not stored: a Response (status 503))");
  expect(causeOf(() => 1)).toBe("(not stored: a function)");
  expect(causeOf(Symbol("s"))).toBe("Symbol(s) (not stored: a symbol)");
  expect(causeOf(Object.assign(bare(), { f: () => 1 }))).toBe("an object (not stored: .f: a function)");
  expect(causeOf(Object.assign(bare(), { a: 1 }))).toEqual(Object.assign(bare(), { a: 1 }));
  expect(causeOf(null)).toBe(null);
  expect(copyOf(new AggregateError([() => 1, 2, new Response()], "m")).errors).toEqual([
    "(not stored: a function)",
    2,
    "(not stored: a Response (status 200))",
  ]);
});

test("R8 errors with odd messages, names and stacks, frozen ones, and those behind a Proxy", () => {
  expect(copyOf(broken(new Error(), { message: Symbol("x") })).message).toBe("Symbol(x)");
  expect(copyOf(broken(new Error(), { message: bare() })).message).toBe("an object");
  expect(copyOf(broken(new Error("m"), { name: bare() }))).toMatchObject({ name: "an object", message: "m" });
  expect(copyOf(broken(new Error("m"), { message: 42, name: undefined }))).toMatchObject({
    message: 42,
    name: undefined,
  });
  expect(copyOf(broken(new Error("m"), { stack: undefined })).stack).toBe(undefined);
  expect(copyOf(broken(new Error("m"), { stack: { lines: 1 } })).stack).toBe("[object Object]");
  expect(copyOf(Object.freeze(new Error("frozen")))).toMatchObject({ message: "frozen" });
  expect(copyOf(new Proxy(new RangeError("proxied"), {}))).toBeInstanceOf(RangeError);
  const hostile = new Proxy(new Error("hostile"), {
    get: (error, key) => {
      if (key === "stack") throw new Error("no");
      return Reflect.get(error, key);
    },
    ownKeys: () => {
      throw new Error("no");
    },
    getPrototypeOf: () => Error.prototype,
  });
  expect(copyOf(hostile)).toMatchObject({ message: "hostile" });
  expect(copyOf(Object.create(Error.prototype, { message: { value: "made" } }) as Error)).toMatchObject({
    message: "made",
  });
  expect(copyOf(Object.setPrototypeOf(new Error("bare"), null) as Error)).toBeInstanceOf(Error);
});

test("R8 the time to store an error grows with its size, not with its depth", () => {
  let error: Error & { again?: unknown } = new Error("0");
  for (let i = 1; i < 60; i++)
    error = Object.assign(new Error(String(i), { cause: error }), { again: [error], and: error });
  const copy = copyOf(error);
  expect(copy.cause).toBe((copy.again as unknown[])[0]);
});

test("R11 a CancelledError takes any reason", () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const throwing = {
    toString: () => {
      throw new Error("no");
    },
  };
  const reasons: [unknown, string][] = [
    ["text", "text"],
    [new Error("why"), "why"],
    [broken(new Error(), { message: bare() }), "an error whose message cannot be read"],
    [bare(), "an object"],
    [{ toString: 1 }, "an object"],
    [[bare()], "an array"],
    [throwing, "an object"],
    [Symbol("s"), "Symbol(s)"],
    [null, "null"],
    [0, "0"],
    [proxy, "a Proxy that cannot be read"],
    [new Date(Number.NaN), "Invalid Date"],
  ];
  for (const [reason, text] of reasons) {
    const error = new CancelledError(reason);
    expect(error.message).toBe(`the run was cancelled: ${text}`);
    expect(error.reason).toBe(reason);
    expect(copyOf(error)).toBeInstanceOf(CancelledError);
  }
  expect(new CancelledError().message).toBe("the run was cancelled");
});
