import { afterEach, describe, expect, test } from "vitest";
import { close, complete, configure, getRun, listRuns, recover, schedule, start, startMany } from "perdure";
import { noStore } from "../src/no-store.ts";
import { Signals } from "../src/signals.ts";
import { serviceOf, startOf, type Payload } from "../src/wire.ts";

afterEach(close);

async function empty() {
  "use workflow";
}

test("a program that only serves runs on Restate has no store, and says what to use in its place", async () => {
  configure({ store: noStore() });
  const refusal = { code: "RESTATE_NO_STORE", message: expect.stringContaining("restate(url)") as unknown };
  for (const call of [
    () => start(empty, []),
    () => empty(),
    () => listRuns(),
    () => getRun("x"),
    () => complete("x", "paid"),
    () => recover(),
    () => startMany(empty, [[]]),
    () => schedule("nightly", "0 6 * * *", empty, []),
  ])
    await expect(call()).rejects.toMatchObject(refusal);
});

test("names of services are those of the workflows, as far as Restate allows", () => {
  expect(["order", "Shop.order", "a-b_c"].map(serviceOf)).toEqual(["order", "Shop.order", "a-b_c"]);
  expect(["größe", "$", "_x", "1"].map(serviceOf)).toEqual(["gr_f6_dfe", "W_24", "W_x", "W1"]);
});

test("the input of a run is what the client sends, or a list of arguments", () => {
  const sent = { input: "1:=[]", inputHash: "h" };
  const make = (args: readonly unknown[]): typeof sent => ({ input: JSON.stringify(args), inputHash: "made" });
  expect(startOf(sent, make)).toBe(sent);
  expect(startOf([1, "a"], make)).toEqual({ input: '[1,"a"]', inputHash: "made" });
  for (const wrong of [{}, undefined, null, "text", { input: 1, inputHash: "h" }])
    expect(() => startOf(wrong, make)).toThrow("a list with the arguments");
});

describe("messages of a signal", () => {
  type Call = Parameters<Signals["wait"]>[1];
  const calls = ["first", "second", "third"].map((id) => ({ id }) as Call);
  const [first, second, third] = calls as [Call, Call, Call];
  const message = (payload: string): Payload => ({ payload, at: 0 });

  function begin(): { readonly signals: Signals; readonly asked: string[] } {
    const asked: string[] = [];
    return { signals: new Signals((name, slot) => asked.push(`${name} ${slot}`)), asked };
  }

  test("each goes to the wait that began first, and one is asked for at a time", () => {
    const { signals, asked } = begin();
    for (const call of calls) expect(signals.wait("a", call)).toBeUndefined();
    expect(asked).toEqual(["a 0"]);
    expect(signals.came("a", message("x"))).toBe(first);
    expect(signals.came("a", message("y"))).toBe(second);
    expect(asked).toEqual(["a 0", "a 1", "a 2"]);
    expect(signals.came("a", message("z"))).toBe(third);
    expect(asked).toHaveLength(3);
  });

  test("one that comes after its wait has ended is for the next wait", () => {
    const { signals, asked } = begin();
    signals.wait("a", first);
    expect(signals.end("a", first)).toBe(true);
    expect(signals.end("a", first)).toBe(false);
    expect(signals.came("a", message("late"))).toBeUndefined();
    expect(signals.wait("a", second)).toEqual(message("late"));
    signals.wait("a", third);
    expect(asked).toEqual(["a 0", "a 1"]);
  });

  test("a cancellation ends the waits that it may, and what was asked for is kept", () => {
    const { signals, asked } = begin();
    for (const call of [first, second]) signals.wait("a", call);
    signals.endAll((call) => call === first);
    expect(signals.came("a", message("x"))).toBe(second);
    expect(asked).toEqual(["a 0"]);
  });
});
