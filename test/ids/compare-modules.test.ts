import { expect, test } from "vitest";
import type { ModuleInfo } from "../../packages/protocol/src/index.ts";
import { addedCalls, countCalls, countScopes } from "../../packages/runtime/src/history/compare-modules.ts";

const module = (file: string, given: Partial<ModuleInfo>): ModuleInfo => ({
  file,
  hash: file,
  imports: [],
  functions: [],
  loops: [],
  sites: [],
  ...given,
});

const before = [
  module("flow.ts", {
    functions: [{ kind: "workflow", name: "flow", at: [1, 1], recoverable: true }],
    loops: ["for"],
    sites: [
      ["ship", 3, 9],
      ["bill", 4, 9],
      ["sleep", 5, 9],
      ["ship", 6, 9],
    ],
  }),
  module("tasks.ts", {
    functions: [
      { kind: "task", name: "ship", at: [1, 1] },
      { kind: "task", name: "bill", at: [2, 1] },
    ],
  }),
];
const now = [
  module("flow.ts", {
    functions: [
      { kind: "workflow", name: "flow", at: [1, 1], recoverable: true },
      { kind: "helper", name: "handle", at: [9, 1] },
    ],
    loops: [],
    sites: [
      ["ship", 3, 9],
      ["handle", 4, 9],
      ["sleep", 6, 9],
      ["ship", 6, 9],
    ],
  }),
  module("tasks.ts", {
    functions: [
      { kind: "task", name: "ship", at: [1, 1] },
      { kind: "task", name: "charge", at: [2, 1] },
    ],
    sites: [
      ["charge", 7, 3],
      ["ship", 8, 3],
    ],
  }),
];

test("the added calls are those whose name only the newer modules have, with their kinds and locations", () => {
  expect(addedCalls(before, now)).toEqual([
    { name: "handle", kind: "helper", at: ["flow.ts:4:9"] },
    { name: "charge", kind: "task", at: ["tasks.ts:7:3"] },
  ]);
  expect(addedCalls(now, before)).toEqual([{ name: "bill", kind: "task", at: ["flow.ts:4:9"] }]);
});

test("a version adds no calls to itself", () => {
  expect(addedCalls(before, before)).toEqual([]);
});

test("calls and scopes are counted by name across all modules", () => {
  expect([countCalls(before, "ship"), countCalls(now, "ship"), countCalls(now, "bill")]).toEqual([2, 3, 0]);
  expect([countScopes(before, "for"), countScopes(now, "for"), countScopes(now, "handle")]).toEqual([1, 0, 1]);
});
