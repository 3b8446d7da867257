import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cases } from "./random-cases.ts";
import { choices } from "./random-choices.ts";
import type { Runtime } from "./random-load.ts";
import { programs } from "./random-program.ts";
import { sabotages } from "./random-sabotage.ts";
import { trial } from "./random-trial.ts";

// PERDURE_SEEDS=5000 runs more programs than by default, PERDURE_FIRST_SEED=101 others; PERDURE_SEED=3 PERDURE_PATH=41 runs one again, and those next to it
// that are smaller.
const {
  PERDURE_SEEDS: count = "200",
  PERDURE_FIRST_SEED: first = "1",
  PERDURE_SEED: only,
  PERDURE_PATH: path,
} = process.env;
const CHUNK = 100;
/** Milliseconds for one program; smaller ones are looked for no longer than for a dozen. */
const LIMIT = 10_000;

const seeds =
  only === undefined
    ? Array.from({ length: Math.ceil(Number(count) / CHUNK) }, (_, index) => Number(first) + index)
    : [Number(only)];

async function trials(seed: number, numRuns: number, runtime?: Runtime): Promise<void> {
  await fc.assert(
    fc.asyncProperty(programs, choices(20), (program, crashes) => trial(program, crashes, runtime)),
    {
      seed,
      numRuns,
      timeout: LIMIT,
      interruptAfterTimeLimit: only === undefined ? LIMIT * CHUNK : LIMIT * 12,
      markInterruptAsFailure: true,
      includeErrorInReport: true,
      endOnFailure: only === undefined,
      ...(path !== undefined && { path }),
    },
  );
}

describe("a program does the same plain, compiled, as a run, and as a run that is resumed", () => {
  test.each(seeds)(`${CHUNK} programs of seed %i`, { timeout: LIMIT * CHUNK }, async (seed) => {
    await trials(seed, CHUNK);
  });
});

describe.skipIf(only !== undefined)("a program that once did not", () => {
  test.each(Object.entries(cases))("%s", async (_what, program) => {
    await fc.assert(
      fc.asyncProperty(choices(20), (crashes) => trial(program, crashes)),
      { numRuns: 10, seed: 1 },
    );
  });
});

describe.skipIf(only !== undefined)("it is noticed when", () => {
  test.each(Object.entries(sabotages))("%s", async (_what, runtime) => {
    await expect(trials(1, 50, runtime)).rejects.toThrow("is not the same");
  });
});
