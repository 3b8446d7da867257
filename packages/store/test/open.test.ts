import { resolve } from "node:path";
import { expect, test } from "vitest";
import { openStore } from "../src/index.ts";
import { tempFiles } from "./temp.ts";

const file = tempFiles();

test("a URL names a store", async () => {
  expect(openStore("memory:").name).toBe("memory:");
  expect(openStore("sqlite:data/perdure.db").name).toBe("sqlite:data/perdure.db");
  const path = file();
  const store = openStore(`sqlite:${resolve(path)}`, { durability: "normal" });
  await store.open();
  expect(await store.listRuns({})).toEqual([]);
  await store.close();
});

test.each(["postgres://host/db", "postgresql://host/db", "redis://host", "rediss://host"])(
  "%s is not there yet",
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
])("%j is not a store", (url) => {
  expect(() => openStore(url)).toThrow(expect.objectContaining({ code: "STORE_URL_INVALID" }));
});
