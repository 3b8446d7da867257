import { describe, test } from "vitest";
import { testStore } from "../src/conformance.ts";
import { memoryStore, sqliteStore } from "../src/index.ts";
import { tempFiles } from "./temp.ts";

describe("the in-memory store", () => testStore(memoryStore, { test }));

for (const durability of ["full", "normal"] as const) {
  describe(`the SQLite store with durability ${durability}`, () => {
    const file = tempFiles();
    testStore(
      () => sqliteStore(file(), { durability }),
      { test },
      { reopen: ({ name }) => sqliteStore(name.replace("sqlite:", ""), { durability }) },
    );
  });
}
