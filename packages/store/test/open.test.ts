import { resolve } from "node:path";
import { expect, test } from "vitest";
import { openStore } from "../src/index.ts";
import { lazyStore } from "../src/lazy-store.ts";
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

test.each(["redis://host", "rediss://host"])("%s is rejected because there is no such store", (url) => {
  expect(() => openStore(url)).toThrow(expect.objectContaining({ code: "STORE_UNAVAILABLE" }));
});

test.each(["postgres://app:secret@host/db", "postgresql://app:secret@host/db?schema=s"])(
  "%s is a store of another package, which is loaded when it is opened",
  async (url) => {
    const store = openStore(url);
    expect(store.name).toMatch(/^postgres(?:ql)?:\/\/app@host\/db$/u);
    expect(() => store.getRun("r")).toThrow(expect.objectContaining({ code: "STORE_CLOSED" }));
    await expect(Promise.resolve(store)).resolves.toBe(store);
    await store.close();
  },
);

test("a store whose package is not installed says what to install, once it is opened", async () => {
  const store = lazyStore("other://app:secret@host/db", {
    scheme: "other",
    name: "perdure-other",
    make: "otherStore",
    options: {},
  });
  await expect(store.open()).rejects.toMatchObject({
    code: "STORE_UNAVAILABLE",
    message: expect.stringContaining("npm install perdure-other") as string,
  });
});

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
  "postgres:",
  "postgres://a b",
  "SQLITE:x",
])("%j is rejected as an invalid store URL", (url) => {
  expect(() => openStore(url)).toThrow(expect.objectContaining({ code: "STORE_URL_INVALID" }));
});
