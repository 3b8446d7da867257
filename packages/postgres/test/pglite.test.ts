/** The store on PGlite: some of the conformance suite, or with `PERDURE_PGLITE=all` all of it. PGlite takes several times as long as a server. */
import { testStore } from "@perdure/store/conformance";
import { afterAll, beforeAll, describe, test } from "vitest";
import { startPglite } from "../../../test/postgres/pglite.ts";
import { postgresStore } from "../src/index.ts";
import { clearSchema } from "./databases.ts";

const SHARE = process.env["PERDURE_PGLITE"] === "all" ? 1 : 8;

describe("the PostgreSQL store on PGlite", () => {
  let server: Awaited<ReturnType<typeof startPglite>>;
  beforeAll(async () => {
    server = await startPglite();
  });
  afterAll(() => server.remove());

  const open = () => postgresStore(server.url, { connections: 4 });
  const empty = async () => {
    await clearSchema("perdure", server.query);
    return open();
  };
  let place = 0;
  testStore(empty, { test: (name, run) => test.skipIf(place++ % SHARE !== 0)(name, run) }, { reopen: open });
});
