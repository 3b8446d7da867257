/** The random programs once more, with a PostgreSQL store. `PERDURE_SEEDS=1000` runs so many, and prints what came of them. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { databases } from "../../packages/postgres/test/databases.ts";
import { postgresStore } from "../../packages/postgres/src/index.ts";
import { lasting } from "../postgres/lasting.ts";
import { schedules } from "../random-programs/choices.ts";
import { programs } from "../random-programs/program.ts";
import { trial } from "./harness.ts";

const { PERDURE_SEEDS, PERDURE_SEED = "1", PERDURE_PATH: path } = process.env;

const { beforeTests, afterTests, urlOf, clear } = databases();
let place: ReturnType<typeof lasting>;
beforeAll(async () => {
  await beforeTests();
  // its answers come in the order of the calls, so that a seed leads to the same each time
  place = lasting(postgresStore(urlOf("random"), { connections: 1 }));
  await place.open();
});
afterAll(async () => {
  await place.close();
  await afterTests();
});

test(
  "on PostgreSQL, a program that is crashed and resumed comes to what the plain program comes to, and repeats no finished step",
  { timeout: 3_600_000 },
  async () => {
    const seen = { programs: 0, steps: 0, lives: 0, suspended: 0, cancelled: 0 };
    const property = fc.asyncProperty(programs({ labels: true }), schedules, async (program, schedule) => {
      await clear("random");
      const { steps, lives, suspended, cancelled } = await trial(program, schedule, {}, place);
      seen.programs++;
      seen.steps += steps;
      seen.lives += lives;
      seen.suspended += suspended;
      seen.cancelled += Number(cancelled);
    });
    const seed = Number(PERDURE_SEED);
    await fc.assert(property, {
      seed,
      numRuns: Number(PERDURE_SEEDS ?? 40),
      endOnFailure: path === undefined,
      ...(path !== undefined && { path }),
    });
    if (PERDURE_SEEDS !== undefined) console.log("test/concurrency on PostgreSQL:", seen);
    expect(seen.lives).toBeGreaterThan(seen.programs);
  },
);
