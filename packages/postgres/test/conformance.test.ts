import { testStore } from "@perdure/store/conformance";
import { afterAll, beforeAll, describe, test } from "vitest";
import { postgresStore } from "../src/index.ts";
import { databases } from "./databases.ts";

const { beforeTests, afterTests, urlOf, clear } = databases();
beforeAll(beforeTests);
afterAll(afterTests);

for (const prepared of [true, false]) {
  describe(`the PostgreSQL store ${prepared ? "with" : "without"} prepared statements`, () => {
    const schema = prepared ? "with_statements" : "without_statements";
    const open = () => postgresStore(urlOf(schema), { prepared, connections: 4 });
    const empty = async () => {
      await clear(schema);
      return open();
    };
    testStore(empty, { test }, { reopen: open });
  });
}
