import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readPage, root } from "./page.ts";

const page = readPage("docs/guarantees.md");
const items = page.split("\n").filter((line) => line.startsWith("- "));

/** One sentence with a number, and the tests that try to break it. */
const form = /^- \*\*G(\d+)\*\* [^]*\. \((not tested here|`[\w./-]+\.test\.ts`(?:, `[\w./-]+\.test\.ts`)*)\)$/;

test("every sentence of docs/guarantees.md has a number and names a test, or says that there is none", () => {
  expect(items.length).toBeGreaterThan(0);
  expect(items.filter((item) => !form.test(item))).toEqual([]);
});

test("the numbers in docs/guarantees.md are consecutive", () => {
  const numbers = items.map((item) => Number(form.exec(item)?.[1]));
  expect(numbers).toEqual(items.map((_, index) => index + 1));
});

test("every sentence that docs/guarantees.md quotes exists", () => {
  const quoted = [...page.matchAll(/\bG(\d+)\b/g)].map(([, number]) => Number(number));
  expect(quoted.filter((number) => number > items.length)).toEqual([]);
});

test("every test that docs/guarantees.md names exists", () => {
  const files = items.flatMap((item) =>
    [...(form.exec(item)?.[2] ?? "").matchAll(/`([^`]+)`/g)].map(([, file = ""]) => file),
  );
  expect([...new Set(files)].filter((file) => !existsSync(join(root, file)))).toEqual([]);
});
