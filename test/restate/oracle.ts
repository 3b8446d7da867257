import { expect } from "vitest";
import type { Effect } from "./world.ts";

/** What a program returns. */
export interface Outcome {
  readonly seen: readonly string[];
}

/**
 * What is wrong with a run, by the effects that it had, in their order.
 * @param deaths - how often its process died meanwhile
 */
export function problemsOf({ seen }: Outcome, effects: readonly Effect[], deaths: number): string[] {
  const problems: string[] = [];
  const times = new Map<string, number>();
  const finished = new Set<string>();
  for (const { name, attempt, seen: had } of effects) {
    const key = `${name}#${attempt}`;
    times.set(key, (times.get(key) ?? 0) + 1);
    // what the workflow has received is recorded: it must neither be done again, nor be received in another order (R2, R4)
    if (finished.has(name)) problems.push(`${name} was done again after its completion`);
    for (const each of had) finished.add(each);
    if (had.some((each, place) => seen[place] !== each))
      problems.push(`${name} was called after ${had.join(" ")}, but the order is ${seen.join(" ")}`);
  }
  for (const [key, count] of times)
    if (count > deaths + 1) problems.push(`${key} was done ${count} times with ${deaths} deaths`);
  for (const each of seen)
    if (!each.startsWith("got ") && !effects.some(({ name }) => name === each)) problems.push(`${each} was never done`);
  return problems;
}

const pairs = (seen: readonly string[], names: readonly string[]): string =>
  seen.find((each) => names.includes(each)) ?? "";

type Result = Outcome & Readonly<Record<string, unknown>>;

/** What each program has to return, by the order of completions that it saw. */
export const expected: Readonly<Record<string, (result: Result, id: string) => Readonly<Record<string, unknown>>>> = {
  swap: ({ seen }) => ({ last: seen.findLast((each) => /^[abc]1$/.test(each))?.[0] }),
  race: ({ seen }) => ({ winners: ["1", "2", "3"].map((round) => pairs(seen, [`x${round}`, `y${round}`])) }),
  pool: ({ seen }) => ({ taken: seen.map((each) => expect.stringMatching(new RegExp(`^[pqr]:${each}$`)) as unknown) }),
  caught: () => ({ seen: ["first", "undo"], message: "flaky fails" }),
  clock: ({ seen }) => ({
    seen: Array.from(seen, (_, place) => expect.stringMatching(`^(low|high)${place + 1}@`) as unknown),
  }),
  chains: () => ({
    seen: expect.arrayContaining(["k", "l", "m"].flatMap((name) => [`${name}1`, `${name}2`, `${name}3`])) as unknown,
  }),
  nested: () => ({ size: 7 }),
  sig: () => ({ first: "w1", late: "late", other: "w2" }),
  cancelled: () => ({ seen: ["begun"] }),
  children: (_, id) => ({
    seen: ["before", "after"],
    values: ["one done", "two done"],
    failure: "the child fails",
    sent: `${id}/sent`,
  }),
};
