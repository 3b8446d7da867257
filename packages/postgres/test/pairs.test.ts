/**
 * Two transitions of one run on two connections: while one stands still, the other one begins. What comes of it is what one of the two orders leads to, by the
 * in-memory store. `PERDURE_PAIRS=50000` tries so many of all pairs in all situations, and prints what it counted; from 4,000 on, each pair is among them.
 */
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { memoryStore, type StepRow, type Store } from "@perdure/store";
import type { Claimed } from "@perdure/store/contract";
import type { TimedStore } from "../../store/src/conformance/timed.ts";
import { DURABLE_WRITES } from "../../store/src/wrap-store.ts";
import { Choices } from "../../../test/random-programs/choices.ts";
import { everything } from "../../store/test/commands.ts";
import { postgresStore, type PostgresStore } from "../src/index.ts";
import { databases } from "./databases.ts";
import { gateOf, type Gate, type Point } from "./gate.ts";
import { NOW, situations, transitions, type Situation, type Transition } from "./transitions.ts";

const { PERDURE_PAIRS, PERDURE_SEED = "1" } = process.env;
const CASES = Number(PERDURE_PAIRS ?? 500);
/** So many at the same time, each in a schema of its own. */
const LANES = 3;

const { beforeTests, afterTests, urlOf, clear } = databases();
const lanes: Lane[] = [];
beforeAll(async () => {
  await beforeTests();
  for (let number = 0; number < LANES; number++) lanes.push(await openLane(`lane_${number}`));
});
afterAll(async () => {
  for (const lane of lanes) await lane.close();
  await afterTests();
});

interface Lane {
  readonly schema: string;
  readonly owner: PostgresStore;
  readonly other: PostgresStore;
  readonly gate: Gate;
  close(): Promise<void>;
}

async function openLane(schema: string): Promise<Lane> {
  const url = `${urlOf(schema)}&application_name=${schema}`;
  const [owner, other] = [postgresStore(url), postgresStore(url)];
  for (const store of [owner, other]) await store.open({ now: () => NOW });
  const gate = await gateOf(urlOf(schema), schema);
  const close = async (): Promise<void> => {
    await gate.close();
    await owner.close();
    await other.close();
  };
  return { schema, owner, other, gate, close };
}

/** Everything that can be read, the runs by their ids: their order is that of their creation. */
async function stateOf(store: Required<Store>): Promise<unknown> {
  const { runs, wakeups, steps, rows, executions, ...others } = await everything(store as unknown as TimedStore);
  const byId = runs.map(
    (run, place) => [run.id, { run, all: [wakeups, steps, rows, executions].map((of) => of[place]) }] as const,
  );
  const unfinished = (await store.unfinished({ limit: 100 })).map(({ id }) => id).sort();
  const offers = (await store.offers({ workflows: ["ship"] })).map((offer) => JSON.stringify(offer)).sort();
  return { ...others, runs: Object.fromEntries(byId), unfinished, offers };
}

interface Outcome {
  readonly answers: readonly unknown[];
  readonly state: unknown;
}

/** The answer, with the open steps of claimed runs in one order: a store may return them in any. */
function sorted(answer: unknown): unknown {
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
  const store = memoryStore() as Required<Store>;
  await store.open({ now: () => NOW });
  await situation(store);
  const answers: unknown[] = [];
  for (const { call } of calls) answers.push(sorted(await call(store)));
  return { answers, state: await stateOf(store) };
}

/** These leave alone what another transition is at: it is as if they had not been called, or not for that run. */
const STEPS_ASIDE: readonly unknown[] = ["claimRuns", "prune"];

async function expected(situation: Situation, a: Transition, b: Transition): Promise<Outcome[]> {
  const ab = await inTurn(situation, a, b);
  const { answers, state } = await inTurn(situation, b, a);
  const outcomes = [ab, { answers: answers.toReversed(), state }];
  if (STEPS_ASIDE.includes(b.method)) {
    const alone = await inTurn(situation, a);
    outcomes.push({ answers: [...alone.answers, b.method === "prune" ? 0 : [undefined]], state: alone.state });
  }
  return outcomes;
}

interface Case {
  readonly situation: string;
  readonly first: string;
  readonly second: string;
  readonly point: Point;
}

const counts = { possible: 0, pairs: 0, cases: 0, waited: 0 };

/** What is wrong, if anything is. */
async function problemOf(lane: Lane, given: Case): Promise<string | undefined> {
  const { situation: name, first, second, point } = given;
  const [situation, a, b] = [situations[name]!, transitions[first]!, transitions[second]!];
  await clear(lane.schema);
  await situation(lane.owner);
  const call =
    ({ byOwner, call: make }: Transition) =>
    async () =>
      make(byOwner ? lane.owner : lane.other);
  const answers = await lane.gate.between(point, call(a), call(b));
  // it writes fewer rows
  if (!answers) return point === "commit" ? undefined : problemOf(lane, { ...given, point: "commit" });
  counts.waited++;
  const found: Outcome = { answers: answers.map(sorted), state: await stateOf(lane.other) };
  const outcomes = await expected(situation, a, b);
  if (outcomes.some((outcome) => isDeepStrictEqual(found, outcome))) return undefined;
  return `${name}: "${first}" stands still (${point}), and "${second}" comes\n${differences(found, outcomes)}`;
}

/** What differs from each of the orders, a line for each value. */
function differences(found: Outcome, outcomes: readonly Outcome[]): string {
  return outcomes
    .map(
      (outcome, place) =>
        `  from ${["the first one first", "the second one first", "the first one alone"][place]}:\n${[...differing(found, outcome)].join("\n")}`,
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
const changing = (): Promise<Map<string, string[]>> => (known ??= findChanging());

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

/** Some of all cases, each pair once before one comes again. */
async function cases(): Promise<Case[]> {
  const random = new Choices([], Number(PERDURE_SEED));
  const shuffled = <T>(items: readonly T[]): T[] =>
    items
      .map((item) => ({ item, place: random.below(1e9) }))
      .sort((a, b) => a.place - b.place)
      .map(({ item }) => item);
  const rounds: Case[][] = [];
  const seen = new Map<string, number>();
  for (const [situation, names] of shuffled([...(await changing())]))
    for (const first of names)
      for (const second of names) {
        const pair = `${first}, ${second}`;
        const round = seen.get(pair) ?? 0;
        seen.set(pair, round + 1);
        const point = random.pick<Point>(["commit", "commit", 1, 2, 3]);
        (rounds[round] ??= []).push({ situation, first, second, point });
      }
  const all = rounds.flatMap(shuffled);
  counts.possible = all.length;
  counts.pairs = Math.min(seen.size, CASES);
  return all.slice(0, CASES);
}

async function problems(lane: Lane, queue: Case[]): Promise<string[]> {
  const found: string[] = [];
  for (let one = queue.shift(); one; one = queue.shift()) {
    counts.cases++;
    const problem = await problemOf(lane, one);
    if (problem !== undefined) found.push(problem);
  }
  return found;
}

test("every method that writes is among the transitions, and each of them changes something in some situation", async () => {
  const methods = new Set(Object.values(transitions).map(({ method }) => method));
  expect([...DURABLE_WRITES].filter((method) => !methods.has(method))).toEqual([]);
  const changes = new Set([...(await changing()).values()].flat());
  expect(Object.keys(transitions).filter((name) => !changes.has(name))).toEqual([]);
});

test(
  "two transitions of one run on two connections come to what one of the two orders comes to",
  { timeout: 3_600_000 },
  async () => {
    const queue = await cases();
    const began = performance.now();
    const found = await Promise.all(lanes.map((lane) => problems(lane, queue)));
    if (PERDURE_PAIRS !== undefined) console.log({ ...counts, seconds: (performance.now() - began) / 1000 });
    expect(found.flat().join("\n\n")).toBe("");
    expect(counts.waited).toBeGreaterThan(0.9 * counts.cases);
  },
);
