import { isDeepStrictEqual } from "node:util";
import { postgresStore, type PostgresStore } from "../../src/index.ts";
import type { databases } from "../databases.ts";
import type { Case } from "./cases.ts";
import { gateOf, type Gate, type Together } from "./gate.ts";
import { differences, expected, sorted, stateOf, type Outcome } from "./outcome.ts";
import { NOW, situations, transitions } from "./transitions.ts";

/** Tries one case after the other, in a schema of its own. */
export interface Lane {
  readonly schema: string;
  readonly owner: PostgresStore;
  readonly other: PostgresStore;
  readonly gate: Gate;
  /** How many cases there were in which the second transition came while the first one stood still. */
  tried: number;
  clear(): Promise<void>;
  close(): Promise<void>;
}

export async function openLane(schema: string, { urlOf, clear }: ReturnType<typeof databases>): Promise<Lane> {
  const url = `${urlOf(schema)}&application_name=${schema}`;
  // on a busy machine, a call may take long
  const [owner, other] = [postgresStore(url, { timeout: 60_000 }), postgresStore(url, { timeout: 60_000 })];
  for (const store of [owner, other]) await store.open({ now: () => NOW });
  const gate = await gateOf(urlOf(schema), schema);
  const close = async (): Promise<void> => {
    await gate.close();
    await owner.close();
    await other.close();
  };
  return { schema, owner, other, gate, tried: 0, clear: () => clear(schema), close };
}

/** Calls the two. Undefined: the first one writes fewer rows. */
export async function together(
  lane: Lane,
  { situation, first, second, point }: Case,
): Promise<Together<unknown, unknown> | undefined> {
  await lane.clear();
  await situations[situation]!(lane.owner);
  const call = (name: string) => async () => {
    const { byOwner, call: make } = transitions[name]!;
    return make(byOwner ? lane.owner : lane.other);
  };
  return lane.gate.between(point, call(first), call(second));
}

/** What is wrong, if anything is. */
export async function problemOf(lane: Lane, given: Case): Promise<string | undefined> {
  const { situation, first, second, point } = given;
  const both = await together(lane, given);
  if (!both) return point === "commit" ? undefined : problemOf(lane, { ...given, point: "commit" });
  lane.tried++;
  const found: Outcome = { answers: both.answers.map(sorted), state: await stateOf(lane.other) };
  const outcomes = await expected(situations[situation]!, transitions[first]!, transitions[second]!);
  if (outcomes.some((outcome) => isDeepStrictEqual(found, outcome))) return undefined;
  return `${situation}: "${first}" stands still (${point}), and "${second}" comes\n${differences(found, outcomes)}`;
}
