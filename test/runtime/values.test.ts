import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { close, sleep, start, taskOptions, workflowOptions } from "perdure";
import { advance, settled, setup } from "perdure/testing";

const given: { value: unknown; seen: unknown[] } = { value: undefined, seen: [] };

async function give(): Promise<unknown> {
  "use task: retries=0";
  return given.value;
}

async function fail(): Promise<never> {
  "use task: retries=0";
  throw given.value;
}

async function passes(): Promise<unknown> {
  "use workflow";
  const value = await give();
  given.seen.push(value);
  return value;
}

async function catches(): Promise<unknown> {
  "use workflow";
  try {
    return await fail();
  } catch (error) {
    given.seen.push(error);
    throw error;
  }
}

/** The value as the workflow receives it, as the caller receives it, and as a second caller of the same run receives it. */
async function passed(workflow: () => Promise<unknown>, value: unknown): Promise<unknown[]> {
  setup({
    classes: [{ type: Money, encode: ({ cents }: Money) => cents, decode: (cents: number) => new Money(cents) }],
  });
  Object.assign(given, { value, seen: [] });
  const result = (): Promise<unknown> => workflow().catch((error: unknown) => error);
  const results = [await result(), await result()];
  await close();
  return [...given.seen, ...results];
}

class Money {
  readonly cents: number;
  constructor(cents: number) {
    this.cents = cents;
  }
}

test("values keep their types and references in the workflow, for the caller and for a later caller", async () => {
  const shared = { deep: [1] };
  const cycle: Record<string, unknown> = { shared, again: shared };
  cycle["self"] = cycle;
  const value = {
    nothing: undefined,
    nul: null,
    nan: Number.NaN,
    minus: -0,
    big: 2n ** 70n,
    date: new Date(5),
    text: "ünïcode \ud83d\ude00",
    map: new Map<unknown, unknown>([[{ a: 1 }, new Set([1, "b"])]]),
    url: new URL("https://example.com/?q=1"),
    pattern: /a+/gi,
    bytes: new Uint8Array([1, 2, 255]),
    floats: new Float64Array([0.5]),
    cycle,
    money: new Money(100),
    holes: [1, , 3], // oxlint-disable-line no-sparse-arrays
  };
  for (const seen of await passed(passes, value)) {
    expect(seen).toEqual(value);
    expect(seen).not.toBe(value);
    const copy = seen as typeof value;
    expect(Object.is(copy.minus, -0)).toBe(true);
    expect(copy.cycle["self"]).toBe(copy.cycle);
    expect(copy.cycle["again"]).toBe(copy.cycle["shared"]);
    expect(copy.money).toBeInstanceOf(Money);
  }
});

test("errors keep their class, cause and own fields, except for values that cannot be stored", async () => {
  class HttpError extends Error {
    override name = "HttpError";
  }
  const error = Object.assign(new HttpError("404", { cause: new TypeError("inner") }), {
    status: 404,
    request: { socket: (): void => {} },
  });
  for (const seen of (await passed(catches, error)) as (Error & { status: number })[]) {
    expect(seen).toBeInstanceOf(Error);
    expect(seen).toMatchObject({ name: "HttpError", message: "404", status: 404 });
    expect(seen.cause).toBeInstanceOf(TypeError);
    // without the frames of the runtime, and then the functions that led to the call
    const frames = error.stack?.split("\n").filter((line) => !/\/packages\/runtime\/src\/|node:async_hooks/.test(line));
    expect(seen.stack).toContain(`${frames?.join("\n")}\n    at async `);
    expect(seen).not.toHaveProperty("request");
  }
  const [several] = (await passed(catches, new AggregateError([new RangeError("a")], "all"))) as AggregateError[];
  expect(several?.errors[0]).toBeInstanceOf(RangeError);
});

test("any JSON value can be thrown or returned", async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), async (value) => {
      for (const seen of [...(await passed(passes, value)), ...(await passed(catches, value))])
        expect(seen).toEqual(value);
    }),
    { numRuns: 50 },
  );
});

const schema = {
  "~standard": {
    version: 1 as const,
    vendor: "test",
    validate: (value: unknown) =>
      typeof value === "number"
        ? { value: new Money(value) }
        : { issues: [{ message: "expected a number", path: ["amount", 0] }] },
  },
};

async function price(): Promise<unknown> {
  "use task: retries=0";
  return given.value;
}

const typedPrice = taskOptions(price, { result: schema });

async function cents(): Promise<number[]> {
  "use workflow: id=cents";
  const first = await typedPrice();
  await sleep("1h");
  return [first.cents, (await typedPrice()).cents];
}

test("a result schema decodes the result of a task on the first run and on replay", async () => {
  const { crash } = setup();
  onTestFinished(close);
  given.value = 42;
  await start(cents, []);
  await settled();
  crash();
  const result = cents();
  await advance("1h");
  expect(await result).toEqual([42, 42]);
});

test("a result schema rejects an invalid result of a task", async () => {
  setup();
  onTestFinished(close);
  given.value = "much";
  await expect(cents()).rejects.toMatchObject({
    code: "SCHEMA_REFUSED",
    message: expect.stringContaining(".amount[0]: expected a number"),
  });
});

test("an input schema rejects a call before anything is recorded", async () => {
  const { store } = setup();
  onTestFinished(close);
  const input = {
    "~standard": {
      version: 1 as const,
      vendor: "test",
      validate: (args: unknown) =>
        Array.isArray(args) && typeof args[0] === "number"
          ? { value: [new Money(args[0])] }
          : { issues: [{ message: "no" }] },
    },
  };
  const pay = async (amount: unknown): Promise<boolean> => {
    "use workflow";
    return amount instanceof Money;
  };
  workflowOptions(pay, { input });
  expect(await pay(5)).toBe(true);
  await expect(pay("five")).rejects.toMatchObject({ code: "SCHEMA_REFUSED" });
  expect(await store.listRuns({})).toHaveLength(1);
});
