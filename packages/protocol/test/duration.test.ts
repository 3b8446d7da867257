import { expect, test } from "vitest";
import { parseDuration } from "../src/index.ts";

const second = 1000;
const day = 86_400 * second;

test.each([
  ["250ms", 250],
  ["60s", 60 * second],
  ["1 second", second],
  ["5m", 300 * second],
  ["2 hours", 7200 * second],
  ["3d", 3 * day],
  ["1w", 7 * day],
  ["1y", 365.25 * day],
  ["1.5s", 1500],
  [".5s", 500],
  ["10", 10],
  ["0", 0],
  [250, 250],
  [0, 0],
  [1.5, 1.5],
])("the duration %j is %d ms", (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

test.each([
  "",
  " ",
  "s",
  " 1s",
  "1s ",
  "1s 5ms",
  "1 fortnight",
  "-1s",
  "Infinity",
  "1e3",
  `${"9".repeat(100)}s`,
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  undefined,
  null,
  true,
  10n,
  new Date(0),
  [["1s"]],
])("%s is not a duration", (value) => {
  expect(parseDuration(value)).toBeUndefined();
});
