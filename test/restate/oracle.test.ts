import { expect, test } from "vitest";
import { problemsOf } from "./oracle.ts";
import type { Effect } from "./world.ts";

const effect = (name: string, ...seen: string[]): Effect => ({ run: "r", name, attempt: 1, seen });

test("the oracle finds what was done again, received in another order, done too often, or never done", () => {
  const seen = ["a", "b"];
  expect(problemsOf({ seen }, [effect("a"), effect("a"), effect("b", "a")], 1)).toEqual([]);
  expect(problemsOf({ seen }, [effect("a"), effect("b", "a"), effect("a")], 1)).toEqual([
    "a was done again after its completion",
  ]);
  expect(problemsOf({ seen }, [effect("b"), effect("a"), effect("c", "b")], 0)).toEqual([
    "c was called after b, but the order is a b",
  ]);
  expect(problemsOf({ seen }, [effect("a"), effect("a"), effect("b", "a")], 0)).toEqual([
    "a#1 was done 2 times with 0 deaths",
  ]);
  expect(problemsOf({ seen }, [effect("a")], 0)).toEqual(["b was never done"]);
});
