/** Whether the tests with several connections notice a mistake in the functions. `PERDURE_FAULTS=all` tries all mistakes, and says after how many cases each shows. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { postgresStore, type PostgresStore } from "../src/index.ts";
import { databases } from "./databases.ts";
import { faults, statementsOf, type Fault } from "./faults.ts";
import { misuse, wrongs } from "./misuse.ts";
import { allCases } from "./pairs/cases.ts";
import { openLane, problemOf, type Lane } from "./pairs/lane.ts";
import { transitions } from "./pairs/transitions.ts";

const all = process.env["PERDURE_FAULTS"] === "all";
const tried = Object.entries(faults).filter((_, place) => all || place % 3 === 0);

const server = databases();
let lane: Lane;
/** Stores with the time of the server. */
const stores: PostgresStore[] = [];
beforeAll(async () => {
  await server.beforeTests();
  lane = await openLane("faulty", server);
  for (let count = 0; count < 3; count++) {
    const store = postgresStore(server.urlOf("faulty"), { connections: 4 });
    await store.open();
    stores.push(store);
  }
});
afterAll(async () => {
  await lane.close();
  for (const store of stores) await store.close();
  await server.afterTests();
});

/** After how many cases it shows in a pair of transitions. */
async function casesUntilNoticed(shows: NonNullable<Fault["shows"]>): Promise<number | undefined> {
  const isOf = (name: string): boolean => shows.includes(transitions[name]!.method);
  const cases = (await allCases(1)).filter(({ first, second }) => isOf(first) || isOf(second));
  for (const [place, each] of cases.entries())
    if ((await problemOf(lane, each).catch(String)) !== undefined) return place + 1;
  return undefined;
}

const deadlocks = async (): Promise<number> => {
  const { rows } = await server.query(
    "SELECT pg_stat_clear_snapshot(), sum(deadlocks)::integer AS count FROM pg_stat_database",
  );
  return (rows[0] as { count: number }).count;
};

/** Whether it shows where many processes do everything: something is wrong then, or they have been in each other's way. */
async function isNoticedByMany(): Promise<boolean> {
  for (let seed = 1; seed <= 4; seed++) {
    await lane.clear();
    const before = await deadlocks();
    await stores[0]!.defineQueue({ name: "q", concurrency: 2 });
    await stores[0]!.defineQueue({ name: "p", perKey: 1 });
    const processes = Array.from({ length: 9 }, (_, number) =>
      misuse(stores[number % stores.length]!, `o${number}`, seed * 1_000 + number, 150),
    );
    await Promise.all(processes);
    const found = await wrongs("faulty", server.query);
    console.log(seed, (await deadlocks()) - before, Object.keys(found));
    if (Object.keys(found).length > 0) return true;
  }
  return false;
}

describe("it is noticed that", () => {
  test.each(tried)("%s", { timeout: 600_000 }, async (name, fault) => {
    const { begin, end } = statementsOf(fault, "faulty");
    onTestFinished(async () => void (await server.query(end)));
    await server.query(begin);
    if (!fault.shows) return expect(await isNoticedByMany()).toBe(true);
    const cases = await casesUntilNoticed(fault.shows);
    if (all) console.log(`${name}: noticed after ${cases} cases`);
    expect(cases).toBeDefined();
  });
});
