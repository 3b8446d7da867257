/** A workflow that dies before and after each of its durable writes, with a PostgreSQL store. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { crashEverywhere } from "perdure/testing";
import { postgresStore } from "../../packages/postgres/src/index.ts";
import { databases } from "../../packages/postgres/test/databases.ts";
import { everything } from "../runtime/everything.ts";
import { lasting } from "./lasting.ts";

const { beforeTests, afterTests, urlOf, clear } = databases();
let place: ReturnType<typeof lasting>;
beforeAll(async () => {
  await beforeTests();
  place = lasting(postgresStore(urlOf("crashed")));
  await place.open();
});
afterAll(async () => {
  await place.close();
  await afterTests();
});

test("a crash before or after any durable write on PostgreSQL does not change the outcome", async () => {
  const empty = () => ({
    ...place.store,
    async open(options?: Parameters<typeof place.store.open>[0]) {
      await place.answered();
      await clear("crashed");
      await place.store.open(options);
    },
  });
  const { boundaries, steps } = await crashEverywhere(everything, [["a", "b"]], {
    store: empty,
    signals: { approval: { by: "me" } },
  });
  expect(boundaries).toBeGreaterThan(30);
  expect(steps).toContain("crash-everywhere/child[0] pair[0]/step[0]");
});
