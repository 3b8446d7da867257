import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { check, CHUNK, isRepeated, seedsFor, TIMEOUT } from "../random-programs/check.ts";
import { schedules } from "../random-programs/choices.ts";
import type { Runtime } from "../random-programs/load.ts";
import { programs } from "../random-programs/program.ts";
import { cases } from "./random-cases.ts";
import { sabotages } from "./random-sabotage.ts";
import { trial } from "./random-trial.ts";

const property = (runtime?: Runtime) =>
  fc.asyncProperty(programs({ labels: false }), schedules, (program, crashes) => trial(program, crashes, runtime));

describe("a program behaves alike as plain code, compiled, as a run, and as a run that is resumed", () => {
  test.each(seedsFor(200))(`${CHUNK} programs of seed %i`, { timeout: TIMEOUT }, async (seed) => {
    await check(property(), seed, "test/shapes/random.test.ts");
  });
});

describe.skipIf(isRepeated)("a program that once did something else when it was compiled or resumed", () => {
  test.each(Object.entries(cases))("%s", async (_what, program) => {
    await fc.assert(
      fc.asyncProperty(schedules, (crashes) => trial(program, crashes)),
      { numRuns: 10, seed: 1 },
    );
  });
});

describe.skipIf(isRepeated)("the comparison notices that", () => {
  test.each(Object.entries(sabotages))("%s", async (_what, runtime) => {
    await expect(check(property(runtime), 1, "test/shapes")).rejects.toThrow("is not the same");
  });
});
