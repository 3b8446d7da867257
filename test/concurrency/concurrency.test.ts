import fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { check, CHUNK, isRepeated, seedsFor, TIMEOUT } from "../random-programs/check.ts";
import { schedules } from "../random-programs/choices.ts";
import { programs } from "../random-programs/program.ts";
import { trial, Violation, type Summary } from "./harness.ts";
import { sabotages } from "./sabotage.ts";

const program = programs({ labels: true });

/** What has come of the programs so far, and how many programs there were. */
const seen: Record<string, number> = {};

function count(summary: Summary): void {
  const { outcome, ...numbers } = summary;
  const end = `ended ${outcome.split(" ", 1)[0] ?? ""}`;
  for (const [what, number] of Object.entries({ programs: 1, ...numbers, [end]: 1 }))
    seen[what] = (seen[what] ?? 0) + Number(number);
}

describe("a program that is crashed and resumed comes to what the plain program comes to, and repeats no finished step", () => {
  test.each(seedsFor(1000))(`${CHUNK} programs of seed %i`, { timeout: TIMEOUT }, async (seed) => {
    const property = fc.asyncProperty(program, schedules, async (...given) => count(await trial(...given)));
    await check(property, seed, "test/concurrency");
  });

  afterAll(() => console.log("test/concurrency:", seen));
});

describe.skipIf(isRepeated)("a program that once came out wrong", () => {
  const directory = join(import.meta.dirname, "cases");
  test.each(readdirSync(directory))("%s", async (file) => {
    const kept = { "main.ts": readFileSync(join(directory, file), "utf8") };
    for (const each of fc.sample(schedules, { seed: 1, numRuns: 100 })) await trial(kept, each);
  });
});

describe.skipIf(isRepeated)("the oracle notices that", () => {
  test.each(Object.entries(sabotages))("%s", { timeout: 120_000 }, async (_what, sabotage) => {
    let noticed = 0;
    const { cancels, programs: numRuns = cancels ? 100 : 50 } = sabotage;
    for (const given of fc.sample(fc.tuple(program, schedules), { seed: 301, numRuns })) {
      await trial(...given, sabotage).catch((error: unknown) => {
        if (!(error instanceof Violation)) throw error;
        noticed++;
      });
    }
    expect(noticed).toBeGreaterThan(2);
  });
});
