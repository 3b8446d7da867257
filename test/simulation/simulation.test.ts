/** The life of runs around their replay: processes that come, stop and die, clocks that jump, and a store that fails. */
import { beforeAll, describe, expect, test } from "vitest";
import { bundle, bundled } from "./bundle.ts";
import { cases } from "./cases.ts";
import { describeProblem, play, summary, type Line } from "./play.ts";
import { sabotages } from "./sabotages.ts";

const {
  PERDURE_SEEDS: count = "100",
  PERDURE_FLOW_SEEDS: flowCount = "150",
  PERDURE_STREAM_SEEDS: streamCount = "40",
  PERDURE_FIRST_SEED: first = "1",
  PERDURE_SABOTAGES,
} = process.env;

/** A fault has to be found with one of so many seeds. */
const SEEDS_FOR_A_FAULT = 1_000;
const TIMEOUT = 600_000;

const file = bundled("test");

const problems = (lines: readonly Line[]): string[] =>
  lines.filter((line) => line.problems.length > 0).map(describeProblem);

beforeAll(() => bundle(file));

test(`nothing is lost, repeated, or done without an end, with ${count} seeds`, { timeout: Infinity }, async () => {
  const lines = await play(file, Number(first), Number(count));
  console.log(summary(lines));
  expect(problems(lines)).toEqual([]);
});

test(
  `queues keep their limits, nobody in line is lost, and each tick starts one run, with ${flowCount} seeds`,
  { timeout: Infinity },
  async () => {
    const lines = await play(file, Number(first), Number(flowCount), { subject: "flow" });
    console.log(summary(lines));
    expect(problems(lines)).toEqual([]);
  },
);

test(
  `readers have exactly what is recorded, over crashes and cuts, with ${streamCount} seeds`,
  { timeout: Infinity },
  async () => {
    const lines = await play(file, Number(first), Number(streamCount), { subject: "streams" });
    console.log(summary(lines));
    expect(problems(lines)).toEqual([]);
  },
);

test("a seed leads to the same world each time, whatever was played before", { timeout: TIMEOUT }, async () => {
  const together = await play(file, 1, 12, { processes: 1, withLog: true });
  for (const seed of [1, 7, 10, 12])
    expect(await play(file, seed, 1, { withLog: true })).toEqual(together.filter((line) => line.seed === seed));
  for (const subject of ["flow", "streams"] as const) {
    const options = { subject, withLog: true };
    const count = subject === "flow" ? 6 : 3;
    const [one, three] = [1, 3].map((processes) => play(file, 1, count, { ...options, processes }));
    expect(await one).toEqual(await three);
  }
});

test.runIf(Object.keys(cases).length > 0).each(Object.entries(cases))(
  "%s, which was once found, does not happen any more",
  { timeout: TIMEOUT },
  async (_what, [subject, seed]) => {
    expect(problems(await play(file, seed, 1, { subject }))).toEqual([]);
  },
);

/** A few of them: each takes a quarter of a minute. `PERDURE_SABOTAGES=all` is the long form. */
const faults = Object.entries(sabotages).filter((_, place) => PERDURE_SABOTAGES === "all" || place % 26 === 1);

describe("the simulation finds that", () => {
  test.each(faults)("%s", { timeout: TIMEOUT }, async (what, sabotage) => {
    const broken = bundled(`sabotage-${Object.keys(sabotages).indexOf(what) + 1}`);
    await bundle(broken, sabotage);
    const { subject = "life" } = sabotage[0] ?? {};
    const lines = await play(broken, 1, SEEDS_FOR_A_FAULT, { subject, untilProblem: true });
    expect(problems(lines)).not.toEqual([]);
  });
});
