import { resolve } from "node:path";
import { expect, test } from "vitest";
import { openStore } from "../src/index.ts";
import { tempFiles } from "./temp.ts";

const file = tempFiles();

test("openStore selects the store by its URL", async () => {
  expect(openStore("memory:").name).toBe("memory:");
  expect(openStore("sqlite:data/perdure.db").name).toBe("sqlite:data/perdure.db");
  const path = file();
  const store = openStore(`sqlite:${resolve(path)}`, { durability: "normal" });
  await store.open();
  expect(await store.listRuns({})).toEqual([]);
  await store.close();
});

test.each(["postgres://host/db", "postgresql://host/db", "redis://host", "rediss://host"])(
  "%s is rejected because the store is not implemented yet",
  (url) => {
    expect(() => openStore(url)).toThrow(expect.objectContaining({ code: "STORE_UNAVAILABLE" }));
  },
);

test.each([
  "",
  "perdure.db",
  "./perdure.db",
  "sqlite:",
  "sqlite: ",
  "sqlite::memory:",
  "sqlite://data.db",
  "sqlite:///data.db",
  "memory:x",
  "mysql://x",
  "SQLITE:x",
])("%j is rejected as an invalid store URL", (url) => {
  expect(() => openStore(url)).toThrow(expect.objectContaining({ code: "STORE_URL_INVALID" }));
});
