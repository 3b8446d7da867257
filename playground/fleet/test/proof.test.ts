import { describe, expect, test } from "vitest";
import type { Attempt } from "../launcher/journal.ts";
import { mostAtOnce, table, violations, type Evidence } from "../launcher/proof.ts";

const attempt = (step: string, pid: number, from: number, given: Partial<Attempt> = {}): Attempt => ({
  run: "order-1",
  step,
  machine: `machine ${pid}`,
  pid,
  from,
  to: from + 10,
  outcome: "end",
  ...given,
});
const names = ["reserve[0]", "charge[0]", "pack[0]", "ship[0]"];
const finished = names.map((step) => ({ run: "order-1", step }));
const cutOff: Attempt = { run: "order-1", step: "reserve[0]", machine: "machine 7", pid: 7, from: 0 };

/** One order. The first attempt of its first step died with its process. */
const good: Evidence = {
  customers: 1,
  placed: [1],
  runs: [{ id: "order-1", status: "completed" }],
  finished,
  charges: [{ order: 1, cents: 500, asked: 2 }],
  attempts: [cutOff, ...names.map((step, place) => attempt(step, 8, 100 * (place + 1))), attempt("delivered", 9, 900)],
  deaths: new Map([[7, 50]]),
};
const found = (change: Partial<Evidence>): string[] => violations({ ...good, ...change }, 1, () => 500);

describe("the violations found in what is left", () => {
  test("an attempt that was in flight at a fault, and is made again, is none", () => {
    expect(found({})).toEqual([]);
    expect(table(good)).toMatch(/^reserve +1 +2 +0 +1 +0$/mu);
  });

  test("an order that was lost", () => {
    expect(found({ runs: [] })).toEqual(["order 1 was accepted, and is lost"]);
    expect(found({ runs: [{ id: "order-1", status: "running" }] })).toEqual(["order 1 was accepted, and is running"]);
    expect(found({ customers: 3 })).toEqual(["2 orders were never accepted"]);
  });

  test("a card that was charged twice, wrongly or not at all", () => {
    const [charge] = good.charges;
    expect(found({ charges: [] })).toEqual(["order 1 costs 500, and was charged nothing"]);
    expect(found({ charges: [charge!, charge!] })).toEqual(["order 1 costs 500, and was charged 500 and 500"]);
    expect(found({ charges: [{ ...charge!, cents: 5 }] })).toEqual(["order 1 costs 500, and was charged 5"]);
  });

  test.each(names)("the step %s that was finished and begins again", (step) => {
    const again = attempt(step, 5, 1_000);
    expect(found({ attempts: [...good.attempts, again] })).toEqual([
      `${step} of order-1 was finished, and machine 5 executed it again`,
    ]);
  });

  test("a step that was executed and has no checkpoint", () => {
    expect(found({ finished: finished.slice(1) })).toEqual([
      "reserve[0] of order-1 was executed and has no checkpoint",
    ]);
  });

  test("more orders at the packing table than it has places", () => {
    const other = attempt("pack[0]", 4, 305, { run: "order-2" });
    const both = { attempts: [...good.attempts, other], finished: [...finished, { run: "order-2", step: "pack[0]" }] };
    expect(found(both)).toEqual(["2 orders were packed at the same time, at 1 places"]);
    // an attempt ends with its process
    const { to: _to, outcome: _outcome, ...died } = attempt("pack[0]", 7, 0);
    const attempts = [died, attempt("pack[0]", 8, 60)];
    expect(mostAtOnce({ attempts, deaths: new Map([[7, 50]]) }, "pack")).toBe(1);
    expect(mostAtOnce({ attempts, deaths: new Map() }, "pack")).toBe(2);
  });
});
