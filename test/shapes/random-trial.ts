import type { Choices } from "../random-programs/choices.ts";
import { compiled, runtimes, stripped, type Runtime } from "../random-programs/load.ts";
import { listing, type Program } from "../random-programs/program.ts";
import { call, cancelled, run, someCourses, type Outcome } from "./random-run.ts";

/** How many ways to crash a program are tried. */
const CRASHES = 3;

/**
 * A program does the same plain, compiled where there is no run, as a run, and as a run that goes on in another process. A cancelled run does the same
 * in a replay.
 * @param runtime - in place of the real one, to see whether a fault is noticed
 * @throws Error that says what differs, with the program
 */
export async function trial(program: Program, crashes: Choices, runtime: Runtime = runtimes.perdure): Promise<void> {
  try {
    await compare(program, crashes, runtime);
  } catch (cause) {
    throw new Error(`${cause instanceof Error ? cause.message : String(cause)}\n\n${listing(program)}`, { cause });
  }
}

async function compare(program: Program, crashes: Choices, runtime: Runtime): Promise<void> {
  // a workflow that is called twice with the same arguments is one run
  const calls = program["extra.ts"]?.includes("use workflow") === true ? once : (outcome: Outcome): Outcome => outcome;
  const plain = await call(stripped(program), runtimes.plain);
  const scripts = compiled(program);
  same("compiled", calls(await call(scripts, runtime)), calls(plain));
  const undisturbed = await run(scripts, { incidents: [], suspends: false }, runtime);
  same("as a run", calls(undisturbed), calls(plain));
  for (const course of someCourses(crashes, undisturbed.writes, CRASHES)) {
    const how = `crashed at ${JSON.stringify(course)}`;
    const resumed = await run(scripts, course, runtime);
    same(how, once(resumed), once(plain));
    differ(how, "steps", resumed.steps, undisturbed.steps);
  }
  const at = 1 + crashes.below(undisturbed.writes);
  const { live, replayed } = await cancelled(scripts, at, runtime);
  same(`cancelled at ${at}, and replayed`, replayed, live);
}

/** Tasks may run more than once. */
const once = (outcome: Outcome): Outcome => ({ ...outcome, calls: [...new Set(outcome.calls)] });

function same(how: string, actual: Outcome, expected: Outcome): void {
  for (const key of ["result", "log", "calls"] as const) differ(how, key, actual[key], expected[key]);
}

function differ(how: string, what: string, actual: unknown, expected: unknown): void {
  const [was, is] = [JSON.stringify(expected), JSON.stringify(actual)];
  if (was !== is) throw new Error(`${how}, the ${what} is not the same\n  expected ${was}\n  actual   ${is}`);
}
