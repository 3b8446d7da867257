/** Whether the tests with several connections notice a mistake in the functions. `PERDURE_FAULTS=all` tries all mistakes, and says after how many cases each shows. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { databases } from "./databases.ts";
import { faults, statementsOf, type Fault } from "./faults.ts";
import { allCases, type Case } from "./pairs/cases.ts";
import { openLane, problemOf, type Lane } from "./pairs/lane.ts";
import { transitions } from "./pairs/transitions.ts";

const all = process.env["PERDURE_FAULTS"] === "all";
const tried = Object.entries(faults).filter((_, place) => all || place % 3 === 0);

const server = databases();
let lane: Lane;
beforeAll(async () => {
  await server.beforeTests();
  lane = await openLane("faulty", server);
});
afterAll(async () => {
  await lane.close();
  await server.afterTests();
});

/** After how many cases it shows. Undefined: it does not. */
async function casesUntilNoticed({ shows: [method, other = method] }: Fault): Promise<number | undefined> {
  const methods = [method, other].sort().join();
  const isOf = ({ first, second }: Case): boolean =>
    [first, second]
      .map((name) => transitions[name]!.method)
      .sort()
      .join() === methods;
  for (const [place, each] of (await allCases(1)).filter(isOf).entries())
    if ((await problemOf(lane, each).catch(String)) !== undefined) return place + 1;
  return undefined;
}

describe("it is noticed that", () => {
  test.each(tried)("%s", { timeout: 600_000 }, async (name, fault) => {
    const { begin, end } = statementsOf(fault, "faulty");
    onTestFinished(async () => void (await server.query(end)));
    await server.query(begin);
    const cases = await casesUntilNoticed(fault);
    if (all) console.log(`${name}: after ${cases} cases`);
    expect(cases).toBeDefined();
  });
});
