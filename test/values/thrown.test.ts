import { close, complete, FatalError, getRun, PerdureError, signal, start, taskOptions } from "perdure";
import { advance, setup } from "perdure/testing";
import { expect, onTestFinished, test } from "vitest";
import { bare, chain, nested } from "./make.ts";

const thrown: { make: () => unknown; failures: number; attempts: number } = {
  make: () => undefined,
  failures: 0,
  attempts: 0,
};

async function flaky(): Promise<string> {
  "use task: retries=3, backoff=constant(1m)";
  if (++thrown.attempts <= thrown.failures) throw thrown.make();
  return `attempt ${thrown.attempts}`;
}

async function flow(): Promise<unknown> {
  "use workflow: id=flow";
  try {
    return await flaky();
  } catch (error) {
    return { caught: error };
  }
}

/** The run's result when each attempt up to `failures` throws. */
async function resultWith(make: () => unknown, failures: number): Promise<unknown> {
  setup();
  onTestFinished(close);
  Object.assign(thrown, { make, failures, attempts: 0 });
  const run = await start(flow, []);
  await advance("1h");
  const result = await run.result();
  expect(await run.status()).toBe("completed");
  await close();
  return result;
}

const kinds: Record<string, readonly [make: () => unknown, description: string | undefined]> = {
  undefined: [() => undefined, undefined],
  null: [() => null, undefined],
  "a number": [() => Number.NaN, undefined],
  "a string": [() => "just text", undefined],
  "an object": [() => ({ status: 503, nested: [1] }), undefined],
  "an object without a prototype": [() => Object.assign(bare(), { a: 1 }), undefined],
  "a symbol": [() => Symbol("s"), "a symbol, which"],
  "a function": [() => () => 1, "a function, which"],
  "an object with a function": [
    () => ({ status: 503, body: { retry: () => 1 } }),
    "an object, which cannot be stored as it is (.body.retry: a function)",
  ],
  "a Response": [
    () => new Response("busy", { status: 503 }),
    "a Response (status 503), which cannot be stored as it is\n",
  ],
  "a promise": [() => Promise.resolve(1), "a promise (is an await missing?), which"],
  "an instance": [
    () =>
      new (class Refusal {
        why = 1;
      })(),
    "an instance of Refusal, which",
  ],
  "deep data": [() => nested(5_000, (inner) => [inner]), "an array, which cannot be stored as it is ([0][0]"],
  "a revoked Proxy": [
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    },
    "a Proxy that cannot be read, which",
  ],
};

test.each(Object.entries(kinds))("R4 a task that throws %s is tried again like any other", async (_, [make]) => {
  expect(await resultWith(make, 2)).toBe("attempt 3");
});

test.each(Object.entries(kinds))(
  "R4 a task that throws %s to the last fails with that, or with an error that describes it",
  async (_, [make, description]) => {
    const { caught } = (await resultWith(make, 9)) as { caught: unknown };
    expect(thrown.attempts).toBe(4);
    if (description === undefined) return expect(caught).toEqual(make());
    expect(caught).toBeInstanceOf(PerdureError);
    expect(caught).toMatchObject({
      code: "THROWN_NOT_STORABLE",
      message: expect.stringContaining(`flaky threw ${description}`),
    });
  },
);

test("R4 the error that describes what was thrown has the fields that can be stored", async () => {
  const make = (): unknown =>
    Object.defineProperty({ status: 503, f: () => 1 }, "__proto__", { value: 1, enumerable: true });
  const { caught } = (await resultWith(make, 9)) as { caught: Error };
  const { cause } = caught;
  expect(Object.entries(cause as object)).toEqual([
    ["status", 503],
    ["__proto__", 1],
  ]);
});

test("R4 the record of a failed attempt tells what was thrown, also of undefined", async () => {
  const { store } = setup();
  onTestFinished(close);
  Object.assign(thrown, { make: () => undefined, failures: 1, attempts: 0 });
  const run = await start(flow, []);
  await advance("1s");
  const [step] = await store.steps("flow");
  expect(step).toMatchObject({ state: "open", attempt: 1, output: expect.stringContaining("undefined was thrown") });
  await advance("1m");
  expect(await run.result()).toBe("attempt 2");
});

const given: { value: unknown } = { value: undefined };

async function take(value: unknown): Promise<number> {
  "use task: retries=0";
  let depth = 0;
  for (let each = value; Array.isArray(each); each = each[0]) depth++;
  return depth;
}

async function deep(_: unknown): Promise<unknown> {
  "use workflow: id=deep";
  return take(nested(20_000, (inner) => [inner]));
}

async function give(): Promise<unknown> {
  "use task: retries=5";
  return given.value;
}

async function gives(): Promise<unknown> {
  "use workflow: id=gives";
  return give();
}

async function waits(): Promise<unknown> {
  "use workflow: id=waits";
  return signal("go");
}

test("R8 data nested too deeply is refused as a result, an input and a payload; a task may be called with it", async () => {
  setup();
  onTestFinished(close);
  const tooDeep = { code: "VALUE_NOT_STORABLE", message: expect.stringContaining("nested too deeply") };
  for (const levels of [5_000, 20_000]) {
    const value = nested(levels, (inner) => ({ inner }));
    await expect(start(deep, [value])).rejects.toMatchObject(tooDeep);
    given.value = value;
    await expect(gives()).rejects.toMatchObject(tooDeep);
    const run = await start(waits, []);
    await expect(complete(run.id, "go", { value })).rejects.toMatchObject(tooDeep);
    await expect(run.cancel(value)).rejects.toMatchObject(tooDeep);
  }
  expect(await (await getRun("gives")).info()).toMatchObject({
    status: "pending",
    blocked: { error: "VALUE_NOT_STORABLE" },
  });
  given.value = "plain";
  expect(await gives()).toBe("plain");
  expect(await deep("shallow")).toBe(20_000);
});

test("R8 an error with thousands of causes fails the run, and does not stop it", async () => {
  const { caught } = (await resultWith(() => chain(20_000), 9)) as { caught: Error };
  expect(caught).toMatchObject({ message: "19999", cause: { message: "19998" } });
});

test("R4 a FatalError is not tried again, whatever its fields", async () => {
  const make = (): unknown => Object.assign(new FatalError("no"), { request: { f: () => 1 } });
  const { caught } = (await resultWith(make, 9)) as { caught: Error };
  expect(thrown.attempts).toBe(1);
  expect(caught).toBeInstanceOf(FatalError);
});

async function quick(): Promise<never> {
  "use task: retries=1, backoff=constant(1ms)";
  throw new Response(null, { status: 502 });
}
const seen: unknown[] = [];
taskOptions(quick, { retryIf: (error) => seen.push(error) > 0 });

async function calls(): Promise<unknown> {
  "use workflow: id=calls";
  return quick();
}

test("R4 retryIf sees what was thrown, not its description; a run that ends with the description has failed", async () => {
  setup();
  onTestFinished(close);
  const run = await start(calls, []);
  await advance("1m");
  await expect(run.result()).rejects.toMatchObject({ code: "THROWN_NOT_STORABLE" });
  expect(await run.status()).toBe("failed");
  expect(seen).toEqual([expect.any(Response)]);
});
