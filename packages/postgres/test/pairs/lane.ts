import { isDeepStrictEqual } from "node:util";
import { postgresStore, type PostgresStore } from "../../src/index.ts";
import type { databases } from "../databases.ts";
import type { Case } from "./cases.ts";
import { gateOf, type Gate } from "./gate.ts";
import { differences, expected, sorted, stateOf, type Outcome } from "./outcome.ts";
import { NOW, situations, transitions, type Transition } from "./transitions.ts";

/** Tries one case after the other, in a schema of its own. */
export interface Lane {
  readonly schema: string;
  readonly owner: PostgresStore;
  readonly other: PostgresStore;
  readonly gate: Gate;
  /** How many cases there were in which the second transition came while the first one stood still. */
  waited: number;
  clear(): Promise<void>;
  close(): Promise<void>;
}

export async function openLane(schema: string, { urlOf, clear }: ReturnType<typeof databases>): Promise<Lane> {
  const url = `${urlOf(schema)}&application_name=${schema}`;
  const [owner, other] = [postgresStore(url), postgresStore(url)];
  for (const store of [owner, other]) await store.open({ now: () => NOW });
  const gate = await gateOf(urlOf(schema), schema);
  const close = async (): Promise<void> => {
    await gate.close();
    await owner.close();
    await other.close();
  };
  return { schema, owner, other, gate, waited: 0, clear: () => clear(schema), close };
}

/** What is wrong, if anything is. */
export async function problemOf(lane: Lane, given: Case): Promise<string | undefined> {
  const { situation: name, first, second, point } = given;
  const [situation, a, b] = [situations[name]!, transitions[first]!, transitions[second]!];
  await lane.clear();
  await situation(lane.owner);
  const call =
    ({ byOwner, call: make }: Transition) =>
    async () =>
      make(byOwner ? lane.owner : lane.other);
  const answers = await lane.gate.between(point, call(a), call(b));
  // it writes fewer rows
  if (!answers) return point === "commit" ? undefined : problemOf(lane, { ...given, point: "commit" });
  lane.waited++;
  const found: Outcome = { answers: answers.map(sorted), state: await stateOf(lane.other) };
  const outcomes = await expected(situation, a, b);
  if (outcomes.some((outcome) => isDeepStrictEqual(found, outcome))) return undefined;
  return `${name}: "${first}" stands still (${point}), and "${second}" comes\n${differences(found, outcomes)}`;
}
