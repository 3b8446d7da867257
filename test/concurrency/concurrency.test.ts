import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { trial, Violation, type TrialOptions } from "./harness.ts";
import { sabotages } from "./sabotage.ts";

// PERDURE_SEED=123 runs one seed, PERDURE_SEEDS=20000 more of them than by default, PERDURE_FIRST_SEED=1001 others.
const { PERDURE_SEED: only, PERDURE_SEEDS: count = "1500", PERDURE_FIRST_SEED: first = "1" } = process.env;
const CHUNK = 100;

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

/** One broken seed does not hide the next. */
async function violations(seeds: readonly number[], options?: TrialOptions): Promise<Violation[]> {
  const found: Violation[] = [];
  for (const seed of seeds) {
    await trial(seed, options).catch((error: unknown) => {
      if (!(error instanceof Violation)) throw error;
      found.push(error);
    });
  }
  return found;
}

function seedsOfTests(): readonly (readonly [from: number, to: number])[] {
  if (only !== undefined) return [[Number(only), Number(only) + 1]];
  const [start, end] = [Number(first), Number(first) + Number(count)];
  return range(0, Math.ceil(Number(count) / CHUNK)).map((chunk) => [
    start + chunk * CHUNK,
    Math.min(end, start + (chunk + 1) * CHUNK),
  ]);
}

describe("a program that is crashed and resumed comes to what the plain program comes to, and repeats no finished step", () => {
  test.each(seedsOfTests())("seeds from %i to below %i", { timeout: 120_000 }, async (from, to) => {
    const [violation, ...others] = await violations(range(from, to));
    if (violation)
      expect.fail(
        `${violation.message}\n${others.length === 0 ? "" : `\nand the seeds ${others.map(({ seed }) => seed).join(", ")}`}`,
      );
  });
});

describe.skipIf(only !== undefined)("a program that once came out wrong", () => {
  const directory = join(import.meta.dirname, "cases");
  test.each(readdirSync(directory))("%s", async (file) => {
    const [violation] = await violations(range(1, 101), { source: readFileSync(join(directory, file), "utf8") });
    if (violation) throw violation;
  });
});

describe.skipIf(only !== undefined)("it is noticed when", () => {
  test.each(Object.entries(sabotages))("%s", { timeout: 120_000 }, async (_what, broken) => {
    const found = await violations(range(301, 351), { broken });
    expect(found.length).toBeGreaterThan(4);
  });
});
