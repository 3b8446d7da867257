import { AssertionError } from "node:assert";
import { errors as jose } from "jose";
import { close, configure, FatalError, memoryStore, PerdureError, ProcessDiedError, start, taskOptions } from "perdure";
import { crashEverywhere } from "perdure/testing";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import {
  Away,
  Busy,
  Declined,
  Gone,
  isBusy,
  makeError,
  many,
  NotFound,
  Old,
  other,
  Secret,
  Timeout,
} from "./classes/index.ts";

class Refused extends FatalError {
  readonly reason: string;

  constructor(reason: string, options?: ErrorOptions) {
    super(`refused: ${reason}`, options);
    this.reason = reason;
  }

  describe(): string {
    return `${this.reason}!`;
  }
}

const shop = {
  Closed: class Closed extends PerdureError {
    readonly until = "9:00";
  },
};

/** Takes note of what a workflow has caught. */
const note = vi.fn<(error: unknown) => void>();
const noted = (): unknown[] => note.mock.calls.map(([error]) => error);
const thrown: { error: unknown } = { error: undefined };

async function fail(): Promise<never> {
  "use task: retries=0";
  throw thrown.error;
}

async function give(): Promise<unknown> {
  "use task: retries=0";
  return thrown.error;
}

async function caught(): Promise<string> {
  "use workflow";
  try {
    return await fail();
  } catch (error) {
    note(error);
    return namesOf(error).join();
  }
}

async function received(): Promise<string> {
  "use workflow";
  const value = await give();
  note(value);
  return "received";
}

/** What the code of a program tests. */
function namesOf(error: unknown): string[] {
  const classes = {
    Refused: error instanceof Refused,
    Busy: isBusy(error),
    Other: error instanceof other.Busy,
    Away: error instanceof Away,
    Declined: error instanceof Declined,
    Several: error instanceof many.Several,
    Timeout: error instanceof Timeout,
    NotFound: error instanceof NotFound,
    Gone: error instanceof Gone,
    Old: error instanceof Old,
    Closed: error instanceof shop.Closed,
    Secret: error instanceof Secret,
    Expired: error instanceof jose.JWTExpired,
    Assertion: error instanceof AssertionError,
  };
  return Object.entries(classes).flatMap(([name, is]) => (is ? [name] : []));
}

beforeEach(() => {
  note.mockClear();
  configure({ store: memoryStore(), logLevel: "error" });
  onTestFinished(close);
});

/** The error as the workflow catches it, on the first run and in each replay. */
async function comesBack<T extends Error>(error: T, name: string): Promise<T> {
  thrown.error = error;
  await crashEverywhere(caught, []);
  expect(await caught()).toBe(name);
  expect(noted().length).toBeGreaterThan(2);
  for (const each of noted()) {
    expect(each).not.toBe(error);
    expect(Object.getPrototypeOf(each)).toBe(Object.getPrototypeOf(error));
    expect(String(each)).toBe(String(error));
    const { stack } = each as Error;
    // without the frames of the runtime, and then the functions that led to the call
    const frames = error.stack?.split("\n").filter((line) => !/\/packages\/runtime\/src\/|node:async_hooks/.test(line));
    if (frames) expect(stack).toContain(`${frames.join("\n")}\n    at async `);
    else expect(stack).toBeUndefined();
    expect(Object.keys(each as Error)).toEqual(Object.keys(error));
  }
  return noted().at(-1) as T;
}

test("R8 an error of a class of the workflow's module comes back as one, with its fields and methods", async () => {
  const error = await comesBack(new Refused("limit", { cause: new Busy("card") }), "Refused");
  expect(error).toBeInstanceOf(FatalError);
  expect(error.describe()).toBe("limit!");
  expect(isBusy(error.cause)).toBe(true);
});

test("R8 so does one of a class in a file without durable functions", async () => {
  const error = await comesBack(new Busy("card"), "Busy");
  expect([error.name, error.isRetryable, error.queue]).toEqual(["BusyError", true, "card"]);
});

test.each([
  ["a class of the same name in another file", new other.Busy("no"), "Other"],
  ["a default export without a name", new Away(), "Away"],
  ["a class expression", new Declined("no"), "Declined"],
  ["a class in an object", new many.Several([new Busy("a"), 1], "two"), "Several"],
  ["a generic class of DOMExceptions", new Timeout({ seconds: 1 }), "Timeout"],
  ["a class of PerdureErrors", new shop.Closed("RUN_NOT_FOUND", { run: "r" }), "Closed"],
  ["a class that a function has made", new NotFound("no page"), "NotFound"],
  ["a class that the same function has made", new Gone("no page"), "Gone"],
  ["a class without the keyword", new Old("no"), "Old"],
  ["a class of a package", new jose.JWTExpired("late", {}), "Expired"],
  ["a class of Node.js", new AssertionError({ message: "not so" }), "Assertion"],
])("R8 %s", async (_, error: Error, name) => {
  const copy = await comesBack(error, name);
  if (copy instanceof AggregateError) expect(isBusy(copy.errors[0])).toBe(true);
});

test("R8 an error made by a class that nobody knows comes back as one of the nearest class that is known", async () => {
  thrown.error = new (class extends makeError("X") {})("boom");
  expect(await caught()).toBe("");
  expect(noted()[0]).toMatchObject({ message: "boom", code: "X" });
  expect(Object.getPrototypeOf(noted()[0])).toBe(Error.prototype);
});

test("R8 private fields are missing from an error that comes back", async () => {
  const copy = await comesBack(new Secret("hush"), "Secret");
  expect(() => copy.code).toThrow(TypeError);
});

test("R8 an error that a task returns, or that is part of a value, keeps its class", async () => {
  const error = new Busy("card");
  thrown.error = { list: [error, error], last: new Refused("x") };
  await received();
  const [value] = noted() as { list: unknown[]; last: unknown }[];
  expect(value?.list[0]).toBeInstanceOf(Busy);
  expect(value?.list[1]).toBe(value?.list[0]);
  expect(value?.last).toBeInstanceOf(Refused);
});

async function child(): Promise<never> {
  "use workflow";
  return fail();
}

async function parent(): Promise<unknown> {
  "use workflow";
  try {
    return await child();
  } catch (error) {
    note(error);
    throw error;
  }
}

test("R8 the failure of a child workflow has its class in the parent, and in the result of both runs", async () => {
  thrown.error = new Refused("limit");
  const run = await start(parent, []);
  await expect(run.result()).rejects.toBeInstanceOf(Refused);
  expect(noted()[0]).toBeInstanceOf(Refused);
});

test("R8 retryIf gets the error itself", async () => {
  const tried: unknown[] = [];
  taskOptions(fail, { retries: 1, retryIf: (error) => tried.push(error) < 0 });
  onTestFinished(() => void taskOptions(fail, {}));
  thrown.error = new Busy("card");
  expect(await caught()).toBe("Busy");
  expect(tried).toEqual([thrown.error]);
  expect(tried[0]).toBe(thrown.error);
});

test("R8 a registered class is encoded as its owner says", async () => {
  await close();
  configure({
    store: memoryStore(),
    classes: [{ type: Busy, encode: ({ queue }) => queue, decode: (queue) => new Busy(`${String(queue)} again`) }],
  });
  thrown.error = new Busy("card");
  expect(await caught()).toBe("Busy");
  expect(noted()[0]).toMatchObject({ queue: "card again" });
});

test("R8 a ProcessDiedError comes back as one", async () => {
  thrown.error = new ProcessDiedError("pay", 3);
  await caught();
  expect(Object.getPrototypeOf(noted()[0])).toBe(ProcessDiedError.prototype);
  expect(noted()[0]).toMatchObject({ attempts: 3 });
});

const opened: { readonly id: string; readonly open: () => void }[] = [];

/** Each run declares a class of its own. */
async function local(id: string): Promise<string> {
  "use workflow: id=local-{id}";
  class Stopped extends Error {
    readonly id = id;
  }
  async function stop(): Promise<void> {
    "use task: retries=0";
    await new Promise<void>((open) => opened.push({ id, open }));
    throw new Stopped("stopped");
  }
  try {
    await stop();
  } catch (error) {
    return error instanceof Stopped ? `${error.id} stopped` : "unknown";
  }
  return "done";
}

test("R8 a class that a workflow declares is that of its run", async () => {
  const both = Promise.all([local("a"), local("b")]);
  await expect.poll(() => opened.length).toBe(2);
  for (const { open } of opened) open();
  expect(await both).toEqual(["a stopped", "b stopped"]);
});
