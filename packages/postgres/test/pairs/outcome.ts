import { isDeepStrictEqual } from "node:util";
import { memoryStore, type StepRow } from "@perdure/store";
import type { PostgresStore } from "../../src/index.ts";
import type { Claimed } from "@perdure/store/contract";
import type { TimedStore } from "../../../store/src/conformance/timed.ts";
import { everything } from "../../../store/test/commands.ts";
import { NOW, situations, transitions, type Situation, type Transition } from "./transitions.ts";

/** Everything that can be read, the runs by their ids: their order is that of their creation. */
export async function stateOf(store: PostgresStore): Promise<unknown> {
  const { runs, wakeups, steps, rows, executions, ...others } = await everything(store as unknown as TimedStore);
  const byId = runs.map(
    (run, place) => [run.id, { run, all: [wakeups, steps, rows, executions].map((of) => of[place]) }] as const,
  );
  const unfinished = (await store.unfinished({ limit: 100 })).map(({ id }) => id).sort();
  const offers = (await store.offers({ workflows: ["ship"] })).map((offer) => JSON.stringify(offer)).sort();
  return { ...others, runs: Object.fromEntries(byId), unfinished, offers };
}

export interface Outcome {
  readonly answers: readonly unknown[];
  readonly state: unknown;
}

/** The answer, with the open steps of claimed runs in one order: a store may return them in any. */
export function sorted(answer: unknown): unknown {
  if (typeof answer === "object" && answer !== null && "claimed" in answer)
    return { ...answer, claimed: sorted(answer.claimed) };
  if (!Array.isArray(answer)) return answer;
  const isOpen = ({ seq }: StepRow): number => (seq === undefined ? 1 : 0);
  return (answer as (Claimed | undefined)[]).map((each) =>
    each?.steps
      ? { ...each, steps: each.steps.toSorted((a, b) => isOpen(a) - isOpen(b) || (a.id < b.id ? -1 : 1)) }
      : each,
  );
}

/** What comes of transitions one after the other, by the in-memory store. */
async function inTurn(situation: Situation, ...calls: readonly Transition[]): Promise<Outcome> {
  const store = memoryStore() as PostgresStore;
  await store.open({ now: () => NOW });
  await situation(store);
  const answers: unknown[] = [];
  for (const { call } of calls) answers.push(sorted(await call(store)));
  return { answers, state: await stateOf(store) };
}

/** These leave alone what another transition is at: it is as if they had not been called, or not for that run. What they answer then. */
const STEPS_ASIDE: Readonly<Partial<Record<string, unknown>>> = {
  claimRuns: [undefined],
  claimNext: { claimed: [], left: 0 },
  prune: 0,
};

export async function expected(situation: Situation, a: Transition, b: Transition): Promise<Outcome[]> {
  const ab = await inTurn(situation, a, b);
  const { answers, state } = await inTurn(situation, b, a);
  const outcomes = [ab, { answers: answers.toReversed(), state }];
  if (b.method in STEPS_ASIDE) {
    const alone = await inTurn(situation, a);
    outcomes.push({ answers: [...alone.answers, STEPS_ASIDE[b.method]], state: alone.state });
  }
  // it waits for nobody, so not for the one that holds the row until both wait
  if (a.method === "claimNext") {
    const alone = await inTurn(situation, b);
    outcomes.push({ answers: [STEPS_ASIDE[a.method], ...alone.answers], state: alone.state });
  }
  return outcomes;
}

/** What differs from each of the orders, a line for each value. */
export function differences(found: Outcome, outcomes: readonly Outcome[]): string {
  return outcomes
    .map(
      (outcome, place) =>
        `  from ${["the first one first", "the second one first", "one alone", "the other one alone"][place]}:\n${[...differing(found, outcome)].join("\n")}`,
    )
    .join("\n");
}

function* differing(found: unknown, wanted: unknown, path = ""): Generator<string> {
  if (isDeepStrictEqual(found, wanted)) return;
  const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
  if (!isObject(found) || !isObject(wanted))
    return yield `    ${path}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`;
  for (const key of new Set([...Object.keys(found), ...Object.keys(wanted)]))
    yield* differing(found[key as never], wanted[key as never], `${path}.${key}`);
}

let known: Promise<Map<string, string[]>> | undefined;
/** The transitions that change something, in each situation. */
export const changing = (): Promise<Map<string, string[]>> => (known ??= findChanging());

async function findChanging(): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const [name, situation] of Object.entries(situations)) {
    const before = (await inTurn(situation)).state;
    const changes: string[] = [];
    for (const [which, transition] of Object.entries(transitions))
      if (
        transition.unseenWhere?.includes(name) ||
        !isDeepStrictEqual((await inTurn(situation, transition)).state, before)
      )
        changes.push(which);
    found.set(name, changes);
  }
  return found;
}
