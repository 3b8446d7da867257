/** A call that the compiler took for one of a task, and whose function was never compiled, stops its run. */
import { close, start, type PerdureError, type Run } from "perdure";
import { setup } from "perdure/testing";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { bank, Bank, charge, effects, twice } from "./callee/tasks.ts";

type Tasks = typeof import("./callee/tasks.ts");

/** What the module exports in place of its own functions. */
const instead = vi.hoisted((): { charge?: unknown; twice?: unknown } => ({}));
const own = vi.hoisted((): { tasks?: Tasks } => ({}));

vi.mock("./callee/tasks.ts", async (original) => {
  const tasks = (own.tasks = await original<Tasks>());
  return {
    ...tasks,
    get charge() {
      return "charge" in instead ? instead.charge : tasks.charge;
    },
    get twice() {
      return "twice" in instead ? instead.twice : tasks.twice;
    },
  };
});

/** A function that no compiler has seen. */
const uncompiled = (text: string): unknown => new Function("effects", `return ${text}`)(effects) as unknown;
const withDirective = (): unknown =>
  uncompiled(`async function charge(n) { "use task: retries=0"; effects.push("plain " + n); return n }`);
const without = (): unknown => uncompiled(`async (n) => { effects.push("plain " + n); return n }`);

beforeEach(() => {
  delete instead.charge;
  delete instead.twice;
  effects.length = 0;
  setup({ logLevel: "silent" });
  onTestFinished(close);
});

async function sum(_id: string): Promise<number> {
  "use workflow: id=sum-{_id}";
  return (await charge(1)) + (await charge(2));
}

async function forgiving(_id: string): Promise<string> {
  "use workflow: id=forgiving-{_id}";
  try {
    await charge(1);
  } catch {
    await charge(2);
  }
  return "went on";
}

async function last(_id: string): Promise<number> {
  "use workflow: id=last-{_id}";
  return charge(1);
}

async function around(): Promise<number> {
  "use task: retries=0";
  return (await charge(1)) + (await charge(2));
}

async function nested(_id: string): Promise<number> {
  "use workflow: id=nested-{_id}";
  return around();
}

async function ofHelper(_id: string): Promise<number> {
  "use workflow: id=helper-{_id}";
  return twice(1);
}

async function each(_id: string): Promise<number[]> {
  "use workflow: id=each-{_id}";
  return Promise.all([1, 2].map(charge));
}

async function stopOf(run: Run<unknown>): Promise<PerdureError> {
  const error: unknown = await run.result().catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "CALLEE_NOT_COMPILED" });
  expect(await run.status()).toBe("pending");
  expect((await run.info()).blocked?.error).toBe("CALLEE_NOT_COMPILED");
  return error as PerdureError;
}

test("a function that still has its directive is not even called, and the run is resumed with the compiled one", async () => {
  instead.charge = withDirective();
  const { message } = await stopOf(await start(sum, ["a"]));
  expect(message).toMatch(
    /^run sum-a of the workflow sum calls charge of \S*test\/runtime\/callee\/tasks\.ts at \S*callee\.test\.ts:\d+:\d+, which was not compiled/,
  );
  expect(message).not.toContain("asTask");
  expect(effects).toEqual([]);
  delete instead.charge;
  expect(await sum("a")).toBe(30);
  expect(effects).toEqual(["charge 1", "charge 2"]);
});

test("a function without any directive is called once, and the message tells of mocks", async () => {
  instead.charge = without();
  const { message } = await stopOf(await start(sum, ["b"]));
  expect(message).toContain(`asTask(original, fake) from "perdure/testing"`);
  expect(effects).toEqual(["plain 1"]);
});

test("the last call of a workflow stops it as well", async () => {
  instead.charge = without();
  await stopOf(await start(last, ["a"]));
});

test("a workflow that catches everything does not go on", async () => {
  instead.charge = withDirective();
  await stopOf(await start(forgiving, ["a"]));
  expect(effects).toEqual([]);
});

test("a function with its directive that is passed on stops the run before it is called", async () => {
  instead.charge = withDirective();
  await stopOf(await start(each, ["a"]));
  expect(effects).toEqual([]);
  delete instead.charge;
  expect(await each("a")).toEqual([10, 20]);
});

test("only that run stops", async () => {
  const first = await start(sum, ["before"]);
  instead.charge = without();
  const stopped = stopOf(await start(last, ["b"]));
  await vi.waitFor(() => expect(effects).toContain("plain 1"));
  delete instead.charge;
  const after = await start(sum, ["after"]);
  await stopped;
  expect([await first.status(), await after.result()]).toEqual([expect.any(String), 30]);
});

test("a task that calls it stops with its run", async () => {
  for (const [id, make] of Object.entries({ withDirective, without })) {
    instead.charge = make();
    await stopOf(await start(nested, [id]));
  }
  expect(effects).toEqual(["plain 1"]);
});

test("outside of runs it is called like any other function", async () => {
  instead.charge = withDirective();
  expect(await (around as () => Promise<number>)()).toBe(3);
});

test("a substitute that calls the compiled function at once is right", async () => {
  const spy = vi.fn((n: number) => own.tasks?.charge(n));
  instead.charge = spy;
  expect(await (await start(sum, ["spied"])).result()).toBe(30);
  expect(spy).toHaveBeenCalledTimes(2);
  instead.charge = new Proxy(own.tasks?.charge ?? spy, {});
  expect(await (await start(sum, ["proxied"])).result()).toBe(30);
});

test("what is no function throws as everywhere", async () => {
  instead.charge = undefined;
  await expect((await start(forgiving, ["undefined"])).result()).rejects.toThrow(/is not a function/);
});

test("a plain function in place of a helper is right", async () => {
  instead.twice = async () => 7;
  expect(await (await start(ofHelper, ["a"])).result()).toBe(7);
});

class Quiet extends Bank {
  override async pay(): Promise<number> {
    return 5;
  }
}

test("a method is checked by its text only: a subclass may have a plain one", async () => {
  const banks = { own: bank, quiet: new Quiet() };
  async function paying(of: keyof typeof banks): Promise<number> {
    "use workflow: id=paying-{of}";
    const to: Bank = banks[of];
    return to.pay(1);
  }
  expect([await paying("own"), await paying("quiet")]).toEqual([1, 5]);
  banks.own.pay = uncompiled(`async function pay(n) { "use task"; effects.push("plain " + n) }`) as Bank["pay"];
  onTestFinished(() => void Reflect.deleteProperty(bank, "pay"));
  await stopOf(await start(paying, ["own"], { id: "again" }));
  expect(effects).toEqual(["pay 1"]);
});
