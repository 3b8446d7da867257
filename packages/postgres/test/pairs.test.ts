/**
 * Two transitions of one run on two connections: while one stands still, the other one begins. What comes of it is what one of the two orders leads to, by the
 * in-memory store. `PERDURE_PAIRS=50000` tries so many of all pairs in all situations, and prints what it counted; from 4,000 on, each pair is among them.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { DURABLE_WRITES } from "../../store/src/wrap-store.ts";
import { databases } from "./databases.ts";
import { allCases, type Case } from "./pairs/cases.ts";
import { openLane, problemOf, together, type Lane } from "./pairs/lane.ts";
import { changing } from "./pairs/outcome.ts";
import { transitions } from "./pairs/transitions.ts";

const { PERDURE_PAIRS, PERDURE_SEED = "1" } = process.env;
const CASES = Number(PERDURE_PAIRS ?? 250);
/** So many at the same time. */
const LANES = 3;

const server = databases();
const lanes: Lane[] = [];
beforeAll(async () => {
  await server.beforeTests();
  for (let number = 0; number < LANES; number++) lanes.push(await openLane(`lane_${number}`, server));
});
afterAll(async () => {
  for (const lane of lanes) await lane.close();
  await server.afterTests();
});

async function problems(lane: Lane, queue: Case[]): Promise<string[]> {
  const found: string[] = [];
  for (let one = queue.shift(); one; one = queue.shift()) {
    const problem = await problemOf(lane, one);
    if (problem === undefined) continue;
    console.error(problem);
    found.push(problem);
  }
  return found;
}

test("every method that writes is among the transitions, and each of them changes something in some situation", async () => {
  const methods = new Set(Object.values(transitions).map(({ method }) => method));
  expect([...DURABLE_WRITES].filter((method) => !methods.has(method))).toEqual([]);
  const changes = new Set([...(await changing()).values()].flat());
  expect(Object.keys(transitions).filter((name) => !changes.has(name))).toEqual([]);
});

test(
  "two transitions of one run on two connections come to what one of the two orders comes to",
  { timeout: 3_600_000 },
  async () => {
    const all = await allCases(Number(PERDURE_SEED));
    const queue = all.slice(0, CASES);
    const chosen = queue.length;
    const began = performance.now();
    const found = await Promise.all(lanes.map((lane) => problems(lane, queue)));
    const tried = lanes.reduce((sum, lane) => sum + lane.tried, 0);
    if (PERDURE_PAIRS !== undefined)
      console.log({ possible: all.length, chosen, tried, seconds: (performance.now() - began) / 1000 });
    expect(found.flat().join("\n\n")).toBe("");
    expect(tried).toBeGreaterThan(0.9 * chosen);
  },
);

test.each([
  ["it is pending", "claimRuns", "claimRuns with others", false],
  ["it is pending", "claim", "claim", true],
  ["it has ended", "prune", "prune", false],
  ["it has ended", "restart", "prune", false],
])("%s: whether %s makes %s wait: %s", async (situation, first, second, waits) => {
  const both = await together(lanes[0]!, { situation, first, second, point: "commit" });
  expect(both?.waited).toBe(waits);
});
