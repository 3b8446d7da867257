import { testStore } from "@perdure/store/conformance";
import { afterAll, beforeAll, describe, test } from "vitest";
import { hasPgbouncer, startPgbouncer } from "../../../test/postgres/pgbouncer.ts";
import { postgresStore } from "../src/index.ts";
import { databases } from "./databases.ts";

const { beforeTests, afterTests, urlOf, clear, server } = databases();
beforeAll(beforeTests);
afterAll(afterTests);

describe("the PostgreSQL store", () => {
  const open = () => postgresStore(urlOf("directly"), { connections: 4 });
  const empty = async () => {
    await clear("directly");
    return open();
  };
  testStore(empty, { test }, { reopen: open });
});

// where pgbouncer is not installed, the same without it
describe("the PostgreSQL store without prepared statements, through pgbouncer in transaction mode", () => {
  let pooler: Awaited<ReturnType<typeof startPgbouncer>> | undefined;
  beforeAll(async () => {
    if (hasPgbouncer) pooler = await startPgbouncer(server());
  });
  afterAll(() => pooler?.remove());

  const open = () =>
    postgresStore(`${pooler?.url ?? server().url}?pgbouncer=true`, { schema: "pooled", connections: 4 });
  const empty = async () => {
    await clear("pooled");
    return open();
  };
  testStore(empty, { test }, { reopen: open });
});
