import fc from "fast-check";
import type { TimedStore as Store } from "../src/conformance/timed.ts";
import { OFFER_TIME } from "../src/index.ts";

/**
 * One call of the contract. It may read the store first, to find valid epochs and owners.
 * `at` is the time that it names, if it names one.
 */
export type Command = ((store: Store) => Promise<unknown>) & { readonly at?: number };

export const RUNS = ["a", "b", "c", "d"] as const;
export const run = fc.constantFrom(...RUNS);
export const workflow = fc.constantFrom("ship", "bill");
export const owner = fc.constantFrom("me", "you");
export const signal = fc.constantFrom("go", "stop");
export const stepId = fc.constantFrom("x[0]", "x[1]", "y[0]", "z[0]");
export const text = fc.constantFrom('"1"', '"2"', "");
export const code = fc.constantFrom("c1", "c2", "c3");
/** Now and then so late that earlier offers have ended. */
export const time = fc
  .tuple(fc.nat({ max: 30 }), fc.constantFrom(0, 0, 0, OFFER_TIME + 40))
  .map(([near, far]) => near + far);
export const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 1 });
/** Usually the run's own epoch. */
export const epochOffset = fc.constantFrom(0, 0, 0, 0, 0, 0, 1, -1);

/** Removes undefined fields: the contract distinguishes "absent" from "undefined". */
export function compact<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as never;
}

export const lease = fc.record({ owner, until: time });

export async function epochOf(store: Store, id: string, offset: number): Promise<number> {
  return ((await store.getRun(id))?.epoch ?? 0) + offset;
}

/** A command that calls one method with a generated argument. */
export function calling<T>(
  name: string,
  drawn: fc.Arbitrary<T>,
  call: (store: Store, given: T) => unknown,
): fc.Arbitrary<Command> {
  return drawn.map((given) =>
    Object.assign(async (store: Store) => call(store, given), {
      ...timeOf(given),
      [fc.toStringMethod]: () => `${name} ${JSON.stringify(given)}`,
    }),
  );
}

function timeOf(given: unknown): { readonly at?: number } {
  const { now, at, createdAt } = given as { now?: unknown; at?: unknown; createdAt?: unknown };
  const found = [now, at, createdAt].find((each) => typeof each === "number");
  return found === undefined ? {} : { at: found };
}

/** The same commands as a clock that is never set back orders them. */
export function inOrder(commands: readonly Command[]): Command[] {
  let last = 0;
  return commands
    .map((command) => ({ command, at: (last = command.at ?? last) }))
    .sort((a, b) => a.at - b.at)
    .map(({ command }) => command);
}
