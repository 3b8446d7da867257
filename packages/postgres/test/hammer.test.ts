import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { postgresStore, type PostgresStore } from "../src/index.ts";
import { databases } from "./databases.ts";
import { base, misuse, RUNS, wrongs } from "./misuse.ts";

const { beforeTests, afterTests, urlOf, clear, query } = databases();
const SCHEMA = "hammered";
const stores: PostgresStore[] = [];
beforeAll(async () => {
  await beforeTests();
  for (let count = 0; count < 3; count++) {
    const store = postgresStore(urlOf(SCHEMA), { connections: 4 });
    await store.open();
    stores.push(store);
  }
});
beforeEach(() => clear(SCHEMA));
afterAll(async () => {
  for (const store of stores) await store.close();
  await afterTests();
});

const storeOf = (number: number): PostgresStore => stores[number % stores.length] as PostgresStore;

test.each([1, 2, 3, 4])(
  "whatever many processes do at once, no wake-up, slot or delivery is lost (seed %i)",
  async (seed) => {
    await storeOf(0).defineQueue({ name: "q", concurrency: 2 });
    await storeOf(0).defineQueue({ name: "p", perKey: 1 });
    const processes = Array.from({ length: 9 }, (_, number) =>
      misuse(storeOf(number), `o${number}`, seed * 1_000 + number, 150),
    );
    await Promise.all(processes);
    expect(await wrongs(SCHEMA, query)).toEqual({});
  },
);

test("every delivery that was accepted while its run was created is there, once", async () => {
  const rounds = Array.from({ length: 20 }, async (_, round) => {
    const id = `run${round}`;
    const deliveries = Array.from({ length: 6 }, (__, number) =>
      storeOf(number).deliver({ run: id, name: "go", payload: `${number}` }),
    );
    await Promise.all([...deliveries.slice(0, 3), storeOf(round).createRun({ ...base, id }), ...deliveries.slice(3)]);
    const [state] = await storeOf(0).wakeups([{ run: id, epoch: 0 }]);
    return state?.signals ?? [];
  });
  for (const signals of await Promise.all(rounds)) {
    expect(signals.map(({ payload }) => payload).sort()).toEqual(["0", "1", "2", "3", "4", "5"]);
    expect(signals.map(({ slot }) => slot)).toEqual([0, 1, 2, 3, 4, 5]);
  }
});

test("of many starts of the same runs at once, each is created once", async () => {
  const wanted = RUNS.map((id) => ({ ...base, id }));
  const starts = Array.from({ length: 12 }, (_, number) =>
    storeOf(number).createRuns(number % 2 === 0 ? wanted : wanted.toReversed()),
  );
  const created = (await Promise.all(starts)).flat().filter((each) => each.created);
  expect(created.map(({ run }) => run.id).sort()).toEqual(RUNS);
});

test("of workers that claim the same runs at the same time, each run gets one, and none waits for another", async () => {
  const ids = Array.from({ length: 60 }, (_, number) => `run${number}`);
  await storeOf(0).createRuns(ids.map((id) => ({ ...base, id })));
  const looks = Array.from({ length: 6 }, async (_, number) => {
    const lease = { owner: `o${number}`, ms: 60_000 };
    const all = await storeOf(number).claimRuns(
      (number % 2 === 0 ? ids : ids.toReversed()).map((id) => ({ run: id, lease })),
    );
    return all.flatMap((claimed) => (claimed ? [claimed.run.id] : []));
  });
  expect((await Promise.all(looks)).flat().sort()).toEqual([...ids].sort());
  for (const id of ids) expect(await storeOf(0).executions(id)).toHaveLength(1);
});
