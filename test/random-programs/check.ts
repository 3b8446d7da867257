import fc from "fast-check";

/**
 * PERDURE_SEEDS=5000 runs more programs than by default, PERDURE_FIRST_SEED=101 others. PERDURE_SEED=3 runs those of one seed, and with PERDURE_PATH=41 one of
 * them; then smaller programs that fail too are looked for.
 */
const { PERDURE_SEEDS: count, PERDURE_FIRST_SEED: first = "1", PERDURE_SEED: only, PERDURE_PATH: path } = process.env;

/** Programs of one seed. */
export const CHUNK = 100;
/** Milliseconds for one program; smaller ones are looked for no longer than for two dozen. */
const LIMIT = 10_000;
export const TIMEOUT = LIMIT * CHUNK;

/** One seed is run again, nothing else. */
export const isRepeated = only !== undefined;

/** The seeds of this many programs, or what is asked for. */
export const seedsFor = (programs: number): readonly number[] =>
  only === undefined
    ? Array.from({ length: Math.ceil(Number(count ?? programs) / CHUNK) }, (_, index) => Number(first) + index)
    : [Number(only)];

/** Whether a property holds for as many values as a seed has. @throws Error with the failure of the smallest value that was found, and how to repeat it */
export async function check<T extends [unknown, ...unknown[]]>(
  property: fc.IAsyncProperty<T>,
  seed: number,
  folder: string,
): Promise<void> {
  const result = await fc.check(property, {
    seed,
    numRuns: CHUNK,
    timeout: LIMIT,
    interruptAfterTimeLimit: isRepeated ? LIMIT * 24 : TIMEOUT,
    markInterruptAsFailure: true,
    endOnFailure: !isRepeated,
    ...(path !== undefined && { path }),
  });
  if (!result.failed) return;
  const { counterexamplePath, errorInstance: cause } = result;
  const again = `PERDURE_SEED=${seed}${counterexamplePath === null ? "" : ` PERDURE_PATH=${counterexamplePath}`}`;
  const { message, cause: origin } = cause instanceof Error ? cause : new Error("the time is over");
  throw new Error(`${message}\n\nagain, and smaller: ${again} npx vitest run ${folder}`, { cause: origin });
}
